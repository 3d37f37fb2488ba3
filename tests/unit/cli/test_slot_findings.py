"""What the doctor makes of queues, and of slots that are late."""

from datetime import UTC, datetime, timedelta

import pytest

from heartbeat.cli.finding import Finding, Level
from heartbeat.cli.slot_findings import MOST_NAMED, of_lag, of_queues, of_silence
from heartbeat.store.placements import Placement
from heartbeat.store.processes import ProcessSeen
from heartbeat.store.statistics import Lag
from heartbeat.store.watch import Silent

SLOT = datetime(2027, 1, 15, 8, 0, tzinfo=UTC)


def a_worker(*queues: str, is_alive: bool = True) -> ProcessSeen:
    return ProcessSeen(
        kind="worker",
        host="db1",
        pid=7,
        queues=queues,
        last_seen_ms=0,
        is_alive=is_alive,
    )


def placed(queue: str, *, placed: int = 2, waiting: int = 1) -> Placement:
    return Placement(queue=queue, placed=placed, waiting=waiting)


def a_silent(uid: str, *, minute: int = 0) -> Silent:
    slot, grace = SLOT + timedelta(minutes=minute), timedelta(minutes=15)
    return Silent(uid=uid, slot=slot, state="published", grace=grace)


def failed(workers: list[ProcessSeen], placements: list[Placement]) -> list[Finding]:
    found = of_queues(workers, placements)
    return [one for one in found if one.level is Level.FAIL]


def test_queues_that_are_served_are_named() -> None:
    [found] = of_queues([a_worker("heartbeat.db"), a_worker("heartbeat")], [])
    assert found.level is Level.OK
    assert found.message == "served: heartbeat, heartbeat.db"


@pytest.mark.parametrize(
    "workers",
    [
        pytest.param([a_worker("heartbeat")], id="of-others"),
        pytest.param(
            [a_worker("heartbeat"), a_worker("heartbeat.db", is_alive=False)], id="gone"
        ),
    ],
)
def test_a_label_in_use_that_nobody_serves_fails(workers: list[ProcessSeen]) -> None:
    [found] = failed(workers, [placed("heartbeat"), placed("heartbeat.db")])
    assert "'heartbeat.db', the queue of runOn 'db'" in found.message
    assert "placed there: 2, waiting: 1" in found.message
    assert "-Q heartbeat.db" in (found.advice or "")


def test_a_label_on_which_only_messages_wait_is_in_use() -> None:
    waiting = placed("heartbeat.db", placed=0, waiting=3)
    [found] = failed([a_worker("heartbeat")], [waiting])
    assert "placed there: 0, waiting: 3" in found.message


def test_labels_that_are_served_are_fine() -> None:
    both = a_worker("heartbeat", "heartbeat.db")
    assert failed([both], [placed("heartbeat"), placed("heartbeat.db")]) == []


@pytest.mark.parametrize("placements", [[], [placed("heartbeat", waiting=5)]])
def test_workers_of_labels_only_leave_the_others_unserved(
    placements: list[Placement],
) -> None:
    [found] = failed([a_worker("heartbeat.db")], placements)
    assert "'heartbeat', the queue of those without runOn" in found.message
    assert f"waiting: {5 if placements else 0}" in found.message


@pytest.mark.parametrize(
    ("lag_ms", "level"),
    [
        pytest.param(4_999, Level.OK, id="in-time"),
        pytest.param(5_000, Level.WARN, id="late"),
        pytest.param(60_000, Level.FAIL, id="stuck"),
    ],
)
def test_a_schedule_that_is_behind_is_found(lag_ms: int, level: Level) -> None:
    schedule, beginning = of_lag(Lag(scheduled=3, open=1, overdue_ms=lag_ms))
    assert schedule.level is level
    assert beginning.level is Level.OK


@pytest.mark.parametrize(
    ("lag_ms", "level", "said"),
    [
        pytest.param(0, Level.OK, "no slot waits", id="none"),
        pytest.param(29_999, Level.OK, "has waited 30 s", id="in-time"),
        pytest.param(30_000, Level.WARN, "has waited 30 s", id="late"),
        pytest.param(300_000, Level.FAIL, "has waited 300 s", id="stuck"),
    ],
)
def test_slots_that_no_worker_begins_are_found(
    lag_ms: int, level: Level, said: str
) -> None:
    lag = Lag(scheduled=3, open=1, overdue_ms=0, unbegun_ms=lag_ms)
    schedule, beginning = of_lag(lag)
    assert schedule.level is Level.OK
    assert beginning.level is level
    assert said in beginning.message


def test_no_slot_that_is_overdue_is_fine() -> None:
    assert of_silence([]).level is Level.OK


def test_slots_that_are_overdue_are_named_with_what_hangs() -> None:
    found = of_silence([a_silent("ann:b", minute=1), a_silent("ann:a")])
    assert found.level is Level.FAIL
    assert found.message.endswith(
        "2: ann:a of 2027-01-15 08:00:00 UTC, no worker has begun it;"
        " ann:b of 2027-01-15 08:01:00 UTC, no worker has begun it"
    )
    assert found.advice


def test_of_many_overdue_slots_the_oldest_are_named() -> None:
    many = [
        a_silent(f"ann:{number}", minute=number) for number in range(MOST_NAMED + 2)
    ]
    message = of_silence(many[::-1]).message
    assert f"ann:{MOST_NAMED - 1} of" in message
    assert f"ann:{MOST_NAMED} of" not in message
    assert message.endswith("; and 2 more")
