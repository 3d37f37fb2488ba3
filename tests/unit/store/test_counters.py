"""A counter that cannot be read stops nobody, and gives no number a second time."""

import pytest

from heartbeat.book import Book
from heartbeat.store import keys
from heartbeat.store.runs import Fenced
from heartbeat.store.statistics import EVENTS
from tests.unit.store.ledger import Fleet, a_config

GARBAGE = ["", "x", "-5", "1.5", "1e999", "nan", "9" * 15, str(2**63 - 1), "9" * 40]
TOKENS, VERSIONS = keys.ROOT + "tokens", keys.ROOT + "versions"

garbage = pytest.mark.parametrize("text", GARBAGE, ids=repr)


@pytest.fixture
def due(fleet: Fleet) -> Fleet:
    """A fleet with one heartbeat that is due."""
    fleet.configure(a_config(every=60))
    fleet.server.pass_time(minutes=60)
    return fleet


def spoil(fleet: Fleet, counter: str, text: str) -> None:
    fleet.server.ask(lambda client: client.set(counter, text))


def spoil_statistics(fleet: Fleet, text: str) -> None:
    texts = dict.fromkeys((*EVENTS, "last_finished_ms"), text)
    fleet.server.ask(lambda client: client.hset(keys.STATISTICS, mapping=texts))


@pytest.mark.parametrize("text", ["", "x", "1.5", "1e999", "nan", "9" * 40], ids=repr)
def test_an_event_is_counted_from_anew(due: Fleet, text: str) -> None:
    spoil_statistics(due, text)
    due.beat()
    due.run()
    counted = due.statistics.read()
    assert counted["claimed"] == counted["begun"] == counted["finished_ok"] == 1


@pytest.mark.parametrize("text", ["", "x", "1.5", "1e999", "nan"], ids=repr)
def test_statistics_that_cannot_be_read_are_none(due: Fleet, text: str) -> None:
    spoil_statistics(due, text)
    assert due.statistics.read() == dict.fromkeys(EVENTS, 0)
    assert due.statistics.last_finished_ms() is None


@garbage
@pytest.mark.parametrize("counter", [TOKENS, VERSIONS])
def test_a_bad_counter_stops_no_run_and_no_change(
    due: Fleet, counter: str, text: str
) -> None:
    spoil(due, counter, text)
    due.beat()
    begun = due.begun()
    assert due.finish(begun, book=Book(judged={"disk": 1})) is None
    before = due.configure(a_config(every=30))
    spoil(due, counter, text)
    assert due.configure(a_config(every=60)).version != before.version
    due.server.pass_time(minutes=60)
    due.beat()
    due.run()


@garbage
def test_a_token_is_larger_than_any_before(due: Fleet, text: str) -> None:
    due.beat()
    first = due.begun()
    assert due.runs.hand_back(first.lease)
    spoil(due, TOKENS, text)
    due.beat()
    second = due.begun(nonce="other")
    assert int(second.lease.token) > int(first.lease.token)
    assert due.finish(first) is Fenced.FENCED
    assert due.finish(second) is None
