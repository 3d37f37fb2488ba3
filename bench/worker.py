"""One worker process with many model calls at once, against one that only sleeps."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import redis

from bench import sleeper
from bench.figures import Figure, cpu_seconds
from bench.heartbeats import OWNER, configure, make_dispatcher
from heartbeat.store.server import Server
from heartbeat.store.slots import Slots
from heartbeat.store.statistics import Statistics
from tests import messages_api
from tests.acceptance.processes import Fleet, RunningProcess, running_fleet
from tests.conftest import running_server

ROOT = Path(__file__).parents[1]
CALLS = 1_200
#: First calls make connections and threads; they are not measured.
WARM_UP = sleeper.THREADS
#: Minutes: no slot of the grid comes between those that are asked for.
A_YEAR = 525_600
LOOK_SECONDS = 0.02
PATIENCE_SECONDS = 90.0
SETTINGS = {
    "HEARTBEAT_WORKER_THREADS": str(sleeper.THREADS),
    "HEARTBEAT_MAX_TOKENS_PER_DAY": "1000000000",
    # One call for each run, as the other sleeps once for each task.
    "HEARTBEAT_COMPILE_ITEMS": "0",
}

GOAL_PER_SECOND, GOAL_MEGABYTES, GOAL_CPU_MS = 150.0, 200.0, 4.5


@dataclass(frozen=True, slots=True)
class Calls:
    """A number of calls that are ready to be sent, and are done at some time."""

    send: Callable[[], None]
    are_done: Callable[[], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """What a worker did in a round, and what it took."""

    per_second: float
    cpu_ms: float
    megabytes: float


def measure(folder: Path) -> Iterator[Figure]:
    """Give both workers the same number of one-second calls."""
    with (
        running_server(folder) as server,
        running_fleet(server.url, folder) as fleet,
    ):
        ours = _ours(server.url, fleet)
        floor = _sleeping(server.url, fleet)
    yield Figure(
        what=f"worker: one-second model calls, {sleeper.THREADS} at once",
        here=f"{ours.per_second:.0f}/s",
        rival=f"sleeping {floor.per_second:.0f}/s",
        ratio=ours.per_second / floor.per_second,
        goal=f">= {GOAL_PER_SECOND:g}/s",
        is_met=ours.per_second >= GOAL_PER_SECOND,
    )
    yield Figure(
        what="worker: CPU a call",
        here=f"{ours.cpu_ms:.2f} ms",
        rival=f"sleeping {floor.cpu_ms:.2f} ms",
        ratio=ours.cpu_ms / floor.cpu_ms,
        goal=f"<= {GOAL_CPU_MS:g} ms",
        is_met=ours.cpu_ms <= GOAL_CPU_MS,
    )
    yield Figure(
        what="worker: memory",
        here=f"{ours.megabytes:.0f} MB",
        rival=f"sleeping {floor.megabytes:.0f} MB",
        ratio=ours.megabytes / floor.megabytes,
        goal=f"< {GOAL_MEGABYTES:g} MB",
        is_met=ours.megabytes < GOAL_MEGABYTES,
    )


def _ours(url: str, fleet: Fleet) -> Effort:
    server = Server.connect(url, name="bench")
    ids = configure(server, CALLS, content="- [ ] All is well\n", interval=A_YEAR)
    slots, dispatcher = Slots(server), make_dispatcher(server, url)
    worker = fleet.worker(ANTHROPIC_BASE_URL=_start_model(fleet), **SETTINGS)

    def dispatch() -> None:
        while dispatcher.run_pass().taken:
            pass

    def prepare(count: int) -> Calls:
        for schedule_id in ids[:count]:
            slots.request_run(OWNER, schedule_id)
        return Calls(dispatch, lambda: Statistics(server).lag().open == 0)

    effort = _after_warm_up(worker, prepare)
    counters = Statistics(server).read()
    assert counters["begun"] == CALLS + WARM_UP, counters
    worker.kill()
    server.close()
    return effort


def _sleeping(url: str, fleet: Fleet) -> Effort:
    environ = {sleeper.URL: url, "PYTHONPATH": str(ROOT)}
    words = ("-m", "celery", "-A", "bench.sleeper", "worker", "-n", "sleeper@%h")
    worker = fleet.start("sleeper", *words, **environ)
    app = sleeper.make_app(url)

    def prepare(count: int) -> Calls:
        client = redis.Redis.from_url(url)
        client.delete(sleeper.DONE)

        def send() -> None:
            with app.producer_or_acquire() as producer:
                for _ in range(count):
                    app.send_task("sleep", producer=producer)

        return Calls(send, lambda: int(client.get(sleeper.DONE) or 0) >= count)

    effort = _after_warm_up(worker, prepare)
    worker.kill()
    return effort


def _after_warm_up(worker: RunningProcess, prepare: Callable[[int], Calls]) -> Effort:
    _do(worker, prepare(WARM_UP))
    calls = prepare(CALLS)
    process = psutil.Process(worker.pid)
    before = cpu_seconds(process)
    began = time.monotonic()
    _do(worker, calls)
    seconds = time.monotonic() - began
    return Effort(
        per_second=CALLS / seconds,
        cpu_ms=(cpu_seconds(process) - before) / CALLS * 1000,
        megabytes=process.memory_info().rss / 1e6,
    )


def _do(worker: RunningProcess, calls: Calls) -> None:
    calls.send()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not calls.are_done():
        assert worker.is_running, worker.output
        assert time.monotonic() < deadline, worker.output
        time.sleep(LOOK_SECONDS)


def _start_model(fleet: Fleet) -> str:
    """Start a model that answers each call after a second."""
    words = ("--behaviour", "alarm", "--delay", str(sleeper.SECONDS))
    process = fleet.start("model", messages_api.__file__, *words)
    port = process.until(lambda: process.output.strip(), "the model's port")
    return f"http://127.0.0.1:{port}"
