"""A store whose clock a test sets, and the values that its tests are made of."""

from collections.abc import Sequence
from datetime import timedelta

from heartbeat.asked import Window
from heartbeat.config import HeartbeatConfig, Timing, unique_id
from heartbeat.store.server import Argument, Server

#: Where the clocks of these tests begin: 15 January 2027, 08:00 UTC.
START_MS = 1_800_000_000_000
MINUTE_MS = 60_000

OWNER = "ann"


class ClockedServer(Server):
    """A server that stands still until a test moves its clock."""

    clock_ms = START_MS

    def now_ms(self) -> int:
        return self.clock_ms

    def run(
        self, script: str, *arguments: Argument, keys: tuple[str, ...] = ()
    ) -> object:
        if arguments and arguments[0] == "":
            arguments = (str(self.clock_ms), *arguments[1:])
        return super().run(script, *arguments, keys=keys)

    def pass_time(self, *, minutes: float = 0, seconds: float = 0) -> None:
        step = timedelta(minutes=minutes, seconds=seconds)
        self.clock_ms += step // timedelta(milliseconds=1)


def a_config(
    schedule_id: str = "disk",
    *,
    owner: str = OWNER,
    every: float = 60,
    cron: str | None = None,
    hours: Sequence[tuple[str, str]] = (),
    enabled: bool = True,
    run_on: str | None = None,
    name: str | None = None,
) -> HeartbeatConfig:
    """Return a heartbeat on the clock's grid: `every` 60 is due at each full hour."""
    return HeartbeatConfig(
        owner=owner,
        schedule_id=schedule_id,
        name=name or schedule_id,
        path=f"{schedule_id}.md",
        timing=Timing(
            heartbeat_id=unique_id(owner, schedule_id),
            interval_ms=None if cron else round(every * MINUTE_MS),
            cron=cron,
            timezone="UTC",
            hours=tuple(Window(start=start, end=end) for start, end in hours),
            align="clock",
        ),
        enabled=enabled,
        run_on=run_on,
        sources={},
        asked={},
    )


def tell_owner(server: Server, owner: str, *payloads: str) -> None:
    """Append messages to an owner's feed, the way a change of a book does."""
    uid = unique_id(owner, "told")
    server.ask(lambda client: client.hset(f"{{hb}}:heartbeat:{uid}", "owner", owner))
    revision = server.ask(lambda client: client.hget(f"{{hb}}:book:{uid}", "revision"))
    assert (
        server.run("change_book", "", uid, int(revision or 0), "{}", *payloads) == "ok"
    )
