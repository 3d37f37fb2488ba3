"""What a process works with: made once, reported, and closed."""

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from heartbeat.errors import StoreUnavailable
from heartbeat.jobs import QUEUE
from heartbeat.store.processes import Processes
from heartbeat.store.server import Server
from tests.unit.worker.runs import a_config, a_runner, an_execution, open_slot
from worker.loop import EventLoopThread
from worker.runtime import OncePerProcess, Runtime


async def nothing_to_close() -> None:
    pass


def a_runtime(server: Server) -> Runtime:
    loop = EventLoopThread(threads=4)
    return Runtime(
        loop=loop,
        execution=an_execution(server, a_runner(), submit=loop.submit),
        processes=Processes(server),
        host="host-1",
        end=nothing_to_close,
    )


@pytest.fixture
def runtime(server: Server) -> Iterator[Runtime]:
    made = a_runtime(server)
    yield made
    made.close()


def test_threads_run_slots_and_wait_for_their_end(
    runtime: Runtime, server: Server
) -> None:
    run_id = open_slot(server, a_config())
    assert runtime.run("local:hb-1", run_id, queue=QUEUE) == "ok (1 ok)"


def test_after_the_grace_time_slots_are_handed_back(
    runtime: Runtime, server: Server
) -> None:
    run_id = open_slot(server, a_config())
    runtime.hand_back_after(0)
    assert runtime.run("local:hb-1", run_id, queue=QUEUE) == "handed back"


def seen(server: Server) -> list[tuple[int, tuple[str, ...]]]:
    return [(one.pid, one.queues) for one in Processes(server).seen()]


def test_a_worker_says_that_it_is_there_and_that_it_leaves(server: Server) -> None:
    runtime = a_runtime(server)
    reported = threading.Event()

    class Reported(Processes):
        def report(self, *arguments: object, **facts: object) -> None:
            super().report(*arguments, **facts)  # type: ignore[arg-type]  # passed on
            reported.set()

    object.__setattr__(runtime, "processes", Reported(server))
    runtime.report_forever(("heartbeat.gpu",))
    assert reported.wait(5)
    assert seen(server) == [(os.getpid(), ("heartbeat.gpu",))]
    runtime.close()
    assert seen(server) == []


def test_a_report_that_fails_is_logged_and_made_again(
    runtime: Runtime,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("worker.runtime.REPORT_SECONDS", 0.01)
    failures = iter([StoreUnavailable("away"), ZeroDivisionError("a bug")])
    reported = threading.Event()

    class Failing(Processes):
        def report(self, *_: object, **__: object) -> None:
            for failure in failures:
                raise failure
            reported.set()

    object.__setattr__(runtime, "processes", Failing(server))
    runtime.report_forever(())
    assert reported.wait(5)
    assert [record.message for record in caplog.records] == ["reporting failed"]
    assert "a bug" in caplog.text


def test_it_is_made_once_however_many_threads_ask(server: Server) -> None:
    made: list[Runtime] = []

    def make() -> Runtime:
        made.append(a_runtime(server))
        return made[0]

    runtime = OncePerProcess(make)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: runtime(), range(32)))
    assert len(made) == 1
    assert all(answer is made[0] for answer in answers)
    made[0].close()


def test_nothing_is_made_by_asking_whether_it_is(runtime: Runtime) -> None:
    assert OncePerProcess(lambda: runtime).made is None
