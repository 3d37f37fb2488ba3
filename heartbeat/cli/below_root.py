"""A checklist of the current folder, as a gateway on this machine knows it.

A gateway reads paths below its root; at a shell a path begins where one stands.
"""

from pathlib import Path
from urllib.parse import urlsplit

from heartbeat.cli.context import Context

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
