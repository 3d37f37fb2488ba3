"""A checklist file of this machine as the fleet would understand it."""

from dataclasses import dataclass
from pathlib import Path

from heartbeat.asked import Asked
from heartbeat.cadence import Cadence
from heartbeat.checklist import Checklist, parse_checklist
from heartbeat.checklist_file import read_checklist
from heartbeat.cli.context import Context
from heartbeat.config import HeartbeatConfig, default_schedule_id
from heartbeat.containment import would_be
from heartbeat.item_checks import check_items
from heartbeat.owners import LOCAL_OWNER
from heartbeat.resolve import Bounds, Identity, resolve


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadChecklist:
    """A file's checklist with the config that it alone would give.

    `path` is the file as it was asked for.
    """

    path: str
    checklist: Checklist
    config: HeartbeatConfig
    warnings: tuple[str, ...]

    @property
    def cadence(self) -> Cadence:
        """Return when it would run."""
        return self.config.timing.cadence()


def read(context: Context, file: str) -> ReadChecklist:
    """Read, parse and resolve a file; raises the HeartbeatError that configure would.

    The id, and with it the phase, is the one that the local gateway gives a file
    below ROOT; elsewhere it is that of the file's name.
    """
    path = Path(context.folder, file)
    # What a link leads to is read as `run` reads it; what of it the fleet would refuse
    # is a warning, where its root is known.
    real = would_be(path) if path.is_symlink() else path
    found = read_checklist(real.name or file, root=real.parent)
    checklist = parse_checklist(found.text_bytes)
    relative = _below_root(path, Path(context.folder, context.settings.root))
    resolved = resolve(
        Asked(heartbeat_path=relative),
        checklist.front_matter,
        identity=Identity(
            owner=LOCAL_OWNER,
            schedule_id=default_schedule_id(LOCAL_OWNER, relative),
            path=relative,
        ),
        bounds=Bounds(
            timezone=context.settings.timezone,
            min_interval=context.settings.min_interval,
            custom_base_url=context.settings.anthropic_base_url is not None,
        ),
        now=context.now,
    )
    of_items = check_items(
        checklist,
        resolved.config,
        today=context.now.date(),
        custom_base_url=context.settings.anthropic_base_url is not None,
    )
    return ReadChecklist(
        path=file,
        checklist=checklist,
        config=resolved.config,
        warnings=(*resolved.warnings, *of_items),
    )


def _below_root(path: Path, root: Path) -> str:
    try:
        return path.resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return path.name
