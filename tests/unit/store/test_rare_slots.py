"""A heartbeat whose next slot is decades away is planned for it all the same."""

from datetime import datetime

import pytest

from heartbeat.instants import from_text, to_ms, to_text
from tests.unit.store.ledger import OWNER, Fleet, a_config

HOUR_MS = 3_600_000
DAY = 24 * 60

#: 29 February on a Sunday: in 2032, and not again before 2060.
CRON = "0 0 29 2 */7"
SLOT = from_text("2032-02-29T00:00:00Z")
FOLLOWING = "2060-02-29T00:00:00.000Z"


@pytest.fixture
def rare(fleet: Fleet) -> Fleet:
    """Return a fleet with such a heartbeat, an hour before its slot."""
    fleet.server.clock_ms = to_ms(SLOT) - HOUR_MS
    fleet.configure(a_config(cron=CRON))
    return fleet


def planned(fleet: Fleet) -> str | None:
    slot: datetime | None = fleet.stored().next_slot
    return None if slot is None else to_text(slot)


def test_after_a_run(rare: Fleet) -> None:
    rare.server.pass_time(minutes=60)
    rare.beat()
    assert planned(rare) == FOLLOWING
    rare.run()
    assert rare.fates() == ["ok"]


def test_after_a_slot_that_no_beat_saw(rare: Fleet) -> None:
    rare.server.pass_time(minutes=2 * DAY)
    rare.beat()
    assert rare.fates() == ["missed(beat_away)"]
    assert planned(rare) == FOLLOWING


def test_after_a_slot_that_no_worker_took(rare: Fleet) -> None:
    rare.server.pass_time(minutes=60)
    rare.beat()
    rare.server.pass_time(minutes=2 * DAY)
    rare.beat()
    assert planned(rare) == FOLLOWING


def test_after_a_pause(rare: Fleet) -> None:
    rare.heartbeats.pause(OWNER, "disk", note=None)
    rare.server.pass_time(minutes=2 * DAY)
    rare.heartbeats.resume(OWNER, "disk")
    assert planned(rare) == FOLLOWING
