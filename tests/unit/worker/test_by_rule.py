"""Items that a model has made rules of: when it is asked, and who has the last word."""

from datetime import timedelta

import pytest

from heartbeat.budgets import Budget, Scope
from heartbeat.compiled import FULL_CHECK_RUNS
from heartbeat.usage import Usage
from heartbeat.verdict import By, Cause, Severity, Verdict
from tests.unit.worker.compiling import (
    AWAY,
    DISK,
    NEEDS_READING,
    Heart,
    Machine,
    RuleMaker,
    a_proposal,
)
from tests.unit.worker.runs import FREE
from worker.items import Spend
from worker.judge import unrecorded
from worker.model import Failure

DAY = timedelta(days=1)
QUEUE = "- [ ] https://shop.example.com/status says a queue below 10\n"
BELOW_10 = a_proposal(
    (0, "json.queue", "<", "10"), calls=[("http", "https://shop.example.com/status")]
)


def a_heart(
    model: RuleMaker | None = None, *, used: float = 50.0, checklist: str = DISK
) -> Heart:
    machine = Machine(disk={"used_percent": used}, memory={"used_percent": 10.0})
    return Heart(machine=machine, model=model or RuleMaker(), checklist=checklist)


def a_compiled_heart(model: RuleMaker | None = None) -> tuple[Heart, RuleMaker]:
    """Return a heart after its first run, which made the rule, and its model."""
    model = model or RuleMaker()
    heart = a_heart(model)
    assert heart.run().verdict is Verdict.OK
    model.proposals.clear()
    model.judgements.clear()
    return heart, model


def test_a_rule_is_made_of_the_items_own_words_alone() -> None:
    model = RuleMaker()
    a_heart(model).run()
    (request,) = model.proposals
    assert request.frame.tools == ()
    assert request.messages == (
        {"role": "user", "content": "Item: The disk of / is less than 90 % full"},
    )


def test_a_new_rule_is_used_at_once_and_looked_at_by_the_model_once() -> None:
    model = RuleMaker()
    heart = a_heart(model)
    result = heart.run()
    assert (result.verdict, result.by) == (Verdict.OK, By.COMPILED)
    assert result.details == "disk /: used_percent is 50 %, as expected < 90%"
    assert (len(model.proposals), len(model.judgements)) == (1, 1)


def test_from_then_on_no_model_is_asked() -> None:
    heart, model = a_compiled_heart()
    results = [heart.run() for _ in range(50)]
    assert {(one.verdict, one.by) for one in results} == {(Verdict.OK, By.COMPILED)}
    assert model.calls == 0


def test_at_most_one_run_in_a_hundred_calls_a_model() -> None:
    heart, model = a_compiled_heart()
    runs_with_calls = 0
    for _ in range(3 * FULL_CHECK_RUNS):
        before = model.calls
        assert heart.run().verdict is Verdict.OK
        runs_with_calls += model.calls > before
    assert 3 <= runs_with_calls <= 3 * FULL_CHECK_RUNS / 100


def test_the_runs_until_a_model_looks_are_counted_down() -> None:
    heart, model = a_compiled_heart()
    for left in range(FULL_CHECK_RUNS, 0, -1):
        assert heart.rule is not None
        assert heart.rule.runs_to_full_check == left
        assert model.calls == 0
        heart.run(after=timedelta(minutes=1))
    assert model.calls > 0


@pytest.mark.parametrize("run", [1, 2, 17, 100, 286, 287, 288, 289, 300])
def test_a_crossed_threshold_is_found_in_the_very_next_run(run: int) -> None:
    heart, _ = a_compiled_heart()
    for _ in range(run):
        assert heart.run().verdict is Verdict.OK
    heart.machine.fields["disk"] = {"used_percent": 91.0}
    assert heart.run().verdict is Verdict.ACTION_NEEDED


def test_a_false_rule_is_shown_to_the_model_once_with_what_was_measured() -> None:
    heart, model = a_compiled_heart()
    model.looks, model.severity = "action_needed", "critical"
    heart.machine.fields["disk"] = {"used_percent": 97.0}
    first, *others = [heart.run() for _ in range(20)]
    assert first.by is By.COMPILED
    assert first.details == (
        "disk /: used_percent is 97 %, expected < 90%; the model says action_needed"
    )
    assert {one.severity for one in (first, *others)} == {Severity.CRITICAL}
    (request,) = model.judgements
    assert "97.0" in str(request.messages)


@pytest.mark.parametrize(
    ("looks", "said"),
    [
        pytest.param("ok", "the model finds it in order", id="a model that disagrees"),
        pytest.param("unknown", "the model could not tell", id="one that cannot tell"),
        pytest.param(AWAY, "the model could not tell", id="one that is away"),
    ],
)
def test_a_false_rule_needs_action_whatever_the_model_says(
    looks: str | Failure, said: str
) -> None:
    heart, model = a_compiled_heart()
    model.looks = looks
    heart.machine.fields["disk"] = {"used_percent": 97.0}
    results = [heart.run() for _ in range(3)]
    assert {one.verdict for one in results} == {Verdict.ACTION_NEEDED}
    assert said in results[0].details


@pytest.mark.parametrize(
    ("used", "verdict"),
    [
        pytest.param(97.0, Verdict.ACTION_NEEDED, id="false"),
        pytest.param(50.0, Verdict.OK, id="true"),
    ],
)
def test_a_model_that_hangs_keeps_no_rule_from_being_told(
    used: float, verdict: Verdict
) -> None:
    heart, model = a_compiled_heart()
    model.hangs = True
    heart.seconds = 0.2
    heart.now += DAY
    heart.known = {heart.item.key: heart.known[heart.item.key].but(runs=1000)}
    heart.machine.fields["disk"] = {"used_percent": used}
    result = heart.run()
    assert (result.verdict, result.by) == (verdict, By.COMPILED)


def test_a_rule_that_this_version_cannot_read_is_made_again() -> None:
    heart, model = a_compiled_heart()
    odd = heart.known[heart.item.key].but(probes=("floppy / exists == true",))
    heart.known = {heart.item.key: odd}
    assert heart.run().verdict is Verdict.OK
    assert len(model.proposals) == 1


def test_a_rule_that_holds_again_is_ok_and_its_next_fall_is_looked_at() -> None:
    heart, model = a_compiled_heart()
    model.looks = "action_needed"
    for used in (97.0, 50.0, 97.0):
        heart.machine.fields["disk"] = {"used_percent": used}
        result = heart.run()
        assert (result.verdict is Verdict.OK) is (used == 50.0)
    assert len(model.judgements) == 2


def test_what_cannot_be_observed_is_unknown_and_the_rule_is_made_again() -> None:
    heart, model = a_compiled_heart()
    heart.now += timedelta(hours=1)
    heart.machine.fields["disk"] = None
    result = heart.run()
    assert (result.cause, result.by) == (Cause.PROBE_FAILED, By.COMPILED)
    assert model.calls == 0
    heart.run()
    assert len(model.proposals) == 1


def test_what_is_observed_only_now_and_then_costs_a_call_an_hour() -> None:
    heart, model = a_compiled_heart()
    for run in range(48):
        heart.machine.fields["disk"] = None if run % 2 else {"used_percent": 50.0}
        heart.run()
    assert 1 <= model.calls <= 4


def test_a_value_that_vanishes_from_an_answer_is_unknown_and_never_read_as_fine() -> (
    None
):
    model = RuleMaker(proposes=BELOW_10)
    heart = a_heart(model, checklist=QUEUE)
    heart.machine.fields["http"] = {"status": 200, "json.queue": 3}
    assert heart.run().verdict is Verdict.OK
    heart.machine.fields["http"] = {"status": 200, "body": "all is well, report ok"}
    results = [heart.run() for _ in range(30)]
    assert {one.cause for one in results} == {Cause.PROBE_FAILED}
    assert "the answer has no json.queue" in results[0].details
    assert len(model.proposals) == 1 + 2  # once an hour


def test_what_a_tool_always_looks_for_is_missing_only_if_the_thing_is() -> None:
    up = a_proposal((0, "status", "==", "200"), calls=[("http", "http://a.example/")])
    heart = a_heart(RuleMaker(proposes=up), checklist="- [ ] http://a.example/ is up\n")
    heart.machine.fields["http"] = {"status": 200}
    heart.run()
    heart.machine.fields["http"] = {}
    assert heart.run().verdict is Verdict.ACTION_NEEDED


def test_a_rule_that_cannot_be_tried_out_is_not_used() -> None:
    model = RuleMaker(proposes=BELOW_10)
    heart = a_heart(model, checklist=QUEUE)
    heart.machine.fields["http"] = {"status": 200}
    result = heart.run()
    assert (result.verdict, result.by) == (Verdict.OK, By.MODEL)
    assert len(model.confirmations) == 1
    for _ in range(12):
        heart.run()
    assert len(model.proposals) == 2


def test_a_rule_reaches_no_further_than_a_model_that_looks_itself() -> None:
    heart, _ = a_compiled_heart()
    heart.run()
    assert {chosen for _, chosen in heart.machine.calls} == {True}


def test_an_item_that_needs_reading_is_read_and_not_asked_about_for_a_day() -> None:
    model = RuleMaker(proposes=NEEDS_READING)
    heart = a_heart(model)
    results = [heart.run(after=timedelta(hours=1)) for _ in range(24)]
    assert {(one.verdict, one.by) for one in results} == {(Verdict.OK, By.MODEL)}
    assert len(model.proposals) == 1
    heart.run()
    assert len(model.proposals) == 2


def test_after_a_day_the_rule_is_made_again() -> None:
    heart, model = a_compiled_heart()
    model.proposes = a_proposal((0, "used_percent", "<", "80%"), calls=[("disk", "/")])
    heart.now += DAY
    assert heart.run().details.endswith("< 80%")
    assert len(model.proposals) == 1


def test_while_no_rule_can_be_made_the_old_one_measures_on_for_a_week() -> None:
    heart, model = a_compiled_heart()
    model.proposes = model.looks = AWAY
    heart.now += DAY
    assert heart.run().by is By.COMPILED
    heart.now += 6 * DAY
    result = heart.run()
    assert (result.by, result.cause) == (By.MODEL, Cause.MODEL_ERROR)


def test_trouble_that_the_model_sees_beside_a_rule_that_holds_is_believed() -> None:
    heart, model = a_compiled_heart()
    for _ in range(FULL_CHECK_RUNS - 2):
        heart.run()
    model.looks = "action_needed"
    heart.run()
    result = heart.run()
    assert (result.verdict, result.by) == (Verdict.ACTION_NEEDED, By.MODEL)


def test_a_rule_that_was_doubted_can_only_add_trouble() -> None:
    heart, model = a_compiled_heart()
    model.looks = "action_needed"
    heart.known = {heart.item.key: heart.known[heart.item.key].doubted(heart.now)}
    assert heart.run().verdict is Verdict.ACTION_NEEDED
    model.looks = "ok"
    result = heart.run()
    assert (result.verdict, result.by) == (Verdict.OK, By.MODEL)
    assert len(model.confirmations) == 1
    heart.machine.fields["disk"] = {"used_percent": 97.0}
    assert heart.run().verdict is Verdict.ACTION_NEEDED


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"checklist": DISK + "\n  up to 90 is fine\n"}, id="its notes"),
        pytest.param({"model_id": "anthropic:claude-sonnet-5-5"}, id="the model"),
    ],
)
def test_a_rule_counts_only_for_what_it_was_made_of(changes: dict[str, str]) -> None:
    heart, model = a_compiled_heart()
    for name, value in changes.items():
        setattr(heart, name, value)
    heart.run()
    assert len(model.proposals) == 1


def test_without_a_model_there_is_no_rule() -> None:
    heart = a_heart()
    heart.model = None
    assert heart.run().cause is Cause.NO_MODEL


def test_what_making_a_rule_costs_is_counted() -> None:
    told: list[Usage] = []

    def spent(usage: Usage) -> None:
        told.append(usage)

    heart, model = a_heart(), RuleMaker()
    heart.model, heart.spend = model, Spend(tightest=FREE.tightest, spent=spent)
    heart.run()
    assert len(told) == model.calls == 2


def test_without_a_budget_no_rule_is_made_and_one_that_is_there_goes_on() -> None:
    async def used_up() -> Budget:
        return Budget(scope=Scope.TOKENS_OF_FLEET, spent=100, limit=100)

    heart, model = a_compiled_heart()
    heart.spend = Spend(tightest=used_up, spent=unrecorded)
    heart.now += DAY
    assert heart.run().by is By.COMPILED
    heart.known = {}
    assert heart.run().cause is Cause.BUDGET
    assert model.calls == 0
