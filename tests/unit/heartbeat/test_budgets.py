"""The ladder, and what it stands on."""

import pytest

from heartbeat.budgets import (
    Allowance,
    Budget,
    Rung,
    Scope,
    SpendingLimits,
    allowance,
    thrifty,
    tightest,
)
from heartbeat.models import ModelId
from heartbeat.settings import Settings
from heartbeat.usage import Usage
from heartbeat.verdict import Severity

HAIKU = ModelId(provider="anthropic", name="claude-haiku-5-5")
SONNET = ModelId(provider="anthropic", name="claude-sonnet-5-5")
LOCAL = ModelId(provider="anthropic", name="qwen3")


def a_budget(
    spent: int, limit: int = 1000, scope: Scope = Scope.TOKENS_OF_FLEET
) -> Budget:
    return Budget(scope=scope, spent=spent, limit=limit)


@pytest.mark.parametrize(
    ("spent", "limit", "rung"),
    [
        (0, 1000, Rung.NORMAL),
        (799, 1000, Rung.NORMAL),
        (800, 1000, Rung.CHEAPER),
        (899, 1000, Rung.CHEAPER),
        (900, 1000, Rung.CRITICAL),
        (999, 1000, Rung.CRITICAL),
        (1000, 1000, Rung.STOPPED),
        (5000, 1000, Rung.STOPPED),
        (0, 0, Rung.STOPPED),
        (0, 1, Rung.NORMAL),
    ],
)
def test_the_rung_follows_from_the_part_that_is_spent(
    spent: int, limit: int, rung: Rung
) -> None:
    assert a_budget(spent, limit).rung is rung


@pytest.mark.parametrize(
    ("rung", "severity", "allowed"),
    [
        (Rung.NORMAL, Severity.WARNING, Allowance.AS_ASKED),
        (Rung.NORMAL, Severity.CRITICAL, Allowance.AS_ASKED),
        (Rung.CHEAPER, Severity.WARNING, Allowance.CHEAPER),
        (Rung.CHEAPER, Severity.CRITICAL, Allowance.CHEAPER),
        (Rung.CRITICAL, Severity.WARNING, Allowance.NONE),
        (Rung.CRITICAL, Severity.CRITICAL, Allowance.CHEAPER),
        (Rung.STOPPED, Severity.WARNING, Allowance.NONE),
        (Rung.STOPPED, Severity.CRITICAL, Allowance.NONE),
    ],
)
def test_what_an_item_may_cost_follows_from_rung_and_severity(
    rung: Rung, severity: Severity, allowed: Allowance
) -> None:
    assert allowance(rung, severity) is allowed


def test_the_budget_of_which_most_is_spent_decides() -> None:
    half, most, none_left = a_budget(500), a_budget(9, 10), a_budget(0, 0)
    assert tightest([half, most]) is most
    assert tightest([half, none_left, most]) is none_left


@pytest.mark.parametrize(
    ("model", "cheap", "chosen"),
    [
        pytest.param(SONNET, HAIKU, HAIKU, id="a dearer one gives way"),
        pytest.param(HAIKU, SONNET, HAIKU, id="a cheaper one stays"),
        pytest.param(LOCAL, HAIKU, LOCAL, id="one without a price stays"),
        pytest.param(SONNET, LOCAL, LOCAL, id="and takes the place of a priced one"),
    ],
)
def test_only_a_dearer_model_gives_way(
    model: ModelId, cheap: ModelId, chosen: ModelId
) -> None:
    assert thrifty(model, cheap) == chosen


def test_limits_come_from_the_settings_each_in_its_unit() -> None:
    limits = SpendingLimits.from_settings(
        Settings(max_tokens_per_run=7, max_dollars_per_run=0.25)
    )
    usage = Usage(input_tokens=3, micro_dollars=4)
    for scope, spent, limit in (
        (Scope.TOKENS_OF_RUN, 3, 7),
        (Scope.DOLLARS_OF_RUN, 4, 250_000),
        (Scope.DOLLARS_OF_HEARTBEAT, 4, 5_000_000),
        (Scope.DOLLARS_OF_OWNER, 4, 20_000_000),
        (Scope.TOKENS_OF_FLEET, 3, 2_000_000),
    ):
        found = limits.budget(scope, scope.measure(usage))
        assert (found.spent, found.limit) == (spent, limit)


@pytest.mark.parametrize(
    ("budget", "told"),
    [
        (
            a_budget(1_500, 1_000),
            "1,500 tokens of 1,000 tokens for this UTC day are spent"
            " (HEARTBEAT_MAX_TOKENS_PER_DAY)",
        ),
        (
            a_budget(4_020_000, 5_000_000, Scope.DOLLARS_OF_HEARTBEAT),
            "$4.02 of $5.00 for this UTC day are spent"
            " (HEARTBEAT_MAX_DOLLARS_PER_HEARTBEAT_DAY)",
        ),
        (
            a_budget(500_000, 500_000, Scope.DOLLARS_OF_RUN),
            "$0.50 of $0.50 for this run are spent (HEARTBEAT_MAX_DOLLARS_PER_RUN)",
        ),
    ],
)
def test_a_budget_says_what_is_spent_and_which_setting_that_is(
    budget: Budget, told: str
) -> None:
    assert budget.told() == told
