"""Asking a model to make a rule of an item: it sees the checklist's words and no more.

What it proposes is held against the catalogue as the lines of a checklist are. Neither
the request nor the answer ever holds anything that a tool has said.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, ValidationError

from heartbeat.checklist import Item
from heartbeat.compiled import MAX_PROBE, MAX_PROBES, MAX_WHY, digest
from heartbeat.conditions import Operator
from heartbeat.errors import InvalidProbe
from heartbeat.phrases import clip, on_one_line
from heartbeat.probe_lines import write_probe
from heartbeat.probes import Probe
from heartbeat.tools import CATALOGUE, Tool, ToolCall
from worker.answer import unfenced
from worker.model import Failure, Frame, ModelRequest, Reply
from worker.prompt import describe


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """A rule that the catalogue allows; not yet tried out."""

    rule: tuple[Probe, ...]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsReading:
    """No rule can stand for the item; a model has to look each time."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotProposed:
    """The answer is none, or no rule; asking again later may help."""

    why: str


Proposal = Proposed | NeedsReading | NotProposed


def compile_request(item: Item) -> ModelRequest:
    """Return the request that asks for an item's rule."""
    lines = [describe(item)]
    lines += [f"To be looked at: {probe.source}" for probe in item.probes]
    return ModelRequest(
        frame=FRAME,
        messages=({"role": "user", "content": "\n".join(lines)},),
        last=True,
    )


def made_with(model_id: str) -> str:
    """Return what stands for all that a rule is made with beside the item."""
    return digest([SYSTEM, model_id])


def read_proposal(reply: Reply | Failure, *, line: int) -> Proposal:
    """Hold an answer against the catalogue; nothing is taken from half a rule."""
    if isinstance(reply, Failure):
        return NotProposed(why=reply.why)
    if reply.stop_reason not in ("end_turn", "stop_sequence"):
        return NotProposed(why=f"the model stopped with {reply.stop_reason!r}")
    try:
        answer = _Answer.model_validate_json(unfenced(reply.text))
    except ValidationError as error:
        return NotProposed(why=f"no proposal: {error.error_count()} problems in it")
    why = clip(on_one_line(answer.explain), MAX_WHY)
    if not answer.compilable:
        return NeedsReading(why=why)
    try:
        return Proposed(rule=_rule(answer, line), why=why)
    except (InvalidProbe, ValueError) as error:
        return NotProposed(why=clip(on_one_line(str(error)), MAX_WHY))


class _Call(BaseModel):
    model_config = ConfigDict(frozen=True)

    tool: str
    arguments: tuple[str, ...]


class _Condition(BaseModel):
    model_config = ConfigDict(frozen=True)

    call: int
    field: str
    operator: str
    value: str


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)

    compilable: bool
    calls: tuple[_Call, ...]
    rule: tuple[_Condition, ...]
    explain: str


def _rule(answer: _Answer, line: int) -> tuple[Probe, ...]:
    if not 1 <= len(answer.rule) <= MAX_PROBES:
        raise ValueError(
            f"expected 1 to {MAX_PROBES} conditions, got {len(answer.rule)}"
        )
    probes = tuple(_probe(answer, one, line) for one in answer.rule)
    if any(len(probe.source) > MAX_PROBE for probe in probes):
        raise ValueError(f"expected probes of at most {MAX_PROBE} characters")
    return tuple(dict.fromkeys(probes))


def _probe(answer: _Answer, condition: _Condition, line: int) -> Probe:
    if not 0 <= condition.call < len(answer.calls):
        raise ValueError(
            f"expected the number of a call below {len(answer.calls)},"
            f" got {condition.call}"
        )
    call = answer.calls[condition.call]
    return write_probe(
        ToolCall(tool=call.tool, arguments=call.arguments),
        field=condition.field,
        operator=condition.operator,
        value=condition.value,
        line=line,
    )


def _described(tool: Tool) -> str:
    usage = " ".join([tool.name, *(f"<{one.name}>" for one in tool.arguments)])
    lines = [f"{usage}: {tool.about}"]
    lines += [f"  argument {one.name}: {one.about}" for one in tool.arguments]
    lines += [
        f"  field {one.name} ({one.unit.value}): {one.about}" for one in tool.fields
    ]
    if tool.open_prefix:
        lines.append(f"  field {tool.open_prefix}<path>: a value of the answer")
    return "\n".join(lines)


SYSTEM = f"""\
You turn one item of an operations checklist into a rule that a program evaluates by \
itself from now on. You see the item and what can be measured; nothing is measured now.

A rule is a list of tool calls and of conditions on their fields. The item is in order \
if and only if every condition is true. Take hosts, URLs, paths, names and limits from \
the item as it is written; never invent one, and never weaken one. Where the item \
states no limit and no value follows from its words, it cannot be compiled.

It cannot be compiled either if somebody has to read and judge: a page's wording, what \
a log means, whether something looks odd. Then answer with "compilable": false, empty \
lists, and the reason. When in doubt, choose that.

Ask for `status == 200` too where a condition is on a value inside an answer. An \
absent field makes its condition false, so that a refused connection or a missing file \
is noticed by a condition on any field that is then absent.

Operators: {" ".join(Operator)}. Values are written as text, with a unit where it \
helps: 90%, 500MB, 2h, 800ms, true, ok. Without one a number is in the field's own \
unit. In "rule", "call" is the index of a call in "calls", from 0.

Tools
{chr(10).join(_described(tool) for tool in CATALOGUE.values())}

Answer with one JSON object and nothing around it:
{{"compilable": true | false, "calls": [{{"tool": "...", "arguments": ["..."]}}], \
"rule": [{{"call": 0, "field": "...", "operator": "...", "value": "..."}}], \
"explain": "one sentence"}}"""


def _object(**properties: object) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_TEXT = {"type": "string"}

#: The JSON Schema of a proposal; what it cannot say, the catalogue checks afterwards.
PROPOSAL_SCHEMA: Mapping[str, object] = MappingProxyType(
    _object(
        compilable={"type": "boolean"},
        calls={
            "type": "array",
            "items": _object(
                tool={"type": "string", "enum": list(CATALOGUE)},
                arguments={"type": "array", "items": _TEXT},
            ),
        },
        rule={
            "type": "array",
            "items": _object(
                call={"type": "integer"},
                field=_TEXT,
                operator={"type": "string", "enum": [one.value for one in Operator]},
                value=_TEXT,
            ),
        },
        explain=_TEXT,
    )
)

FRAME = Frame(system=SYSTEM, schema=PROPOSAL_SCHEMA)
