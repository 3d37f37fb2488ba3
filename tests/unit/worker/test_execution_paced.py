"""Items with a cadence of their own, from beat to the history of their runs."""

import fakeredis
import pytest

from heartbeat.config import unique_id
from tests.unit.store.ledger import OWNER, ClockedServer, Fleet
from tests.unit.worker.runs import FakeTools, a_config, a_runner, an_execution

UID = unique_id(OWNER, "disk")
RULE = "  - probe: load load1 < 4\n"
HOURLY = f"- [ ] hourly {{#hourly}}\n{RULE}"
PACED = f"- [ ] now and then {{#paced every=4h}}\n{RULE}"


class Installation:
    """A heartbeat with a slot at each full hour, its slots run as they come."""

    def __init__(self, content: str, tools: FakeTools | None = None) -> None:
        self.server = ClockedServer(fakeredis.FakeRedis(decode_responses=True))
        self.fleet = Fleet(self.server)
        self.execution = an_execution(self.server, a_runner(tools=tools))
        self.configure(content)

    def configure(self, content: str) -> None:
        config = a_config(
            content, owner=OWNER, schedule_id="disk", interval=60, align="clock"
        )
        self.fleet.configure(config)

    def hours(self, count: int) -> list[str]:
        """Run the slots of so many hours; return which items each has judged."""
        return [self.hour() for _ in range(count)]

    def hour(self) -> str:
        self.server.pass_time(minutes=60)
        (run_id,) = self.fleet.beat()
        return self.run(run_id)

    def run(self, run_id: str) -> str:
        self.execution.run(UID, run_id)
        newest = self.fleet.history()[0]
        return " ".join(item.item_key for item in newest.items) or str(newest.reason)


@pytest.fixture
def both() -> Installation:
    return Installation(HOURLY + PACED)


def test_it_is_judged_at_its_first_slot_and_then_at_its_own_pace(
    both: Installation,
) -> None:
    # The first slot is 09:00; then at 12:00, 16:00 and 20:00.
    judged = both.hours(12)
    assert [n for n, items in enumerate(judged) if "paced" in items] == [0, 3, 7, 11]
    assert all("hourly" in items for items in judged)


def test_slots_that_were_missed_cost_it_no_turn(both: Installation) -> None:
    both.hours(1)
    # A whole turn passes without a beat.
    both.server.pass_time(minutes=240)
    assert both.hour() == "hourly paced"


def test_a_run_by_hand_judges_all(both: Installation) -> None:
    judged = both.hours(3)
    assert "hourly" in judged
    run_id = both.fleet.slots.request_run(OWNER, "disk")
    both.fleet.beat()
    assert both.run(run_id) == "hourly paced"


def test_an_item_that_is_new_is_judged_at_once(both: Installation) -> None:
    both.hours(1)
    both.configure(f"{HOURLY}{PACED}- [ ] new {{#new every=365d}}\n{RULE}")
    assert "new" in both.hour()
    assert "new" not in both.hour()


def test_slots_at_which_nothing_is_due_are_recorded_as_one_skip() -> None:
    only_paced = Installation(PACED)
    judged = only_paced.hours(9)
    assert judged.count("paced") == 3
    assert judged.count("not_due") == 6
    assert only_paced.fleet.fates() == [
        "skipped(not_due)",
        "ok",
        "skipped(not_due) x3",
        "ok",
        "skipped(not_due) x2",
        "ok",
    ]
    assert only_paced.fleet.statistics.read()["finished_skipped"] == 6
    assert only_paced.fleet.pushes() == []


def test_trouble_lasts_until_the_item_is_judged_again() -> None:
    tools = FakeTools({"load1": 9.0})
    paced = Installation(PACED, tools)
    assert paced.hour() == "paced"
    tools.fields = {"load1": 1.0}
    while paced.hour() == "not_due":
        assert list(paced.fleet.stored().book.incidents) == ["paced"]
    assert not paced.fleet.stored().book.incidents
    assert len(paced.fleet.pushes()) == 2
