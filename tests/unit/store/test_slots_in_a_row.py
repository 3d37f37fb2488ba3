"""Equal fates are one record only where no slot with another fate lies between."""

from heartbeat.runs import RunRecord
from tests.unit.store.ledger import Fleet, a_config


def spans(fleet: Fleet) -> list[tuple[str, int, int]]:
    """Return what became of the slots, and of how many from first to last, in order."""
    records = fleet.history()[::-1]
    start = min(_first(one) for one in records)
    step = fleet.stored().config.timing.interval_ms or 0
    return [
        (
            f"{one.status} {one.reason}" if one.reason else f"{one.status}",
            (_first(one) - start) // step,
            (one.slot_ms - start) // step,
        )
        for one in records
    ]


def _first(record: RunRecord) -> int:
    return record.slot_ms if record.from_ms is None else record.from_ms


def test_fates_in_a_row_are_one_record(fleet: Fleet) -> None:
    fleet.configure(a_config(every=60))
    fleet.server.pass_time(minutes=180)
    fleet.beat()
    fleet.server.pass_time(minutes=180)
    fleet.beat()
    assert spans(fleet) == [
        ("missed beat_away", 0, 1),
        ("missed no_worker", 2, 2),
        ("missed beat_away", 3, 4),
    ]


def test_a_slot_that_is_settled_late_is_no_part_of_a_row(fleet: Fleet) -> None:
    """Its row would span the slots that beat missed while it was open."""
    fleet.configure(a_config(every=0.05))
    fleet.server.pass_time(seconds=3)
    fleet.beat()
    fleet.server.pass_time(seconds=9)
    fleet.beat()
    fleet.server.pass_time(seconds=4)
    fleet.begin()
    assert spans(fleet) == [
        ("missed beat_away", 1, 2),
        ("missed no_worker", 0, 0),
        ("missed no_worker", 3, 3),
    ]


def test_a_slot_that_is_open_is_no_part_of_a_row(fleet: Fleet) -> None:
    fleet.configure(a_config(every=1))
    fleet.server.pass_time(minutes=5)
    fleet.beat()
    begun = fleet.begun()
    for _ in range(6):
        fleet.server.pass_time(seconds=25)
        assert fleet.runs.renew(begun.lease)
    fleet.beat()
    assert fleet.finish(begun) is None
    assert spans(fleet) == [
        ("missed beat_away", 0, 3),
        ("missed beat_away", 5, 5),
        ("skipped overlap", 6, 6),
        ("ok", 4, 4),
    ]
