"""Numbers of named clients, in the store."""

import time

import pytest

from heartbeat.store import keys
from heartbeat.store.cursors import MAX_CLIENTS
from heartbeat.store.names import Names
from tests.unit.store.ledger import Fleet


@pytest.fixture
def names(fleet: Fleet) -> Names:
    return Names(fleet.server)


def test_each_claim_of_an_owner_gets_a_higher_number(names: Names) -> None:
    numbers = [names.claim("ann", name) for name in ("phone", "phone", "desk") * 20]

    assert numbers == sorted(set(numbers))
    assert names.newest([("ann", "phone"), ("ann", "desk"), ("bob", "phone")]) == {
        ("ann", "phone"): numbers[-2],
        ("ann", "desk"): numbers[-1],
    }


def test_numbers_go_on_rising_when_all_of_them_are_lost(
    names: Names, fleet: Fleet
) -> None:
    before = names.claim("ann", "phone")
    fleet.server.ask(lambda client: client.flushall())

    assert names.claim("ann", "phone") > before


def test_numbers_go_on_rising_when_the_clock_was_set_back(
    names: Names, fleet: Fleet
) -> None:
    ahead = (int(time.time()) + 3_600) * 1_000_000
    fleet.server.ask(lambda client: client.zadd(keys.names("ann"), {"desk": ahead}))

    assert names.claim("ann", "phone") == ahead + 1


@pytest.mark.parametrize("score", ["inf", "9e300", "-inf"])
def test_a_number_that_nobody_gave_is_none(
    names: Names, fleet: Fleet, score: str
) -> None:
    fleet.server.ask(
        lambda client: client.execute_command("ZADD", keys.names("ann"), score, "desk")
    )

    number = names.claim("ann", "phone")

    assert names.newest([("ann", "desk"), ("ann", "phone")]) == {
        ("ann", "phone"): number
    }


def test_of_too_many_names_the_oldest_go(names: Names, fleet: Fleet) -> None:
    for number in range(MAX_CLIENTS + 5):
        names.claim("ann", f"client-{number}")

    assert (
        fleet.server.ask(lambda client: client.zcard(keys.names("ann"))) == MAX_CLIENTS
    )
    assert ("ann", "client-4") not in names.newest([("ann", "client-4")])
    assert ("ann", "client-5") in names.newest([("ann", "client-5")])
