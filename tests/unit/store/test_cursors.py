"""Cursors of named clients: forwards only, bounded, and never forgotten in silence."""

import pytest

from heartbeat.store import keys
from heartbeat.store.cursors import KEPT_SECONDS, MAX_CLIENTS, Cursors
from tests.unit.store.ledger import OWNER, Fleet


def fill(fleet: Fleet, count: int) -> Cursors:
    """Let clients acknowledge, one after the other."""
    cursors = Cursors(fleet.server)
    for number in range(count):
        fleet.server.pass_time(seconds=1)
        assert cursors.advance(OWNER, f"c{number}", "7-1") == 0
    return cursors


def test_a_cursor_never_moves_backwards(fleet: Fleet) -> None:
    cursors = Cursors(fleet.server)
    for alert_id in ("7-2", "7-1", "6-9"):
        cursors.advance(OWNER, "phone", alert_id)
    assert cursors.get(OWNER, "phone") == "7-2"


def test_as_many_clients_as_fit_are_all_remembered(fleet: Fleet) -> None:
    cursors = fill(fleet, MAX_CLIENTS)
    assert cursors.get(OWNER, "c0") == "7-1"
    assert not cursors.may_have_had(OWNER, "new")


def test_the_one_unseen_longest_makes_room_and_that_is_remembered(
    fleet: Fleet,
) -> None:
    cursors = fill(fleet, MAX_CLIENTS)
    cursors.advance(OWNER, "c0", "7-2")
    fleet.server.pass_time(seconds=1)
    assert cursors.advance(OWNER, "new", "7-1") == 1
    assert cursors.get(OWNER, "c0") == "7-2"
    assert cursors.get(OWNER, "c1") is None
    assert cursors.may_have_had(OWNER, "c1")
    assert not cursors.may_have_had("bob", "c1")
    size = fleet.server.ask(lambda client: client.hlen(keys.cursors(OWNER)))
    assert size == MAX_CLIENTS + 1  # and when one was forgotten
    fleet.server.pass_time(seconds=1)
    assert cursors.advance(OWNER, "c1", "7-1") == 1


def test_after_the_time_that_cursors_are_kept_a_new_name_is_new(fleet: Fleet) -> None:
    cursors = fill(fleet, MAX_CLIENTS)
    cursors.advance(OWNER, "new", "7-1")
    fleet.server.pass_time(seconds=KEPT_SECONDS)
    assert not cursors.may_have_had(OWNER, "c0")


@pytest.mark.parametrize("field", ["phone", "*"], ids=["cursor", "forgetting"])
def test_what_cannot_be_read_may_have_been_a_cursor(fleet: Fleet, field: str) -> None:
    fleet.server.ask(lambda client: client.hset(keys.cursors(OWNER), field, "?"))
    assert Cursors(fleet.server).may_have_had(OWNER, "phone")
