"""A model that makes rules and judges, and runs of one heartbeat's items by it."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from heartbeat.checklist import Item, parse_checklist
from heartbeat.compiled import CompiledItem
from heartbeat.tools import FieldValue, Observation, ToolCall, Unobserved
from heartbeat.verdict import Cause, ItemResult
from tests.unit.worker.builders import a_reply
from tests.unit.worker.runs import FREE, NOW
from worker import compiling, reading
from worker.by_rule import Rules
from worker.items import ItemJudge, Spend
from worker.judge import Limits
from worker.model import Failure, ModelRequest, Reply

DISK = "- [ ] The disk of / is less than 90 % full\n"
EVERY = timedelta(minutes=5)
AWAY = Failure(cause=Cause.MODEL_ERROR, why="the model is away")


def a_proposal(
    *rule: tuple[int, str, str, str], calls: Sequence[tuple[str, ...]]
) -> str:
    """Return a proposal as a model writes it: call, field, operator, value each."""
    return json.dumps(
        {
            "compilable": bool(rule),
            "calls": [{"tool": one[0], "arguments": one[1:]} for one in calls],
            "rule": [
                dict(zip(("call", "field", "operator", "value"), one, strict=True))
                for one in rule
            ],
            "explain": "its words",
        }
    )


BELOW_90 = a_proposal((0, "used_percent", "<", "90%"), calls=[("disk", "/")])
NEEDS_READING = a_proposal(calls=[])


def said(text: str) -> Reply:
    return a_reply({"type": "text", "text": text})


def a_verdict(status: str, *quotes: tuple[str, str], severity: str = "warning") -> str:
    return json.dumps(
        {
            "status": status,
            "severity": severity,
            "details": f"the model says {status}",
            "evidence": [{"tool_use_id": one, "quote": words} for one, words in quotes],
        }
    )


@dataclass
class RuleMaker:
    """Answers each kind of request as it was told; counts what it was asked.

    `looks` is what it says after it has looked; an ok quotes what it was shown.
    """

    proposes: str | Failure = BELOW_90
    looks: str | Failure = "ok"
    severity: str = "warning"
    confirms: str = "ok"
    hangs: bool = False
    proposals: list[ModelRequest] = field(default_factory=list)
    judgements: list[ModelRequest] = field(default_factory=list)
    confirmations: list[ModelRequest] = field(default_factory=list)

    @property
    def calls(self) -> int:
        return len(self.proposals) + len(self.judgements) + len(self.confirmations)

    async def reply(self, request: ModelRequest) -> Reply | Failure:
        if self.hangs:
            await asyncio.Event().wait()
        if request.frame.system == compiling.SYSTEM:
            self.proposals.append(request)
            return _told(self.proposes)
        if request.frame.system == reading.SYSTEM:
            self.confirmations.append(request)
            return said(a_verdict(self.confirms))
        self.judgements.append(request)
        if isinstance(self.looks, Failure):
            return self.looks
        results = _results(request)
        if not results:
            call = {"type": "tool_use", "id": "t1", "name": "memory", "input": {}}
            return a_reply(call)
        quote = _quote(results[-1])
        return said(a_verdict(self.looks, quote, severity=self.severity))


def _told(answer: str | Failure) -> Reply | Failure:
    return said(answer) if isinstance(answer, str) else answer


def _results(request: ModelRequest) -> list[Mapping[str, object]]:
    return [
        block
        for message in request.messages
        if isinstance(content := message["content"], list)
        for block in content
        if block["type"] == "tool_result"
    ]


def _quote(result: Mapping[str, object]) -> tuple[str, str]:
    shown = json.loads(str(result["content"]))
    name, value = next(iter(shown["fields"].items()), ("text", shown["text"]))
    return str(result["tool_use_id"]), f'"{name}": {value}'


class Machine:
    """Tools over a machine whose fields a test sets, by tool."""

    def __init__(self, **fields: Mapping[str, FieldValue] | None) -> None:
        self.fields = fields
        self.calls: list[tuple[ToolCall, bool]] = []

    async def observe(
        self, call: ToolCall, *, chosen_by_model: bool = False
    ) -> Observation | Unobserved:
        self.calls.append((call, chosen_by_model))
        fields = self.fields.get(call.tool)
        if fields is None:
            return Unobserved(call=call, why="cannot look there")
        return Observation(call=call, fields=fields, text="")

    async def close(self) -> None:
        pass


@dataclass
class Heart:
    """One heartbeat that runs again and again; rules outlive a run as in the store."""

    machine: Machine
    model: RuleMaker | None
    checklist: str = DISK
    now: datetime = NOW
    model_id: str = "anthropic:claude-haiku-5-5"
    known: Mapping[str, CompiledItem] = field(default_factory=dict)
    spend: Spend = FREE
    seconds: float = 5.0

    @property
    def item(self) -> Item:
        return parse_checklist(self.checklist).items[0]

    @property
    def rule(self) -> CompiledItem | None:
        return self.known.get(self.item.key)

    def run(self, *, after: timedelta = EVERY) -> ItemResult:
        """Run once, and let the time until the next slot pass."""
        items = parse_checklist(self.checklist).items
        rules = Rules(
            now=self.now, name_model=lambda _: self.model_id, known=dict(self.known)
        )
        judge = ItemJudge(
            tools=self.machine,
            model=self.model,
            find_model=lambda _: self.model,
            find_cheaper=lambda _: None,
            spend=self.spend,
            limits=Limits(),
            parallel_items=4,
            rules=rules,
        )

        async def judged() -> ItemResult:
            ends = asyncio.get_running_loop().time() + self.seconds
            all_ = await judge.judge_all(items, ends=ends, on_result=lambda _: None)
            return all_[0].result

        result = asyncio.run(judged())
        self.known = rules.record({item.key for item in items}).items
        self.now += after
        return result
