"""What the fleet has done, counted from the first event on."""

import re
from importlib import resources

import pytest

from heartbeat.errors import StoreUnavailable
from heartbeat.runs import RunStatus
from heartbeat.store import keys
from heartbeat.store.statistics import EVENTS
from tests.unit.store.ledger import MINUTE_MS, START_MS, Fleet, a_config


def test_what_has_not_happened_yet_is_0(fleet: Fleet) -> None:
    assert fleet.statistics.read() == dict.fromkeys(EVENTS, 0)
    assert fleet.statistics.last_finished_ms() is None


def test_the_last_finish_is_an_instant_and_no_counter(fleet: Fleet) -> None:
    fleet.configure(a_config())
    fleet.server.pass_time(minutes=60)
    fleet.beat()
    fleet.run()
    assert fleet.statistics.last_finished_ms() == fleet.server.clock_ms > START_MS
    assert not [name for name in fleet.statistics.read() if name.endswith("_ms")]


def test_every_event_that_a_script_counts_is_known() -> None:
    with resources.as_file(resources.files("heartbeat.store") / "lua") as folder:
        text = "".join(script.read_text() for script in folder.rglob("*.lua"))
    counted = set(re.findall(r"\bcount\('(\w+)'[,)]", text))
    statuses = {RunStatus.OK, RunStatus.ALERT, RunStatus.UNKNOWN, RunStatus.SKIPPED}
    ended = {f"finished_{status}" for status in statuses} | {"skipped", "missed"}
    assert counted | ended == set(EVENTS)


@pytest.fixture
def sent(fleet: Fleet) -> Fleet:
    """A fleet whose one slot is due now, and sent."""
    fleet.configure(a_config(every=60))
    fleet.server.pass_time(minutes=60)
    fleet.beat()
    return fleet


def test_a_slot_that_no_beat_claims_is_a_lag(fleet: Fleet) -> None:
    fleet.configure(a_config(every=60))
    fleet.server.pass_time(minutes=61)
    lag = fleet.statistics.lag()
    assert (lag.scheduled, lag.open) == (1, 0)
    assert (lag.overdue_ms, lag.unbegun_ms) == (MINUTE_MS, 0)


def test_a_slot_that_no_worker_begins_is_a_lag(sent: Fleet) -> None:
    sent.server.pass_time(minutes=20)
    lag = sent.statistics.lag()
    assert (lag.scheduled, lag.open) == (1, 1)
    assert (lag.overdue_ms, lag.unbegun_ms) == (0, 20 * MINUTE_MS)


def test_a_slot_that_a_broker_does_not_take_is_a_lag(fleet: Fleet) -> None:
    fleet.configure(a_config(every=60))
    fleet.server.pass_time(minutes=60)
    fleet.is_broker_away = True
    for _ in range(20):
        with pytest.raises(StoreUnavailable):
            fleet.beat()
        fleet.server.pass_time(seconds=3)
    assert fleet.statistics.lag().unbegun_ms == MINUTE_MS


def test_the_oldest_slot_that_nobody_has_begun_counts(sent: Fleet) -> None:
    sent.configure(a_config("load", cron="5 * * * *"))
    sent.server.pass_time(minutes=5)
    sent.beat()
    sent.server.pass_time(minutes=5)
    assert sent.statistics.lag().unbegun_ms == 10 * MINUTE_MS
    sent.begun("disk")
    assert sent.statistics.lag().unbegun_ms == 5 * MINUTE_MS


def test_a_slot_that_was_begun_waits_for_nobody(sent: Fleet) -> None:
    begun = sent.begun()
    sent.server.pass_time(minutes=20)
    assert sent.statistics.lag().unbegun_ms == 0
    sent.finish(begun)
    assert sent.server.ask(lambda client: client.exists(keys.UNBEGUN)) == 0


def test_a_slot_that_was_handed_back_had_been_begun(sent: Fleet) -> None:
    sent.server.pass_time(minutes=1)
    assert sent.runs.hand_back(sent.begun().lease)
    assert sent.statistics.lag().unbegun_ms == 0


def test_a_slot_that_was_missed_waits_for_nobody(sent: Fleet) -> None:
    sent.server.pass_time(minutes=120)
    sent.beat()
    assert sent.fates()[-1].startswith("missed")
    assert sent.statistics.lag().unbegun_ms == 0


def test_what_another_version_has_begun_or_closed_is_no_lag(sent: Fleet) -> None:
    """A process of one that knows no such list leaves its entries behind."""
    listed = {"ann:gone": 1, "ann:disk": sent.server.clock_ms}
    begun = sent.begun()
    sent.server.ask(lambda client: client.zadd(keys.UNBEGUN, listed))
    sent.server.pass_time(minutes=1)
    assert sent.statistics.lag().unbegun_ms == 0
    assert sent.server.ask(lambda client: client.exists(keys.UNBEGUN)) == 0
    assert sent.finish(begun) is None
