"""Values that tests need, each with what matters to the test as an argument."""

from datetime import UTC, datetime, timedelta

from heartbeat.asked import Asked
from heartbeat.config import HeartbeatConfig
from heartbeat.front_matter import FrontMatter
from heartbeat.resolve import Bounds, Identity, resolve

#: A Tuesday, in no zone's DST edge.
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)

#: A checklist of one item that holds everywhere.
CHECKLIST = "- [ ] Memory\n  - probe: memory used_percent <= 100%\n"


def a_config(
    schedule_id: str = "hb-1",
    *,
    owner: str = "local",
    every: timedelta = timedelta(minutes=1),
    now: datetime = NOON,
    **asked: object,
) -> HeartbeatConfig:
    """Build a config as `heartbeat.configure` would."""
    fields = {"interval": every.total_seconds() / 60, "content": CHECKLIST, **asked}
    if "cron_expression" in asked:
        del fields["interval"]
    path = f"{schedule_id}.md"
    return resolve(
        Asked.model_validate({"heartbeat_path": path, **fields}),
        FrontMatter(),
        identity=Identity(owner=owner, schedule_id=schedule_id, path=path),
        bounds=Bounds(min_interval=timedelta(milliseconds=1)),
        now=now,
    ).config
