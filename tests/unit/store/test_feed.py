"""Where a feed ends, and how it goes on when that cannot be read."""

from importlib import resources

import pytest

from heartbeat.book import Book
from heartbeat.feed import Cursor, Entry, gap
from heartbeat.store import keys
from tests.unit.store.ledger import OWNER, Fleet, a_config, tell_owner

GARBAGE = ["", "x", "-5", "1e999", "nan", "9" * 30, "{", "7-", "7-x"]
FIELDS = ["epoch", "n", "last", "server"]
SCRIPTS = resources.files("heartbeat.store") / "lua"

garbage = pytest.mark.parametrize("text", GARBAGE, ids=repr)


@pytest.fixture
def told(fleet: Fleet) -> Fleet:
    """A fleet whose owner has been told three messages."""
    fleet.configure(a_config(every=60))
    tell_owner(fleet.server, OWNER, *(f'{{"n": {n}}}' for n in (1, 2, 3)))
    return fleet


def spoil_head(fleet: Fleet, field: str, text: str) -> None:
    fleet.server.ask(lambda client: client.hset(keys.feed_head(OWNER), field, text))


def head(fleet: Fleet) -> str:
    last = fleet.server.ask(lambda client: client.hget(keys.feed_head(OWNER), "last"))
    return str(last)


@garbage
@pytest.mark.parametrize("field", FIELDS)
def test_a_head_that_cannot_be_read_keeps_no_run_from_telling(
    told: Fleet, field: str, text: str
) -> None:
    for n in (4, 5):
        spoil_head(told, field, text)
        told.server.pass_time(minutes=60)
        told.beat()
        book = Book(judged={"disk": n})
        assert told.finish(told.begun(), f'{{"n": {n}}}', book=book) is None
        assert told.stored().book == book
    assert told.pushes() == [f'{{"n": {n}}}' for n in (1, 2, 3, 4, 5)]


@garbage
@pytest.mark.parametrize("field", ["epoch", "n", "server"])
def test_the_last_id_says_where_to_go_on(told: Fleet, field: str, text: str) -> None:
    last = head(told)
    spoil_head(told, field, text)
    tell_owner(told.server, OWNER, '{"n": 4}')
    alert_id, prev, _ = told.feed()[-1]
    assert prev == last
    assert Cursor.parse(alert_id).n == 4


@garbage
def test_without_a_last_id_who_resumes_is_told_of_a_loss(
    told: Fleet, text: str
) -> None:
    last = head(told)
    spoil_head(told, "last", text)
    tell_owner(told.server, OWNER, '{"n": 4}')
    first = Entry(*told.feed()[-1])
    lost = gap(last, first, head(told))
    assert lost is not None
    assert lost.reason == "state_lost"
    assert Cursor.parse(first.alert_id) > Cursor.parse(last)


def test_a_stream_that_is_further_than_its_head_is_right(told: Fleet) -> None:
    epoch, n = head(told).split("-")
    further = f"{epoch}-{int(n) + 1}"
    told.server.ask(
        lambda client: client.xadd(keys.feed(OWNER), {"junk": "1"}, id=further)
    )
    tell_owner(told.server, OWNER, '{"n": 5}')
    newest = told.server.ask(lambda client: client.xrevrange(keys.feed(OWNER), count=1))
    assert newest == [(f"{epoch}-5", {"prev": further, "payload": '{"n": 5}'})]


def test_a_clock_that_was_set_back_gives_no_id_below_those_of_the_stream(
    told: Fleet,
) -> None:
    told.server.clock_ms -= 86_400_000
    told.server.ask(lambda client: client.delete(keys.feed_head(OWNER)))
    tell_owner(told.server, OWNER, '{"n": 4}')
    assert told.pushes() == [f'{{"n": {n}}}' for n in (1, 2, 3, 4)]


def test_a_feed_that_no_id_can_follow_begins_anew(told: Fleet) -> None:
    last, largest = head(told), f"{2**64 - 1}-{2**64 - 1}"
    told.server.ask(
        lambda client: client.xadd(keys.feed(OWNER), {"junk": "1"}, id=largest)
    )
    tell_owner(told.server, OWNER, '{"n": 4}')
    [(_, prev, payload)] = told.feed()
    assert (prev, payload) == (last, '{"n": 4}')


@pytest.mark.parametrize(
    "name",
    ["advance", "change_book", "finish", "prelude/unreadable", "settle_watch"],
)
def test_a_script_tells_before_it_stores_that_it_has(name: str) -> None:
    """Redis does not undo one that fails half-way."""
    text = (SCRIPTS / f"{name}.lua").read_text(encoding="utf-8")
    storing = ["save_book(", "'HDEL', UNREADABLE", "notes, uid, 'told'"]
    stored = [text.index(one) for one in storing if one in text]
    assert stored
    assert text.index(" tell(" if " tell(" in text else "\ntell(") < min(stored)
