"""Beat against RedBeat: both as real processes on one server, watched at the queue."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import redis

from bench import rival_beat
from bench.figures import Figure
from bench.heartbeats import configure, make_dispatcher
from heartbeat.jobs import BROKER_PREFIX, QUEUE
from heartbeat.store.server import Server
from tests.acceptance.processes import RunningProcess, running_fleet
from tests.conftest import running_server

SLOTS = 10_000
#: What RedBeat puts out in about three seconds.
REDBEAT_SLOTS = 2_000
#: Time to configure everything before it is due, in seconds.
LEAD_SECONDS = 25
IDLE_PASSES = 300
#: Pause between two looks at a queue, in seconds: the resolution of lateness.
LOOK_SECONDS = 0.005
PATIENCE_SECONDS = 60.0

GOAL_RATIO, GOAL_LATENESS, GOAL_IDLE_MS = 10.0, 1.5, 1.0


@dataclass(frozen=True, slots=True)
class Filling:
    """How a queue filled: pairs of an instant and the length seen then."""

    looks: list[tuple[float, int]]

    def at(self, percent: float) -> float:
        """Return the instant at which this share of all was there."""
        wanted = self.looks[-1][1] * percent / 100
        return next(instant for instant, length in self.looks if length >= wanted)

    @property
    def per_second(self) -> float:
        """Return the rate from the last look at which it was empty to the last."""
        empty = [instant for instant, length in self.looks if length == 0]
        return self.looks[-1][1] / (self.at(100) - empty[-1])


def measure(folder: Path) -> Iterator[Figure]:
    """Dispatch the same way on one server, one after the other."""
    with running_server(folder, "--save", "") as server:
        ours, due, idle = _ours(server.url, folder)
        theirs, their_idle = _redbeat(server.url, folder)
    ratio = ours.per_second / theirs.per_second
    yield Figure(
        what=f"dispatch: {SLOTS:,} interval slots due at once",
        here=f"{ours.per_second:,.0f}/s",
        rival=f"RedBeat {theirs.per_second:,.0f}/s",
        ratio=ratio,
        goal=f">= {GOAL_RATIO:g}x",
        is_met=ratio >= GOAL_RATIO,
    )
    for percent in (50, 99):
        late = ours.at(percent) - due
        their_late = SLOTS * percent / 100 / theirs.per_second
        yield Figure(
            what=f"dispatch: lateness p{percent} of {SLOTS:,}",
            here=f"{late:.2f} s",
            rival=f"RedBeat {their_late:.2f} s (at its rate)",
            ratio=their_late / late,
            goal=f"< {GOAL_LATENESS:g} s" if percent == 99 else "-",
            is_met=late < GOAL_LATENESS if percent == 99 else None,
        )
    yield Figure(
        what=f"dispatch: idle pass over {SLOTS:,} heartbeats",
        here=f"{idle:.2f} ms",
        rival=f"RedBeat {their_idle:.2f} ms",
        ratio=their_idle / idle,
        goal=f"< {GOAL_IDLE_MS:g} ms",
        is_met=idle < GOAL_IDLE_MS,
    )


def _ours(url: str, folder: Path) -> tuple[Filling, float, float]:
    """Return how the queue filled, when all were due, and an idle pass in ms."""
    server = Server.connect(url, name="bench")
    due_ms, interval_ms = _common_slot(server.now_ms() + LEAD_SECONDS * 1000)
    configure(
        server, SLOTS, content="- [ ] x\n", interval=interval_ms / 60_000, align="clock"
    )
    dispatcher = make_dispatcher(server, url)
    idle = _milliseconds(dispatcher.run_pass)
    assert server.now_ms() < due_ms, "configuring took longer than LEAD_SECONDS"
    with running_fleet(url, folder) as fleet:
        filling = _watch(url, BROKER_PREFIX + QUEUE, SLOTS, fleet.beat())
    server.close()
    return filling, due_ms / 1000, idle


def _redbeat(url: str, folder: Path) -> tuple[Filling, float]:
    with redis.Redis.from_url(url) as client:
        client.flushall()
    environ = {rival_beat.URL: url}
    rival_beat.fill(url, REDBEAT_SLOTS)
    with running_fleet(url, folder) as fleet:
        beat = fleet.start("redbeat", rival_beat.__file__, **environ)
        filling = _watch(url, BROKER_PREFIX + QUEUE, REDBEAT_SLOTS, beat)
    return filling, _milliseconds(rival_beat.idle_tick(url))


def _common_slot(after_ms: int) -> tuple[int, int]:
    """Return an instant and an interval of minutes that has a slot at it."""
    due_ms = after_ms
    while True:
        for interval_ms in range(300_000, 600_000):
            if due_ms % interval_ms == 0:
                return due_ms, interval_ms
        due_ms += 1


def _watch(url: str, queue: str, wanted: int, beat: RunningProcess) -> Filling:
    looks: list[tuple[float, int]] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    with redis.Redis.from_url(url) as client:
        while not looks or looks[-1][1] < wanted:
            assert beat.is_running, beat.output
            assert time.monotonic() < deadline, f"{looks[-1:]}\n{beat.output}"
            looks.append((time.time(), int(client.llen(queue))))
            time.sleep(LOOK_SECONDS)
    return Filling(looks)


def _milliseconds(call: Callable[[], object]) -> float:
    call()
    began = time.perf_counter()
    for _ in range(IDLE_PASSES):
        call()
    return (time.perf_counter() - began) / IDLE_PASSES * 1000
