"""The grammar of `- probe:` lines, and judging an item by them.

`<tool> <arguments> [<field> <operator> <value>]`, in words as a shell has them, with
double quotes. Probes are measured elsewhere; here they are read and judged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from heartbeat.conditions import (
    Condition,
    Operator,
    holds,
    is_operator,
    parse_condition,
    refuse_misplaced_operator,
)
from heartbeat.errors import InvalidProbe
from heartbeat.phrases import clip, on_one_line, shown
from heartbeat.tool_calls import check_call
from heartbeat.tools import CATALOGUE, Observation, ToolCall, Unit, Unobserved
from heartbeat.units import describe_value
from heartbeat.verdict import By, Cause, ItemResult, Verdict
from heartbeat.words import Word, split_words

if TYPE_CHECKING:
    from heartbeat.checklist import Item

__all__ = [
    "Condition",
    "Operator",
    "Probe",
    "holds",
    "judge_by_probes",
    "parse_probe",
]

#: Longest piece of a tool's own words in a verdict.
MAX_REASON = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A tool call and what must be true of it; without a condition it is evidence."""

    call: ToolCall
    condition: Condition | None
    source: str
    line: int


def parse_probe(source: str, *, line: int) -> Probe:
    """Read what follows `probe:`. Raises InvalidProbe with the line."""
    try:
        words = _words(source)
        has_condition = len(words) >= 4 and is_operator(words[-2])
        subject = words[:-3] if has_condition else words
        if not has_condition:
            refuse_misplaced_operator(words[1:])
        call = ToolCall(
            tool=subject[0].text, arguments=tuple(word.text for word in subject[1:])
        )
        tool = check_call(call)
        condition = parse_condition(tool, words[-3:]) if has_condition else None
    except (ValueError, InvalidProbe) as error:
        raise InvalidProbe(str(error), line=line) from error
    return Probe(call=call, condition=condition, source=source.strip(), line=line)


def judge_by_probes(
    item: "Item", outcomes: Sequence[Observation | Unobserved]
) -> ItemResult | None:
    """Judge an item by its probes' outcomes, given in the order of the probes.

    Any false condition: action needed; else any that could not be told: unknown; else
    ok. None if no probe has a condition: the outcomes are evidence and no verdict.
    """
    told: dict[Verdict, list[str]] = {verdict: [] for verdict in Verdict}
    for probe, outcome in zip(item.probes, outcomes, strict=True):
        if probe.condition is not None:
            verdict, text = _judge(probe.condition, outcome)
            told[verdict].append(f"{_name(probe.call)}: {text}")
    by_weight = (Verdict.ACTION_NEEDED, Verdict.UNKNOWN, Verdict.OK)
    worst = next((verdict for verdict in by_weight if told[verdict]), None)
    if worst is None:
        return None
    return ItemResult(
        item_key=item.key,
        description=item.text,
        verdict=worst,
        details="; ".join(told[worst]),
        by=By.RULE,
        severity=item.severity,
        cause=_cause(outcomes) if worst is Verdict.UNKNOWN else None,
    )


def _cause(outcomes: Sequence[Observation | Unobserved]) -> Cause:
    """Say why an item is unknown; what nobody but a person can end comes first."""
    refused = (
        isinstance(outcome, Unobserved) and not outcome.is_allowed
        for outcome in outcomes
    )
    return Cause.NOT_ALLOWED if any(refused) else Cause.PROBE_FAILED


def _words(source: str) -> tuple[Word, ...]:
    words = split_words(source)
    if not words:
        raise ValueError(f"expected `probe: <tool> …`, got {shown(source)}")
    return words


def _judge(
    condition: Condition, outcome: Observation | Unobserved
) -> tuple[Verdict, str]:
    if isinstance(outcome, Unobserved):
        return (
            Verdict.UNKNOWN,
            f"{condition.field} not known: {on_one_line(outcome.why)}",
        )
    wanted = condition.source.removeprefix(condition.field).strip()
    measured = _measured(condition, outcome)
    match holds(condition, outcome):
        case True:
            return Verdict.OK, f"{measured}, as expected {wanted}"
        case False:
            return Verdict.ACTION_NEEDED, f"{measured}, expected {wanted}"
        case _:
            return Verdict.UNKNOWN, f"{measured}, not comparable with {wanted}"


def _name(call: ToolCall) -> str:
    return " ".join((call.tool, *call.arguments))


def _measured(condition: Condition, observation: Observation) -> str:
    value = observation.fields.get(condition.field)
    if value is None:
        reason = clip(on_one_line(observation.text), MAX_REASON)
        return f"no {condition.field}" + (f" ({reason})" if reason else "")
    field = CATALOGUE[observation.call.tool].field(condition.field)
    unit = field.unit if field is not None else Unit.ANY
    return f"{condition.field} is {describe_value(value, unit)}"
