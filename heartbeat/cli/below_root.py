"""A checklist of the current folder, as a gateway on this machine knows it.

A gateway reads paths below its root; at a shell a path begins where one stands.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from heartbeat.cli.context import Context
from heartbeat.owners import root_of

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def below_root(context: Context, path: str) -> str | None:
    """Return the path below the root of a file of this folder; None if not known."""
    root = _root(context)
    if root is None:
        return None
    try:
        found = Path(context.folder, path).resolve().relative_to(root.resolve())
    except ValueError:
        return None
    return found.as_posix()


def spellings(context: Context, path: str, owner: str) -> Sequence[str]:
    """Return the paths under which a gateway may know a file of this folder.

    Links count as they are written and as they lead; text that was sent inline bears
    the name that was typed. Where the root is not known, it is what it would be here.
    """
    found = _root(context) or Path(context.folder, context.settings.root)
    root = root_of(owner, found)
    file = Path(os.path.normpath(Path(context.folder, path).absolute()))
    places = (
        (file, Path(os.path.normpath(root.absolute()))),
        (file, root.resolve()),
        (file.resolve(), root.resolve()),
    )
    below = [
        one.relative_to(folder).as_posix()
        for one, folder in places
        if one.is_relative_to(folder)
    ]
    return tuple(dict.fromkeys([*below, path]))


def both_places(context: Context, path: str) -> str:
    """Say where the gateway looked, and where the file of this folder is."""
    root = _root(context)
    looked = "its own root" if root is None else f"its root {str(root)!r}"
    return (
        f"the gateway looked below {looked}, and not at"
        f" {str(Path(context.folder, path))!r}: move it below the root, or send its"
        " text with --inline"
    )


def _root(context: Context) -> Path | None:
    """Return the root of the gateway that is asked, where this machine can know it."""
    if urlsplit(context.url).hostname not in _LOOPBACK:
        return None
    if context.here is not None and context.here.url == context.url:
        return None if context.here.root is None else Path(context.here.root)
    if "root" in context.settings.model_fields_set:
        return Path(context.folder, context.settings.root)
    return None
