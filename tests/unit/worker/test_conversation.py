"""The conversation's decisions, reply by reply."""

import json
from collections.abc import Mapping

import pytest

from heartbeat.tools import Observation, ToolCall, Unobserved
from heartbeat.verdict import Cause, Severity, Verdict
from tests.messages_api import text, thinking, tool_use, verdict
from tests.unit.worker.builders import a_reply, an_item, seen
from worker.answer import Finish, GiveUp
from worker.conversation import MAX_CALLS, CallTools, Conversation, GoOn, Repair
from worker.model import Failure

LOAD = tool_use("load", "t1")


def a_conversation(*evidence: Observation, max_steps: int = 5) -> Conversation:
    return Conversation(an_item(), evidence=evidence, max_steps=max_steps)


def after_a_look() -> Conversation:
    """Return a conversation in which `load` answered under the id t1."""
    conversation = a_conversation()
    conversation.next(a_reply(LOAD))
    conversation.take([seen("load", load1=0.5, text="load average 0.50")])
    return conversation


def results_of(conversation: Conversation) -> list[Mapping[str, object]]:
    content = conversation.request().messages[-1]["content"]
    assert isinstance(content, list)
    return content


def shown(block: Mapping[str, object]) -> dict[str, object]:
    envelope = json.loads(str(block["content"]))
    assert isinstance(envelope, dict)
    return envelope


def assert_gives_up(decision: object, cause: Cause) -> None:
    assert isinstance(decision, GiveUp)
    assert decision.cause is cause


def test_a_tool_call_is_handed_out_and_its_result_goes_back() -> None:
    conversation = a_conversation()

    decision = conversation.next(a_reply(LOAD))
    conversation.take([seen("load", load1=0.5, text="load average 0.50")])

    assert decision == CallTools(calls=(ToolCall(tool="load"),))
    (block,) = results_of(conversation)
    assert block["tool_use_id"] == "t1"
    assert shown(block)["fields"] == {"load1": 0.5}


def test_ok_with_a_true_quote_is_believed() -> None:
    decision = after_a_look().next(a_reply(verdict("ok", ("t1", "average 0.50"))))

    assert decision == Finish(
        verdict=Verdict.OK,
        severity=Severity.WARNING,
        details="as observed",
        quotes=("average 0.50",),
    )


def test_ok_may_quote_a_field() -> None:
    decision = after_a_look().next(a_reply(verdict("ok", ("t1", '"load1": 0.5'))))

    assert isinstance(decision, Finish)


@pytest.mark.parametrize(
    "quotes",
    [
        pytest.param([], id="no quote"),
        pytest.param([("t1", "average 9.99")], id="made up"),
        pytest.param([("t2", "average 0.50")], id="of another call"),
        pytest.param([("t1", " ")], id="blank"),
        pytest.param([("t1", '"')], id="punctuation"),
        pytest.param([("t1", "average 0.50"), ("t1", "x9")], id="one of two made up"),
    ],
)
def test_ok_without_true_quotes_is_not_believed(quotes: list[tuple[str, str]]) -> None:
    decision = after_a_look().next(a_reply(verdict("ok", *quotes)))

    assert_gives_up(decision, Cause.NO_EVIDENCE)


def test_ok_without_any_look_is_not_believed() -> None:
    decision = a_conversation().next(a_reply(verdict("ok", ("t1", "fine"))))

    assert_gives_up(decision, Cause.NO_EVIDENCE)


def test_ok_with_a_quote_of_a_failed_call_is_not_believed() -> None:
    conversation = a_conversation()
    conversation.next(a_reply(LOAD))
    conversation.take([Unobserved(call=ToolCall(tool="load"), why="not allowed")])

    decision = conversation.next(a_reply(verdict("ok", ("t1", "not allowed"))))

    assert_gives_up(decision, Cause.NO_EVIDENCE)


def test_evidence_from_probes_counts_as_observed() -> None:
    conversation = a_conversation(seen("disk", "/", used_percent=41.5, text="41.5 %"))

    _, call, result = conversation.request().messages
    decision = conversation.next(a_reply(verdict("ok", ("probe-1", "41.5 %"))))

    assert call["content"] == [tool_use("disk", "probe-1", path="/")]
    assert "41.5 %" in str(result)
    assert isinstance(decision, Finish)


def test_action_needed_is_believed_without_quotes() -> None:
    decision = a_conversation().next(
        a_reply(verdict("action_needed", severity="critical", details="disk full"))
    )

    assert decision == Finish(
        verdict=Verdict.ACTION_NEEDED, severity=Severity.CRITICAL, details="disk full"
    )


def test_a_model_that_cannot_tell_is_unknown_in_its_own_words() -> None:
    decision = a_conversation().next(
        a_reply(verdict("unknown", details="no such tool"))
    )

    assert decision == GiveUp(cause=Cause.NO_EVIDENCE, why="no such tool")


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("refusal", Cause.REFUSAL),
        ("max_tokens", Cause.TRUNCATED),
        ("model_context_window_exceeded", Cause.TRUNCATED),
        ("compaction", Cause.MODEL_ERROR),
        (None, Cause.MODEL_ERROR),
        ("tool_use", Cause.MODEL_ERROR),
    ],
)
def test_a_verdict_under_another_stop_reason_is_not_read(
    reason: str | None, cause: Cause
) -> None:
    reply = a_reply(verdict("ok", ("t1", "average 0.50")), stop_reason=reason)

    assert_gives_up(after_a_look().next(reply), cause)


def test_a_refusal_says_its_category() -> None:
    reply = a_reply(stop_reason="refusal", refused_for="cyber")

    decision = a_conversation().next(reply)

    assert decision == GiveUp(cause=Cause.REFUSAL, why="the model refused (cyber)")


def test_a_failure_ends_it_with_its_own_cause() -> None:
    failure = Failure(cause=Cause.MODEL_LIMITED, why="too many requests")

    decision = a_conversation().next(failure)

    assert decision == GiveUp(cause=Cause.MODEL_LIMITED, why="too many requests")


def test_text_that_is_no_verdict_is_repaired_once() -> None:
    conversation = after_a_look()

    first = conversation.next(a_reply(text("All is fine.")))
    told = conversation.request().messages[-1]
    second = conversation.next(a_reply(verdict("ok", ("t1", "average 0.50"))))

    assert first == Repair()
    assert told["role"] == "user"
    assert "not the verdict" in str(told["content"])
    assert isinstance(second, Finish)


def test_text_that_is_no_verdict_twice_is_a_bad_verdict() -> None:
    conversation = a_conversation()
    conversation.next(a_reply(text("All is fine.")))

    decision = conversation.next(a_reply(text("Really, all is fine.")))

    assert_gives_up(decision, Cause.BAD_VERDICT)


@pytest.mark.parametrize(
    "blocks", [(), (text(" \n"),), (thinking(),)], ids=["none", "blank", "thinking"]
)
def test_an_empty_last_word_is_a_bad_verdict(
    blocks: tuple[dict[str, object], ...],
) -> None:
    assert_gives_up(a_conversation().next(a_reply(*blocks)), Cause.BAD_VERDICT)


def test_thinking_goes_back_unchanged_before_the_call() -> None:
    conversation = a_conversation()
    blocks = (thinking("hm"), text("Let me look."), LOAD)

    decision = conversation.next(a_reply(*blocks))

    assert isinstance(decision, CallTools)
    said = conversation.request().messages[-1]
    assert said == {"role": "assistant", "content": list(blocks)}


def test_a_verdict_behind_a_thinking_block_is_found() -> None:
    reply = a_reply(thinking(), verdict("ok", ("t1", "average 0.50")))

    assert isinstance(after_a_look().next(reply), Finish)


def test_a_pause_goes_on() -> None:
    conversation = a_conversation()

    decision = conversation.next(a_reply(text("…"), stop_reason="pause_turn"))

    assert decision == GoOn()
    assert conversation.request().messages[-1]["role"] == "assistant"


def test_an_empty_pause_leads_nowhere() -> None:
    decision = a_conversation().next(a_reply(stop_reason="pause_turn"))

    assert_gives_up(decision, Cause.MODEL_ERROR)


@pytest.mark.parametrize("reason", ["tool_use", "end_turn", "pause_turn"])
def test_a_model_that_never_stops_meets_the_cap(reason: str) -> None:
    conversation = a_conversation(max_steps=5)
    rounds = 0
    while isinstance(
        decision := conversation.next(a_reply(LOAD, stop_reason=reason)), CallTools
    ):
        rounds += 1
        conversation.take([seen("load", load1=0.5)])

    assert_gives_up(decision, Cause.STEP_CAP)
    assert (conversation.steps, rounds) == (5, 4)


def test_pauses_meet_the_cap() -> None:
    conversation = a_conversation(max_steps=1)

    decision = conversation.next(a_reply(text("…"), stop_reason="pause_turn"))

    assert_gives_up(decision, Cause.STEP_CAP)


def test_there_is_no_repair_after_the_last_step() -> None:
    decision = a_conversation(max_steps=1).next(a_reply(text("fine")))

    assert_gives_up(decision, Cause.BAD_VERDICT)


def test_only_the_last_request_says_so_and_tools_and_orders_never_change() -> None:
    conversation = a_conversation(max_steps=2)
    first = conversation.request()
    conversation.next(a_reply(LOAD))
    conversation.take([seen("load", load1=0.5)])
    second = conversation.request()

    assert (first.last, second.last) == (False, True)
    assert first.frame is second.frame
    assert second.messages[: len(first.messages)] == first.messages


def test_parallel_calls_are_answered_in_one_message_in_order() -> None:
    conversation = a_conversation()

    decision = conversation.next(
        a_reply(LOAD, tool_use("nmap", "t2"), tool_use("memory", "t3"))
    )
    conversation.take([seen("load", load1=0.5), seen("memory", used_percent=40.0)])

    assert decision == CallTools(calls=(ToolCall(tool="load"), ToolCall(tool="memory")))
    blocks = results_of(conversation)
    assert [block["tool_use_id"] for block in blocks] == ["t1", "t2", "t3"]
    assert [block.get("is_error", False) for block in blocks] == [False, True, False]
    assert "got 'nmap'" in str(shown(blocks[1])["error"])


def test_a_reply_of_wrong_calls_only_is_answered_without_a_tool() -> None:
    conversation = a_conversation()

    decision = conversation.next(a_reply(tool_use("disk", "t1", folder="/")))
    conversation.take([])

    assert decision == CallTools(calls=())
    (block,) = results_of(conversation)
    assert shown(block)["error"] == "expected the arguments ['path'], got ['folder']"


def test_too_many_calls_at_once_are_refused_beyond_the_limit() -> None:
    conversation = a_conversation()

    decision = conversation.next(
        a_reply(*(tool_use("load", f"t{n}") for n in range(MAX_CALLS + 2)))
    )
    conversation.take([seen("load", load1=0.5)] * MAX_CALLS)

    assert isinstance(decision, CallTools)
    assert len(decision.calls) == MAX_CALLS
    errors = [block.get("is_error", False) for block in results_of(conversation)]
    assert errors == [False] * MAX_CALLS + [True, True]
