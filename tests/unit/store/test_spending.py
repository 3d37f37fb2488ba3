"""What was spent, by day, owner and heartbeat."""

from datetime import datetime, timedelta

import pytest

from heartbeat.store import keys
from heartbeat.store.server import Server
from heartbeat.store.spending import OTHERS, TOTAL, Account, Spending
from heartbeat.usage import Usage

NOW = datetime.fromisoformat("2026-11-24T16:00:00+00:00")
ONE = Usage(
    calls=1,
    input_tokens=2,
    output_tokens=3,
    cache_read_tokens=4,
    cache_write_tokens=5,
    micro_dollars=6,
    unpriced_calls=7,
)
FIRST, SECOND, BOBS = Account("ann", "a"), Account("ann", "b"), Account("bob", "a")


def test_every_sort_is_kept_for_heartbeat_owner_and_fleet(server: Server) -> None:
    spent = Spending(server).add({FIRST: ONE, SECOND: ONE, BOBS: ONE}, NOW)
    assert spent.fleet == ONE + ONE + ONE
    assert spent.owners == {"ann": ONE + ONE, "bob": ONE}
    assert spent.heartbeats == {FIRST: ONE, SECOND: ONE, BOBS: ONE}
    assert Spending(server).of_fleet(NOW) == ONE + ONE + ONE


def test_asking_writes_nothing(server: Server) -> None:
    spent = Spending(server).add({FIRST: Usage()}, NOW)
    assert (spent.fleet, spent.heartbeats) == (Usage(), {FIRST: Usage()})
    assert server.ask(lambda client: client.dbsize()) == 0


def test_a_day_begins_at_midnight_utc(server: Server) -> None:
    store = Spending(server)
    store.add({FIRST: ONE}, NOW)
    before = NOW - timedelta(days=1)
    assert store.add({FIRST: Usage()}, before).heartbeats[FIRST] == Usage()
    days = store.of_owner("ann", [NOW, before])
    assert days == [{"a": ONE, TOTAL: ONE}, {}]


def test_one_heartbeat_is_told_beside_its_owners_sum(server: Server) -> None:
    store = Spending(server)
    store.add({FIRST: ONE, SECOND: ONE}, NOW)
    (day,) = store.of_owner("ann", [NOW], schedule_id="b")
    assert day == {"b": ONE, TOTAL: ONE + ONE}


def test_an_owner_sees_nothing_of_another(server: Server) -> None:
    Spending(server).add({BOBS: ONE}, NOW)
    assert Spending(server).of_owner("ann", [NOW]) == [{}]


def test_large_sums_are_exact(server: Server) -> None:
    much = Usage(input_tokens=900_000_000_000_000)
    store = Spending(server)
    store.add({FIRST: much}, NOW)
    assert store.add({FIRST: ONE}, NOW).fleet == much + ONE


@pytest.mark.parametrize("whose", ["2026-11-24", "2026-11-24:ann"])
def test_it_is_gone_after_five_weeks(server: Server, whose: str) -> None:
    Spending(server).add({FIRST: ONE}, NOW)
    seconds = server.ask(lambda client: client.ttl(keys.usage(whose)))
    assert seconds == pytest.approx(35 * 86_400, abs=60)


def test_heartbeats_beyond_the_limit_are_kept_as_one(server: Server) -> None:
    store = Spending(server, kept_apart=2)
    accounts = [Account("ann", str(number)) for number in range(5)]
    for account in accounts:
        store.add({account: ONE}, NOW)
    (day,) = store.of_owner("ann", [NOW])
    assert day == {
        "0": ONE,
        "1": ONE,
        OTHERS: ONE + ONE + ONE,
        TOTAL: ONE + ONE + ONE + ONE + ONE,
    }
    # Nobody gets a budget of its own by being new.
    assert store.add({accounts[4]: Usage()}, NOW).heartbeats[accounts[4]].calls == 3


@pytest.mark.parametrize("text", ["", "x", "1 2", "-1 2 3 4 5 6 7", "{}"])
def test_what_cannot_be_read_is_as_good_as_none(server: Server, text: str) -> None:
    key = keys.usage("2026-11-24")
    server.ask(lambda client: client.hset(key, TOTAL, text))
    assert Spending(server).of_fleet(NOW) == Usage()
