"""How many messages a heartbeat may have on queues that no worker serves."""

from contextlib import suppress

import pytest

from heartbeat.config import HeartbeatConfig
from heartbeat.errors import Busy, LimitReached
from heartbeat.store import keys
from heartbeat.store.heartbeats import Change
from tests.unit.store.ledger import OWNER, Fleet, a_config

LEFT = "{hb}:left:ann"
YEARLY = "0 0 1 1 *"


def placed(schedule_id: str = "disk", label: str = "nobody") -> HeartbeatConfig:
    return a_config(schedule_id, cron=YEARLY, run_on=label)


def run_by_hand(fleet: Fleet, schedule_id: str = "disk") -> list[str]:
    """Ask for a run, as far as there is none, and let beat send it."""
    fleet.server.pass_time(seconds=1)  # a run by hand is named by its millisecond
    with suppress(Busy):
        fleet.slots.request_run(OWNER, schedule_id)
    return fleet.beat()


def run_and_delete(fleet: Fleet, schedule_id: str = "disk") -> None:
    fleet.configure(placed(schedule_id))
    run_by_hand(fleet, schedule_id)
    fleet.heartbeats.delete(OWNER, schedule_id)


def left(fleet: Fleet) -> set[str]:
    return set(map(str, fleet.server.ask(lambda client: client.smembers(LEFT))))


class TestRunsByHand:
    def test_they_are_one_message(self, fleet: Fleet) -> None:
        fleet.configure(placed())
        for _ in range(30):
            run_by_hand(fleet)
            fleet.server.pass_time(minutes=61)
            fleet.beat()
        assert len(fleet.messages) == 1

    def test_the_message_of_one_that_was_missed_begins_the_next(
        self, fleet: Fleet
    ) -> None:
        fleet.configure(placed())
        run_by_hand(fleet)
        fleet.server.pass_time(minutes=61)
        fleet.beat()
        newest = fleet.slots.request_run(OWNER, "disk")
        assert fleet.beat() == []
        assert fleet.begun().lease.run_id == newest

    def test_one_whose_message_was_lost_is_sent_again(self, fleet: Fleet) -> None:
        fleet.configure(placed())
        run_by_hand(fleet)
        fleet.server.pass_time(minutes=61)
        fleet.beat()
        fleet.messages.clear()
        assert len(run_by_hand(fleet)) == 1

    def test_one_before_a_slot_on_the_grid_is_its_message_too(
        self, fleet: Fleet
    ) -> None:
        fleet.configure(a_config(every=1, run_on="nobody"))
        for _ in range(30):
            run_by_hand(fleet)
            fleet.server.pass_time(seconds=61)
            fleet.beat()
        assert len(fleet.messages) == 1


class TestOneThatIsDeleted:
    def test_made_again_it_finds_its_message(self, fleet: Fleet) -> None:
        for _ in range(20):
            run_and_delete(fleet)
        assert len(fleet.messages) == 1
        fleet.configure(placed())
        fleet.server.pass_time(seconds=1)
        newest = fleet.slots.request_run(OWNER, "disk")
        fleet.beat()
        assert fleet.begun().lease.run_id == newest

    def test_its_queue_is_asked_for_no_more(self, fleet: Fleet) -> None:
        run_and_delete(fleet)
        fleet.configure(a_config("other", every=1))
        fleet.server.pass_time(minutes=1)
        fleet.beat()
        assert "heartbeat.nobody" not in fleet.slots.queues()

    def test_a_message_that_is_taken_is_left_no_more(self, fleet: Fleet) -> None:
        run_and_delete(fleet)
        assert left(fleet) == {"heartbeat.nobody ann:disk"}
        fleet.begin()
        assert left(fleet) == set()
        fleet.configure(placed())
        assert len(run_by_hand(fleet)) == 1

    def test_one_whose_message_was_lost_is_sent_again(self, fleet: Fleet) -> None:
        run_and_delete(fleet)
        fleet.messages.clear()
        fleet.configure(placed())
        assert len(run_by_hand(fleet)) == 1

    def test_so_many_leave_a_message_and_no_more(self, fleet: Fleet) -> None:
        for schedule_id in ("one", "two", "three"):
            run_and_delete(fleet, schedule_id)
        with pytest.raises(LimitReached, match="at most 3 messages"):
            fleet.heartbeats.configure(placed("four"), max_per_owner=3)
        fleet.begin("one")
        change = fleet.heartbeats.configure(placed("four"), max_per_owner=3)
        assert change.outcome == "created"

    def test_it_counts_against_its_owner_alone_and_for_a_week(
        self, fleet: Fleet
    ) -> None:
        run_and_delete(fleet)
        bobs = a_config(owner="bob")
        assert fleet.heartbeats.configure(bobs, max_per_owner=1) == Change("created", 2)
        age = fleet.server.ask(lambda client: client.ttl(LEFT))
        assert age == pytest.approx(7 * 86_400, abs=60)


class TestOneThatIsPlacedElsewhere:
    def test_to_and_fro_it_has_one_message_on_each_queue(self, fleet: Fleet) -> None:
        for _ in range(10):
            for label in ("here", "there"):
                fleet.configure(placed(label=label))
                run_by_hand(fleet)
        assert len(fleet.messages) == 2
        assert left(fleet) == {"heartbeat.here ann:disk"}

    def test_so_many_labels_may_have_a_message_and_no_more(self, fleet: Fleet) -> None:
        for label in ("one", "two", "three"):
            fleet.configure(placed(label=label))
            run_by_hand(fleet)
        with pytest.raises(LimitReached, match="at most 2 messages"):
            fleet.heartbeats.configure(placed(label="four"), max_per_owner=2)
        renamed = a_config(cron=YEARLY, run_on="three", name="renamed")
        change = fleet.heartbeats.configure(renamed, max_per_owner=2)
        assert change.outcome == "updated"


def test_a_worker_that_does_not_know_its_queue_takes_its_message(fleet: Fleet) -> None:
    fleet.configure(a_config(cron=YEARLY))
    run_by_hand(fleet)
    [message] = fleet.messages
    fleet.runs.begin("ann:disk", message.run_id, host="one", nonce="n")
    waiting = f"{keys.ROOT}waiting:heartbeat"
    assert fleet.server.ask(lambda client: client.scard(waiting)) == 0
