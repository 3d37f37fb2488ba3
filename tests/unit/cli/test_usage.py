"""What people see of usage and budgets."""

import io

import pytest

from heartbeat.cli.output import Output
from heartbeat.cli.usage import shown
from heartbeat.replies import UsageReport
from heartbeat.views import BudgetView, UsageOfDay

DAY = "2026-11-24"


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no line be broken."""
    monkeypatch.setenv("COLUMNS", "140")


def a_day(schedule_id: str | None, **fields: float) -> UsageOfDay:
    return UsageOfDay.model_validate(
        {
            "day": DAY, "scheduleId": schedule_id, "calls": 3,
            "inputTokens": 1_234_567, "outputTokens": 5, **fields,
        }
    )  # fmt: skip


def text_of(*days: UsageOfDay, budgets: tuple[BudgetView, ...] = ()) -> str:
    report = UsageReport(
        id="1", owner="ann", days=days, totals=(a_day(None, dollars=9.5),),
        budgets=budgets, prices_of="2026-11-22",
    )  # fmt: skip
    out = io.StringIO()
    output = Output(out=out, errors=out, as_json=False, no_color=True)
    output.show(report, lambda: shown(report, is_of_one=len(days) == 1))
    return out.getvalue()


def test_costs_are_shown_as_far_as_they_are_known() -> None:
    text = text_of(
        a_day("priced", dollars=0.25),
        a_day("partly", dollars=0.25, unpricedCalls=2),
        a_day("local", unpricedCalls=3),
        a_day("little", dollars=0.00002),
    )
    costs = [line.rstrip().split("  ")[-1].strip() for line in text.splitlines()[1:5]]
    assert costs == ["$0.2500", "$0.2500 + 2 unpriced", "unknown", "<$0.0001"]
    assert "1,234,567" in text
    assert "$9.5000" in text
    assert "list prices of 2026-11-22" in text


def test_the_sum_of_all_is_left_out_where_one_was_asked_for() -> None:
    assert "$9.5" not in text_of(a_day("hb", dollars=0.25))


def test_nothing_spent_is_said() -> None:
    assert "no model was called" in text_of()


def test_budgets_show_state_and_what_is_left_in_their_unit() -> None:
    text = text_of(
        budgets=(
            BudgetView(
                setting="MAX_DOLLARS", state="critical", limit=5, spent=4.6, left=0.4
            ),
            BudgetView(setting="MAX_TOKENS", limit=500_000),
            BudgetView(setting="OF_FLEET", state="stopped"),
        )
    )
    lines = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line}
    assert lines["MAX_DOLLARS"] == ["critical", "$5.00", "$4.60", "$0.40"]
    assert lines["MAX_TOKENS"] == ["each", "500,000", "tokens"]
    assert lines["OF_FLEET"] == ["stopped"]
