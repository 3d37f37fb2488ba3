"""Beat against RedBeat: both as real processes on one server, watched at the queue."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import redis

from bench import rival_beat
from bench.figures import Figure, cpu_seconds
from bench.heartbeats import configure, make_dispatcher
from heartbeat.jobs import BROKER_PREFIX, QUEUE
from heartbeat.store.server import Server
from tests.acceptance.processes import RunningProcess, running_fleet
from tests.conftest import RunningServer, running_server

SLOTS = 10_000
#: What RedBeat puts out in about three seconds.
REDBEAT_SLOTS = 2_000
#: Time to configure everything before it is due, in seconds.
LEAD_SECONDS = 25
IDLE_PASSES = 300
#: Rounds of each in turns, so that other work on the machine meets both.
ROUNDS = 2
#: Pause between two looks at a queue, in seconds: the resolution of lateness.
LOOK_SECONDS = 0.005
PATIENCE_SECONDS = 60.0

GOAL_RATIO, GOAL_LATENESS, GOAL_IDLE_MS = 10.0, 1.5, 1.0


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen at one instant; `cpu` is that of beat and server, in seconds."""

    at: float
    length: int
    cpu: float


@dataclass(frozen=True, slots=True)
class Filling:
    """How a queue filled, from the last look at which it was empty."""

    looks: list[Look]
    due: float

    def at(self, percent: float) -> float:
        """Return the instant at which this share of all was there."""
        wanted = self.looks[-1].length * percent / 100
        return next(look.at for look in self.looks if look.length >= wanted)

    @property
    def per_second(self) -> float:
        """Return the rate over all."""
        return self.looks[-1].length / (self.looks[-1].at - self.looks[0].at)

    @property
    def cpu_ms(self) -> float:
        """Return the CPU a slot took: a busy machine changes it less than the rate."""
        first, last = self.looks[0], self.looks[-1]
        return (last.cpu - first.cpu) / last.length * 1000


@dataclass(frozen=True, slots=True)
class Round:
    """What one beat did: how it filled the queue, and an idle pass in ms."""

    filling: Filling
    idle_ms: float


def measure(folder: Path) -> Iterator[Figure]:
    """Dispatch the same way on one server, in turns; the better round counts."""
    ours, theirs = [], []
    with running_server(folder) as server:
        for _ in range(ROUNDS):
            theirs.append(_redbeat(server, folder))
            ours.append(_ours(server, folder))
    yield from _rates(_fastest(ours), _fastest(theirs))
    idle, their_idle = (min(one.idle_ms for one in each) for each in (ours, theirs))
    yield Figure(
        what=f"dispatch: idle pass over {SLOTS:,} heartbeats",
        here=f"{idle:.2f} ms",
        rival=f"RedBeat {their_idle:.2f} ms",
        ratio=their_idle / idle,
        goal=f"< {GOAL_IDLE_MS:g} ms",
        is_met=idle < GOAL_IDLE_MS,
    )


def _fastest(rounds: list[Round]) -> Filling:
    return max((one.filling for one in rounds), key=lambda one: one.per_second)


def _rates(ours: Filling, theirs: Filling) -> Iterator[Figure]:
    ratio = ours.per_second / theirs.per_second
    yield Figure(
        what=f"dispatch: {SLOTS:,} interval slots due at once",
        here=f"{ours.per_second:,.0f}/s",
        rival=f"RedBeat {theirs.per_second:,.0f}/s",
        ratio=ratio,
        goal=f">= {GOAL_RATIO:g}x",
        is_met=ratio >= GOAL_RATIO,
    )
    yield Figure(
        what="dispatch: CPU a slot, beat and server",
        here=f"{ours.cpu_ms:.3f} ms",
        rival=f"RedBeat {theirs.cpu_ms:.3f} ms",
        ratio=theirs.cpu_ms / ours.cpu_ms,
    )
    for percent in (50, 99):
        late = ours.at(percent) - ours.due
        their_late = SLOTS * percent / 100 / theirs.per_second
        yield Figure(
            what=f"dispatch: lateness p{percent} of {SLOTS:,}",
            here=f"{late:.2f} s",
            rival=f"RedBeat {their_late:.2f} s (at its rate)",
            ratio=their_late / late,
            goal=f"< {GOAL_LATENESS:g} s" if percent == 99 else "-",
            is_met=late < GOAL_LATENESS if percent == 99 else None,
        )


def _ours(running: RunningServer, folder: Path) -> Round:
    url = _emptied(running)
    server = Server.connect(url, name="bench")
    due_ms, interval_ms = _common_slot(server.now_ms() + LEAD_SECONDS * 1000)
    configure(
        server, SLOTS, content="- [ ] x\n", interval=interval_ms / 60_000, align="clock"
    )
    dispatcher = make_dispatcher(server, url)
    idle = _milliseconds(dispatcher.run_pass)
    assert server.now_ms() < due_ms, "configuring took longer than LEAD_SECONDS"
    with running_fleet(url, folder) as fleet:
        filling = _watch(running, fleet.beat(), SLOTS, due=due_ms / 1000)
    server.close()
    return Round(filling, idle)


def _redbeat(running: RunningServer, folder: Path) -> Round:
    url = _emptied(running)
    environ = {rival_beat.URL: url}
    rival_beat.fill(url, REDBEAT_SLOTS)
    with running_fleet(url, folder) as fleet:
        beat = fleet.start("redbeat", rival_beat.__file__, **environ)
        filling = _watch(running, beat, REDBEAT_SLOTS, due=time.time())
    return Round(filling, _milliseconds(rival_beat.idle_tick(url)))


def _common_slot(after_ms: int) -> tuple[int, int]:
    """Return an instant and an interval of minutes that has a slot at it."""
    due_ms = after_ms
    while True:
        for interval_ms in range(300_000, 600_000):
            if due_ms % interval_ms == 0:
                return due_ms, interval_ms
        due_ms += 1


def _watch(
    running: RunningServer, beat: RunningProcess, wanted: int, *, due: float
) -> Filling:
    """Look at the queue until all is there."""
    looks: list[Look] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    workers = [psutil.Process(beat.pid), psutil.Process(running.pid)]
    with redis.Redis.from_url(running.url) as client:
        while not looks or looks[-1].length < wanted:
            assert beat.is_running, beat.output
            assert time.monotonic() < deadline, f"{looks[-1:]}\n{beat.output}"
            length = int(client.llen(BROKER_PREFIX + QUEUE))
            look = Look(time.time(), length, sum(map(cpu_seconds, workers)))
            looks = [*looks, look] if length else [look]
            time.sleep(LOOK_SECONDS)
    return Filling(looks, due)


def _emptied(running: RunningServer) -> str:
    with redis.Redis.from_url(running.url) as client:
        client.flushall()
    return running.url


def _milliseconds(call: Callable[[], object]) -> float:
    call()
    began = time.perf_counter()
    for _ in range(IDLE_PASSES):
        call()
    return (time.perf_counter() - began) / IDLE_PASSES * 1000
