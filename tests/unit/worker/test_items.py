"""Judging the items of one run: order, time, and what one item does to the others."""

import asyncio
from collections.abc import Sequence

import pytest

from heartbeat.budgets import Budget, Scope
from heartbeat.checklist import parse_checklist
from heartbeat.errors import InvalidModel
from heartbeat.usage import Usage
from heartbeat.verdict import By, Cause, ItemResult, Severity, Verdict
from tests.unit.worker.builders import ScriptedModel, a_reply
from tests.unit.worker.runs import FREE, MODEL, RULE, FakeTools
from worker.items import FindModel, ItemJudge, Spend
from worker.judge import Limits, unrecorded
from worker.model import Failure, Model, ModelRequest, Reply

ALARM = (
    '{"status": "action_needed", "severity": "warning", "details": "odd",'
    ' "evidence": []}'
)


def an_alarm() -> Reply:
    return a_reply({"type": "text", "text": ALARM})


def judge_all(
    checklist: str,
    *,
    tools: FakeTools | None = None,
    model: Model | None = None,
    find_model: FindModel = lambda _: None,
    find_cheaper: FindModel = lambda _: None,
    spend: Spend = FREE,
    seconds: float = 5.0,
    head_start_seconds: float = 5.0,
) -> Sequence[ItemResult]:
    """Judge a checklist; results in its order."""
    judge = ItemJudge(
        tools=tools or FakeTools(),
        model=model,
        find_model=find_model,
        find_cheaper=find_cheaper,
        spend=spend,
        limits=Limits(),
        parallel_items=4,
        head_start_seconds=head_start_seconds,
    )

    async def run() -> list[ItemResult]:
        judged = await judge.judge_all(
            parse_checklist(checklist).items,
            ends=asyncio.get_running_loop().time() + seconds,
            on_result=lambda _: None,
        )
        return [one.result for one in judged]

    return asyncio.run(run())


class HangingModel:
    """Never answers about one item, at once about the others."""

    def __init__(self, hangs_for: str) -> None:
        self.hangs_for = hangs_for

    async def reply(self, request: ModelRequest) -> Reply | Failure:
        if self.hangs_for in str(request.messages[0]):
            await asyncio.Event().wait()
        return an_alarm()


def test_without_a_model_rules_are_judged_all_the_same() -> None:
    by_rule, by_model = judge_all(RULE + MODEL)
    assert by_rule.verdict is Verdict.OK
    assert (by_model.cause, by_model.by) == (Cause.NO_MODEL, By.MODEL)


def test_the_model_judges_what_no_rule_does() -> None:
    by_rule, by_model = judge_all(RULE + MODEL, model=ScriptedModel(an_alarm()))
    assert (by_rule.by, by_rule.verdict) == (By.RULE, Verdict.OK)
    assert (by_model.by, by_model.verdict) == (By.MODEL, Verdict.ACTION_NEEDED)


def spent_to(percent: int) -> Spend:
    """Return a budget of which so much is spent."""

    async def tightest() -> Budget:
        return Budget(scope=Scope.TOKENS_OF_FLEET, spent=percent, limit=100)

    return Spend(tightest=tightest, spent=unrecorded)


def test_with_the_budget_used_up_rules_are_judged_all_the_same() -> None:
    model = ScriptedModel(an_alarm())
    by_rule, by_model = judge_all(RULE + MODEL, model=model, spend=spent_to(100))
    assert by_rule.verdict is Verdict.OK
    assert by_model.cause is Cause.BUDGET
    assert "HEARTBEAT_MAX_TOKENS_PER_DAY" in by_model.details
    assert model.requests == []


def test_the_cheaper_model_judges_when_money_runs_short() -> None:
    dear, cheap = ScriptedModel(an_alarm()), ScriptedModel(an_alarm())
    asked: list[str | None] = []

    def find_cheaper(name: str | None) -> Model:
        asked.append(name)
        return cheap

    (result,) = judge_all(
        MODEL, model=dear, find_cheaper=find_cheaper, spend=spent_to(80)
    )
    assert result.verdict is Verdict.ACTION_NEEDED
    assert (len(dear.requests), len(cheap.requests), asked) == (0, 1, [None])


def test_near_the_end_only_critical_items_are_judged() -> None:
    model = ScriptedModel(an_alarm())
    critical = "- [ ] the shop sells {severity=critical}\n"
    usual, grave = judge_all(MODEL + critical, model=model, spend=spent_to(90))
    assert (usual.cause, grave.verdict) == (Cause.BUDGET, Verdict.ACTION_NEEDED)
    assert "only critical items" in usual.details


def test_an_item_that_has_begun_stops_where_the_budget_ends() -> None:
    percents = iter([0, 0, 100])

    async def tightest() -> Budget:
        return await spent_to(next(percents)).tightest() or pytest.fail("no budget")

    look = a_reply({"type": "tool_use", "id": "t", "name": "load", "input": {}})
    model = ScriptedModel(look)
    (result,) = judge_all(
        MODEL, model=model, spend=Spend(tightest=tightest, spent=unrecorded)
    )
    assert (result.cause, len(model.requests)) == (Cause.BUDGET, 1)


def test_what_is_spent_is_told() -> None:
    told: list[Usage] = []

    def spent(usage: Usage) -> None:
        told.append(usage)

    spend = Spend(tightest=FREE.tightest, spent=spent)
    judge_all(MODEL, model=ScriptedModel(an_alarm()), spend=spend)
    assert told == [Usage(calls=1, input_tokens=10, output_tokens=2)]


def test_one_item_that_crashes_does_not_take_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    crashing = FakeTools(RuntimeError("a bug"))
    model = ScriptedModel(an_alarm())
    broken, fine = judge_all(RULE + MODEL, tools=crashing, model=model)
    assert (broken.cause, broken.by) == (Cause.INTERNAL, By.RULE)
    assert "a bug" not in broken.details
    assert "a bug" in caplog.text
    assert fine.verdict is Verdict.ACTION_NEEDED


def test_what_is_not_judged_in_time_is_unknown() -> None:
    hanging = FakeTools(gate=asyncio.Event())
    (result,) = judge_all(RULE, tools=hanging, seconds=0.05)
    assert result.cause is Cause.DEADLINE


def test_a_rule_in_time_counts_beside_a_model_that_hangs() -> None:
    by_rule, by_model = judge_all(RULE + MODEL, model=HangingModel("odd"), seconds=0.05)
    assert by_rule.verdict is Verdict.OK
    assert by_model.cause is Cause.DEADLINE


def test_a_first_item_that_hangs_does_not_use_up_the_time_of_the_others() -> None:
    first, second = judge_all(
        "- [ ] the slow one\n- [ ] the other\n",
        model=HangingModel("the slow one"),
        seconds=0.5,
        head_start_seconds=0.05,
    )
    assert first.cause is Cause.DEADLINE
    assert second.verdict is Verdict.ACTION_NEEDED


def test_the_first_item_for_the_model_is_asked_alone() -> None:
    under_way: list[int] = []
    now = 0

    class Counting:
        async def reply(self, request: ModelRequest) -> Reply | Failure:
            nonlocal now
            now += 1
            under_way.append(now)
            await asyncio.sleep(0)
            now -= 1
            return an_alarm()

    judge_all("- [ ] a\n- [ ] b\n- [ ] c\n", model=Counting())
    assert under_way == [1, 1, 2]


def test_severity_of_the_item_is_kept_when_it_is_not_judged() -> None:
    (result,) = judge_all("- [ ] the shop sells {severity=critical}\n")
    assert result.severity is Severity.CRITICAL


OTHER = "- [ ] the prices are right {model=anthropic:claude-sonnet-5-5}\n"


def test_an_item_may_name_its_own_model() -> None:
    general, own = ScriptedModel(an_alarm()), ScriptedModel(an_alarm())
    names: list[str | None] = []

    def find(name: str | None) -> Model:
        names.append(name)
        return own

    judge_all(RULE + MODEL + OTHER, model=general, find_model=find)
    assert names == ["anthropic:claude-sonnet-5-5"]
    assert (len(general.requests), len(own.requests)) == (1, 1)


def test_a_model_that_is_gone_by_now_makes_only_its_item_unknown() -> None:
    def find(name: str | None) -> Model:
        raise InvalidModel(f"expected a model that still answers, got {name!r}")

    first, second = judge_all(
        OTHER + MODEL, model=ScriptedModel(an_alarm()), find_model=find
    )
    assert (first.cause, first.by) == (Cause.MODEL_REJECTED, By.MODEL)
    assert "claude-sonnet-5-5" in first.details
    assert second.verdict is Verdict.ACTION_NEEDED


def test_without_a_model_configured_no_item_has_one() -> None:
    assert judge_all(OTHER)[0].cause is Cause.NO_MODEL


def test_the_first_item_of_one_model_keeps_no_other_model_waiting() -> None:
    hanging = HangingModel("nothing looks odd")
    first, second = judge_all(
        MODEL + OTHER,
        model=hanging,
        find_model=lambda _: ScriptedModel(an_alarm()),
        seconds=0.1,
    )
    assert first.cause is Cause.DEADLINE
    assert second.verdict is Verdict.ACTION_NEEDED
