"""What noting that a message was sent changes, and what it leaves as it is."""

import json
from dataclasses import replace

import pytest

from beat_schedule.dispatch import followed
from heartbeat.jobs import QUEUE
from heartbeat.store import keys
from heartbeat.store.slots import Claim, Sent
from tests.unit.store.ledger import Fleet, a_config

UID = "ann:disk"


@pytest.fixture
def claim(fleet: Fleet) -> Claim:
    """A slot that was claimed, and whose message is on its queue."""
    fleet.configure(a_config(every=60))
    fleet.server.pass_time(minutes=60)
    [claim] = fleet.slots.claim(most=1, queue_lengths={})
    fleet.send([claim])
    return claim


def open_slot(fleet: Fleet) -> dict[str, object]:
    """Return the open slot as it is stored."""
    text = fleet.server.ask(lambda client: client.get(keys.open_slot(UID)))
    found: dict[str, object] = json.loads(str(text))
    return found


def noted(fleet: Fleet, sent: Sent) -> bool:
    """Say whether noting this changed the slot or whose message is on the queue."""
    before = open_slot(fleet)
    fleet.slots.commit([sent])
    waiting = fleet.server.ask(lambda client: client.smembers(keys.waiting(QUEUE)))
    assert (waiting == {UID}) is (open_slot(fleet) != before)
    return open_slot(fleet) != before


def test_of_the_slot_only_its_state_changes(fleet: Fleet, claim: Claim) -> None:
    before = open_slot(fleet)
    assert before["state"] == "claimed"
    fleet.slots.commit(followed([claim]))
    assert open_slot(fleet) == before | {"state": "published"}


def test_noting_it_twice_is_noting_it_once(fleet: Fleet, claim: Claim) -> None:
    [sent] = followed([claim])
    assert noted(fleet, sent)
    fleet.slots.commit([sent])
    assert open_slot(fleet)["state"] == "published"
    assert fleet.statistics.read()["published"] == 1


@pytest.mark.parametrize("wrong", ["10", "11", "111", "", "1.0"])
def test_another_version_is_not_taken_for_its_own(
    fleet: Fleet, claim: Claim, wrong: str
) -> None:
    [sent] = followed([replace(claim, version=wrong)])
    assert claim.version == "1"
    assert not noted(fleet, sent)


@pytest.mark.parametrize("cut", [slice(None, -1), slice(1, None)])
def test_another_run_is_not_taken_for_its_own(
    fleet: Fleet, claim: Claim, cut: slice
) -> None:
    [sent] = followed([replace(claim, run_id=claim.run_id[cut])])
    assert not noted(fleet, sent)


def test_a_slot_that_is_gone_stays_gone(fleet: Fleet, claim: Claim) -> None:
    fleet.server.ask(lambda client: client.delete(keys.open_slot(UID)))
    fleet.slots.commit(followed([claim]))
    assert not fleet.server.ask(lambda client: client.exists(keys.open_slot(UID)))
    assert fleet.server.ask(lambda client: client.scard(keys.waiting(QUEUE))) == 0
