"""A checklist of the current folder, as a gateway on this machine knows it.

A gateway reads paths below its root, of an owner other than `local` below that owner's
folder there; at a shell a path begins where one stands.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from heartbeat.cli.context import Context
from heartbeat.owners import LOCAL_OWNER, root_of

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def below_root(context: Context, path: str, owner: str) -> str | None:
    """Return the path below the owner's root of a file of this folder, if known.

    A link counts as it is written: whether it leads out is for who reads it to say.
    """
    root = root_for(context, owner)
    return None if root is None else next(_below(context, path, root), None)


def spellings(context: Context, path: str, owner: str) -> Sequence[str]:
    """Return the paths under which a gateway may know a file of this folder.

    Links count as they are written and as they lead; text that was sent inline bears
    the name that was typed. Where the root is not known, it is what it would be here.
    """
    root = _root(context) or Path(context.folder, context.settings.root)
    return tuple(dict.fromkeys([*_below(context, path, root_of(owner, root)), path]))


def both_places(context: Context, path: str, owner: str) -> str:
    """Say where the gateway looked, and where the file of this folder is."""
    root = root_for(context, owner)
    its_own = "its own root"
    if owner != LOCAL_OWNER:
        its_own = f"the folder {owner!r} of {its_own}"
    looked = its_own if root is None else f"its root {str(root)!r}"
    return (
        f"the gateway looked below {looked}, and not at"
        f" {str(Path(context.folder, path))!r}: move it below that, or send its"
        " text with --inline"
    )


def root_for(context: Context, owner: str) -> Path | None:
    """Return the folder of an owner's checklists, where this machine can know it."""
    root = _root(context)
    return None if root is None else root_of(owner, root)


def _below(context: Context, path: str, root: Path) -> Iterator[str]:
    file = Path(os.path.normpath(Path(context.folder, path).absolute()))
    places = (
        (file, Path(os.path.normpath(root.absolute()))),
        (file, root.resolve()),
        (file.resolve(), root.resolve()),
    )
    for one, folder in places:
        if one.is_relative_to(folder):
            yield one.relative_to(folder).as_posix()


def _root(context: Context) -> Path | None:
    """Return the root of the gateway that is asked, where this machine can know it."""
    if urlsplit(context.url).hostname not in _LOOPBACK:
        return None
    if context.here is not None and context.here.url == context.url:
        return None if context.here.root is None else Path(context.here.root)
    if "root" in context.settings.model_fields_set:
        return Path(context.folder, context.settings.root)
    return None
