"""The repairs of Celery's consumer, on a hub of its own."""

import os
import select
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from celery import signals

from worker.consumer import EVENTS_SECONDS, EventsInBatches, RefillAtOnce


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
