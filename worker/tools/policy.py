"""What one heartbeat's tools may reach."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolPolicy:
    """What the tools of one heartbeat may read and connect to.

    `root` is the owner's folder and `base` the checklist's, where relative paths
    start. Entries of `private_hosts` and `model_hosts` are `host` (any port) or
    `host:port`. Private addresses are for the local owner, and for others where
    listed in `private_hosts`. A call that a model chose may go to `model_hosts` only,
    and to what is listed. `commands` are the operator's, each a program with all its
    arguments.
    """

    owner: str
    root: Path
    base: Path
    read_paths: tuple[Path, ...] = ()
    private_hosts: tuple[str, ...] = ()
    model_hosts: frozenset[str] = frozenset()
    commands: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_local: bool = False
