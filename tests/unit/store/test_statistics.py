"""What the fleet has done, counted from the first event on."""

import re
from importlib import resources

from heartbeat.runs import RunStatus
from heartbeat.store.statistics import EVENTS
from tests.unit.store.ledger import START_MS, Fleet, a_config


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
