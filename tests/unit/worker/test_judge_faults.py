"""One thing goes wrong at any single point of the loop: the item is never ok.

The undisturbed run looks three times in two rounds and rests its ok on all three
observations. Each case disturbs it at one point.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from heartbeat.tools import Observation, ToolCall, Unobserved
from heartbeat.usage import Usage
from heartbeat.verdict import Cause, Verdict
from tests.messages_api import text, tool_use, verdict
from tests.unit.worker.builders import a_reply, an_item, seen
from worker.judge import Judged, Limits, judge_item
from worker.model import Failure, ModelRequest, Reply

VERDICT = verdict("ok", ("t0", "mark-0"), ("t1", "mark-1"), ("t2", "mark-2"))
SCRIPT = (
    a_reply(tool_use("load", "t0"), tool_use("memory", "t1")),
    a_reply(tool_use("disk", "t2", path="/")),
    a_reply(VERDICT),
)
ERRORS = (
    RuntimeError("x"),
    ValueError("x"),
    KeyError("x"),
    TypeError("x"),
    OSError(5, "x"),
    ConnectionResetError(),
    TimeoutError(),
    RecursionError(),
    AssertionError(),
    ExceptionGroup("x", [ValueError()]),
)
HANG = "hang"
#: Long enough to come to where it hangs, on a busy machine too.
HANGING = Limits(deadline=timedelta(milliseconds=300))


@dataclass
class Disturbed:
    """The run, with a fault at one call of one collaborator."""

    where: str
    at: int
    fault: object
    calls: dict[str, int] = field(default_factory=dict)

    async def judge(self) -> Judged:
        return await judge_item(
            an_item(),
            evidence=(),
            model=self,
            observe=self.observe,
            limits=HANGING if self.fault == HANG else Limits(),
            may_call=self.may_call,
            spent=self.spent,
        )

    async def reply(self, request: ModelRequest) -> Reply | Failure:
        step = SCRIPT[min(self.calls.get("reply", 0), len(SCRIPT) - 1)]
        fault = await self._meet("reply")
        return fault if isinstance(fault, Reply | Failure) else step

    async def observe(self, call: ToolCall) -> Observation | Unobserved:
        mark = f"mark-{self.calls.get('observe', 0)}"
        fault = await self._meet("observe")
        if isinstance(fault, Observation | Unobserved):
            return replace(fault, call=call)
        return seen(call.tool, *call.arguments, text=mark)

    async def may_call(self) -> bool:
        return await self._meet("may_call") is None

    def spent(self, usage: Usage) -> None:
        self._strike("spent")

    async def _meet(self, where: str) -> object:
        fault = self._strike(where)
        if fault == HANG:
            await asyncio.Event().wait()
        return fault

    def _strike(self, where: str) -> object:
        """Return the fault, or raise it, if this is where it strikes."""
        nth = self.calls.get(where, 0)
        self.calls[where] = nth + 1
        # One text that is no verdict is repaired; it must stay away to be a fault.
        lasts = isinstance(self.fault, Reply) and nth > self.at
        if where != self.where or not (nth == self.at or lasts):
            return None
        if isinstance(self.fault, BaseException):
            raise self.fault
        return self.fault


def bad_replies() -> Iterator[tuple[str, object]]:
    """Yield what may come instead of a reply."""
    yield from ((f"failure {c}", Failure(cause=c, why="x")) for c in Cause)
    yield from ((f"raises {type(e).__name__}", e) for e in ERRORS)
    yield HANG, HANG
    for reason in ("refusal", "max_tokens", "model_context_window_exceeded", "new"):
        yield f"stops by {reason}", a_reply(VERDICT, stop_reason=reason)
    yield "stops by null", a_reply(VERDICT, stop_reason=None)
    yield "is empty", a_reply()
    yield "says unknown", a_reply(verdict("unknown"))
    yield "says ok without quotes", a_reply(verdict("ok"))
    yield "quotes what nobody saw", a_reply(verdict("ok", ("t0", "mark-9")))
    words = str(VERDICT["text"])
    for length in range(0, len(words), 3):
        yield f"verdict cut at {length}", a_reply(text(words[:length]))


def bad_outcomes() -> Iterator[tuple[str, object]]:
    """Yield what may come instead of an observation."""
    load = ToolCall(tool="load")
    yield from ((f"raises {type(e).__name__}", e) for e in ERRORS)
    yield HANG, HANG
    yield "unobserved", Unobserved(call=load, why="not allowed: mark-0 mark-1 mark-2")
    yield "saw something else", seen("load", text="nothing")
    yield "saw nothing", seen("load")


def cases() -> Iterator[object]:
    """Yield every fault at every point where it can strike."""
    for at, last in enumerate((False, False, True)):
        for name, fault in bad_replies():
            if last or not name.startswith("verdict cut"):
                yield pytest.param("reply", at, fault, id=f"reply {at} {name}")
        for name, fault in bad_outcomes():
            yield pytest.param("observe", at, fault, id=f"observe {at} {name}")
        for error in ERRORS:
            for where in ("may_call", "spent"):
                name = f"{where} {at} raises {type(error).__name__}"
                yield pytest.param(where, at, error, id=name)
        yield pytest.param("may_call", at, False, id=f"may_call {at} refuses")
        yield pytest.param("may_call", at, HANG, id=f"may_call {at} hangs")


CASES = tuple(cases())


def test_undisturbed_it_is_ok() -> None:
    judged = asyncio.run(Disturbed("nowhere", 0, None).judge())

    assert judged.result.verdict is Verdict.OK


@pytest.mark.parametrize(("where", "at", "fault"), CASES)
def test_one_fault_anywhere_is_never_ok(where: str, at: int, fault: object) -> None:
    run = Disturbed(where, at, fault)

    judged = asyncio.run(run.judge())

    assert run.calls.get(where, 0) > at, "the fault was not met"
    assert judged.result.verdict is Verdict.UNKNOWN


def test_there_are_at_least_two_hundred_faults() -> None:
    assert len(CASES) >= 200
