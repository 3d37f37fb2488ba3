"""Which queues are in use, and how many heartbeats wait there."""

from heartbeat.store.placements import Placement, Placements
from tests.unit.store.ledger import OWNER, Fleet, a_config


def counted(fleet: Fleet) -> list[tuple[str, int, int]]:
    found = Placements(fleet.server, at_once=2).count()
    return [(one.queue, one.placed, one.waiting) for one in found]


def test_without_a_heartbeat_no_queue_is_in_use(fleet: Fleet) -> None:
    assert Placements(fleet.server).count() == []


def test_heartbeats_are_counted_by_their_queue(fleet: Fleet) -> None:
    fleet.configure(
        *(a_config(f"here-{number}") for number in range(3)),
        *(a_config(f"db-{number}", run_on="db") for number in range(2)),
    )
    assert Placements(fleet.server).count() == [
        Placement(queue="heartbeat", placed=3, waiting=0),
        Placement(queue="heartbeat.db", placed=2, waiting=0),
    ]
    assert counted(fleet) == [("heartbeat", 3, 0), ("heartbeat.db", 2, 0)]


def test_those_that_are_off_need_no_worker(fleet: Fleet) -> None:
    fleet.configure(a_config("disk", run_on="db", enabled=False))
    assert counted(fleet) == []


def test_a_message_that_no_worker_has_taken_waits(fleet: Fleet) -> None:
    fleet.configure(a_config("disk", run_on="db"), a_config("load"))
    fleet.server.pass_time(minutes=60)
    fleet.beat()
    fleet.run("load")
    assert counted(fleet) == [("heartbeat", 1, 0), ("heartbeat.db", 1, 1)]


def test_a_message_of_a_heartbeat_that_was_paused_waits(fleet: Fleet) -> None:
    fleet.configure(a_config("disk", run_on="db"))
    fleet.server.pass_time(minutes=60)
    fleet.beat()
    fleet.heartbeats.pause(OWNER, "disk", note=None)
    assert counted(fleet) == [("heartbeat.db", 0, 1)]


def test_a_queue_that_was_left_is_not_in_use(fleet: Fleet) -> None:
    fleet.configure(a_config("disk", run_on="db"))
    fleet.server.pass_time(minutes=60)
    fleet.beat()
    fleet.configure(a_config("disk", run_on="web"))
    assert counted(fleet) == [("heartbeat.web", 1, 0)]
