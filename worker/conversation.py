"""The conversation about one item: a reply in, the next thing to do out.

Pure: no clock, no waiting, no provider. Every way to end without a believed verdict
is a `GiveUp` with its cause.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from heartbeat.checklist import Item
from heartbeat.tools import Observation, ToolCall, Unobserved
from heartbeat.verdict import Cause
from worker.answer import (
    ANSWER_SCHEMA,
    Finish,
    GiveUp,
    Unreadable,
    believe,
    read_answer,
)
from worker.model import Failure, Frame, JsonObject, ModelRequest, Reply, ToolUse
from worker.prompt import (
    SYSTEM,
    TOOLS,
    Shown,
    describe,
    read_call,
    result_block,
    show,
    show_error,
    use_block,
)

FRAME = Frame(system=SYSTEM, tools=TOOLS, schema=ANSWER_SCHEMA)

#: Calls of one reply that are carried out; a model that asks for more is told so.
MAX_CALLS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTools:
    """Carry out these calls, hand the outcomes to `take` in this order, ask again."""

    calls: tuple[ToolCall, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """Ask again: the model has been told that its text was not a verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GoOn:
    """Ask again: the model paused."""


Decision = CallTools | Repair | GoOn | Finish | GiveUp

#: Stop reasons after which nothing in the reply may be used.
_ENDS = MappingProxyType(
    {
        "refusal": (Cause.REFUSAL, "the model refused"),
        "max_tokens": (Cause.TRUNCATED, "the model ran out of output tokens"),
        "model_context_window_exceeded": (
            Cause.TRUNCATED,
            "the conversation outgrew the model's context window",
        ),
    }
)

#: Stop reasons after which a reply without tool calls is the model's last word.
_LAST_WORDS = frozenset({"end_turn", "stop_sequence"})

#: Stop reasons with which tool calls are meant; not every server says `tool_use`.
_MAY_CALL = _LAST_WORDS | {"tool_use", "pause_turn"}


class Conversation:
    """One item's conversation; append-only, as signed thinking blocks require.

    Ask the model `request()`, give the reply to `next`, do what it says. After
    `CallTools`, `take` the outcomes before the next `request()`.
    """

    def __init__(
        self, item: Item, *, evidence: Sequence[Observation], max_steps: int
    ) -> None:
        self.steps = 0
        self._max_steps = max_steps
        self._repaired = False
        self._messages: list[JsonObject] = []
        self._observed: dict[str, str] = {}
        self._asked: list[tuple[ToolUse, ToolCall | str]] = []
        self._say("user", describe(item))
        self._present(evidence)

    def request(self) -> ModelRequest:
        """Return the next request; the last one that is allowed says so."""
        return ModelRequest(
            frame=FRAME,
            messages=tuple(self._messages),
            last=self.steps + 1 >= self._max_steps,
        )

    def next(self, reply: Reply | Failure) -> Decision:
        """Decide by the reply's stop reason and content."""
        self.steps += 1
        if isinstance(reply, Failure):
            return GiveUp(cause=reply.cause, why=reply.why)
        reason = reply.stop_reason or ""
        if reason in _ENDS:
            cause, why = _ENDS[reason]
            detail = f" ({reply.refused_for})" if reply.refused_for else ""
            return GiveUp(cause=cause, why=why + detail)
        if reply.tool_uses and reason in _MAY_CALL:
            return self._call_tools(reply)
        if reason == "pause_turn":
            return self._go_on(reply)
        if reason in _LAST_WORDS:
            return self._conclude(reply)
        why = f"the model stopped with {reply.stop_reason!r}, which leads nowhere"
        return GiveUp(cause=Cause.MODEL_ERROR, why=why)

    def take(self, outcomes: Sequence[Observation | Unobserved]) -> None:
        """Answer every tool call of the last reply, in one message."""
        left = iter(outcomes)
        blocks = [
            self._answer(use, next(left) if isinstance(call, ToolCall) else call)
            for use, call in self._asked
        ]
        self._asked = []
        self._say("user", blocks)

    def _call_tools(self, reply: Reply) -> Decision:
        if self._is_over:
            return self._too_many_steps()
        uses = reply.tool_uses
        self._asked = [(use, read_call(use)) for use in uses[:MAX_CALLS]]
        too_many = f"expected at most {MAX_CALLS} tool calls at once, got {len(uses)}"
        self._asked += [(use, too_many) for use in uses[MAX_CALLS:]]
        self._say("assistant", reply.content)
        calls = tuple(call for _, call in self._asked if isinstance(call, ToolCall))
        return CallTools(calls=calls)

    def _conclude(self, reply: Reply) -> Decision:
        answer = read_answer(reply.text)
        if not isinstance(answer, Unreadable):
            return believe(answer, self._observed)
        # A blank turn cannot be sent back, so there is nothing to repair.
        if self._repaired or self._is_over or not reply.text.strip():
            why = f"the model gave no verdict ({answer.problem})"
            return GiveUp(cause=Cause.BAD_VERDICT, why=why)
        self._repaired = True
        self._say("assistant", reply.content)
        self._say(
            "user",
            f"That is not the verdict ({answer.problem})."
            " Answer with the JSON object alone.",
        )
        return Repair()

    def _go_on(self, reply: Reply) -> Decision:
        if self._is_over:
            return self._too_many_steps()
        if not reply.content:
            return GiveUp(
                cause=Cause.MODEL_ERROR, why="the model paused saying nothing"
            )
        self._say("assistant", reply.content)
        return GoOn()

    @property
    def _is_over(self) -> bool:
        return self.steps >= self._max_steps

    def _too_many_steps(self) -> GiveUp:
        why = f"the model gave no verdict in {self._max_steps} steps"
        return GiveUp(cause=Cause.STEP_CAP, why=why)

    def _present(self, evidence: Sequence[Observation]) -> None:
        """Show what was observed beforehand as calls that have been answered."""
        if not evidence:
            return
        named = [(f"probe-{n}", seen) for n, seen in enumerate(evidence, start=1)]
        self._say("assistant", [use_block(name, seen.call) for name, seen in named])
        self._say("user", [self._result(name, show(seen)) for name, seen in named])

    def _answer(
        self, use: ToolUse, outcome: Observation | Unobserved | str
    ) -> JsonObject:
        if isinstance(outcome, str):
            return self._result(use.id, show_error(outcome, head={"tool": use.name}))
        return self._result(use.id, show(outcome))

    def _result(self, use_id: str, shown: Shown) -> JsonObject:
        if not shown.is_error:
            self._observed[use_id] = shown.quotable
        return result_block(use_id, shown)

    def _say(self, role: str, content: str | Sequence[JsonObject]) -> None:
        self._messages.append({"role": role, "content": content})
