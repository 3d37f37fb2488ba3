"""The repairs of Celery's consumer, on a hub of its own."""

import os
import select
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from celery import signals
from celery.worker.consumer import Consumer

from worker.consumer import (
    EVENTS_SECONDS,
    EventsInBatches,
    RefillAtOnce,
    SteadyConsumer,
)


@dataclass
class FakeTimer:
    is_cancelled: bool = False

    def cancel(self) -> None:
        self.is_cancelled = True


@dataclass
class FakeHub:
    """Keeps what is registered with it."""

    readers: dict[int, Callable[[], None]] = field(default_factory=dict)
    repeated: list[tuple[float, Callable[[], None], FakeTimer]] = field(
        default_factory=list
    )

    def add_reader(self, descriptor: int, callback: Callable[[], None]) -> None:
        self.readers[descriptor] = callback

    def remove(self, descriptor: int) -> None:
        del self.readers[descriptor]

    def call_repeatedly(
        self, seconds: float, callback: Callable[[], None]
    ) -> FakeTimer:
        timer = FakeTimer()
        self.repeated.append((seconds, callback, timer))
        return timer


class FakeDispatcher:
    def flush(self) -> None:
        pass


@dataclass
class FakeConsumer:
    hub: FakeHub | None = field(default_factory=FakeHub)
    event_dispatcher: FakeDispatcher = field(default_factory=FakeDispatcher)


@pytest.fixture
def consumer() -> FakeConsumer:
    return FakeConsumer()


@pytest.fixture
def refill(consumer: FakeConsumer) -> Iterator[RefillAtOnce]:
    step = RefillAtOnce(consumer)
    yield step
    signals.task_postrun.disconnect(dispatch_uid="heartbeat-refill")
    os.close(step._reader)
    os.close(step._writer)


def is_readable(descriptor: int) -> bool:
    return bool(select.select([descriptor], [], [], 0)[0])


def test_a_run_that_ends_wakes_the_hub(
    consumer: FakeConsumer, refill: RefillAtOnce
) -> None:
    refill.start(consumer)
    assert consumer.hub is not None
    ((reader, drain),) = consumer.hub.readers.items()
    assert not is_readable(reader)
    signals.task_postrun.send(sender=None)
    assert is_readable(reader)
    drain()
    assert not is_readable(reader)


def test_a_pipe_that_is_full_holds_up_no_run(
    consumer: FakeConsumer, refill: RefillAtOnce
) -> None:
    refill.start(consumer)
    for _ in range(70_000):
        refill._poke()


def test_a_run_that_ends_during_a_reconnect_harms_nothing(
    consumer: FakeConsumer, refill: RefillAtOnce
) -> None:
    refill.start(consumer)
    poke = refill._poke
    refill.stop(consumer)
    poke()
    refill.start(consumer)
    assert consumer.hub is not None
    assert list(map(is_readable, consumer.hub.readers)) == [True]


def test_without_a_hub_there_is_nothing_to_wake() -> None:
    consumer = FakeConsumer(hub=None)
    step = RefillAtOnce(consumer)
    step.start(consumer)
    step.stop(consumer)


def test_events_are_sent_a_few_times_a_second(consumer: FakeConsumer) -> None:
    step = EventsInBatches(consumer)
    step.start(consumer)
    assert consumer.hub is not None
    ((seconds, callback, timer),) = consumer.hub.repeated
    assert (seconds, callback) == (EVENTS_SECONDS, consumer.event_dispatcher.flush)
    step.stop(consumer)
    assert timer.is_cancelled


class BreakingChannel:
    """Dies of each of its first closings, as one with a BRPOP outstanding does."""

    def __init__(self, did: list[str], *errors: Exception) -> None:
        self._did, self._errors = did, list(errors)

    def close(self) -> None:
        self._did.append("closed")
        if self._errors:
            raise self._errors.pop(0)


@dataclass
class FakeConnection:
    """A connection of Celery's, as far as the end of one needs it."""

    default_channel: BreakingChannel


class Cut(Consumer):
    """What `SteadyConsumer` builds on; notes when it is its turn."""

    did: list[str]

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        self.did.append(f"Celery: {exc}")


class SteadyCut(SteadyConsumer, Cut):
    """A consumer of ours over a connection that was cut; it is never started."""

    def __init__(self, did: list[str], *errors: Exception) -> None:
        self.did = did
        connection: Any = FakeConnection(BreakingChannel(did, *errors))
        self.connection = connection


@pytest.mark.parametrize(
    "errors",
    [
        pytest.param([], id="both go well"),
        pytest.param([OSError("cut"), AttributeError("client")], id="both fail"),
    ],
)
def test_a_cut_connection_is_closed_twice_before_celery_closes_it(
    errors: list[Exception],
) -> None:
    did: list[str] = []
    SteadyCut(did, *errors).on_connection_error_after_connected(OSError("reset"))
    assert did == ["closed", "closed", "Celery: reset"]
