"""The server's clock, asked now and then."""

from datetime import timedelta

import fakeredis
import pytest

from heartbeat.instants import from_ms
from heartbeat.store.recent_clock import RecentClock
from tests.unit.store.ledger import ClockedServer


@pytest.fixture
def clocked() -> ClockedServer:
    return ClockedServer(fakeredis.FakeRedis(decode_responses=True))


def test_time_passes_without_asking_again(clocked: ClockedServer) -> None:
    clock = RecentClock(clocked)
    first = clock.now()
    clocked.pass_time(minutes=24 * 60)
    assert first == from_ms(clocked.clock_ms) - timedelta(days=1)
    assert timedelta(0) <= clock.now() - first < timedelta(minutes=1)


def test_what_the_server_says_counts_once_the_answer_is_old(
    clocked: ClockedServer,
) -> None:
    clock = RecentClock(clocked, asked_every_seconds=0)
    clock.now()
    clocked.pass_time(minutes=24 * 60)
    assert clock.now() == from_ms(clocked.clock_ms)
