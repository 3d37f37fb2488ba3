"""A model's last words: their form, how they are read, and what of them is believed.

Pure. An `ok` is believed only with quotes from what was observed in this very run.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from heartbeat.verdict import Cause, Severity, Verdict

#: The JSON Schema of an answer. No field is optional and no length is limited: the
#: API counts the former against a quota and does not enforce the latter.
ANSWER_SCHEMA: Mapping[str, object] = MappingProxyType(
    {
        "type": "object",
        "properties": {
            "status": {
                "type": "string",
                "enum": [verdict.value for verdict in Verdict],
            },
            "severity": {"type": "string", "enum": [level.value for level in Severity]},
            "details": {
                "type": "string",
                "description": "one or two sentences with the measured values",
            },
            "evidence": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "tool_use_id": {"type": "string"},
                        "quote": {
                            "type": "string",
                            "description": "copied exactly from that tool's result",
                        },
                    },
                    "required": ["tool_use_id", "quote"],
                    "additionalProperties": False,
                },
            },
        },
        "required": ["status", "severity", "details", "evidence"],
        "additionalProperties": False,
    }
)


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


class Quote(BaseModel):
    """Words of one tool result."""

    model_config = ConfigDict(frozen=True)

    tool_use_id: str
    quote: str


class Answer(BaseModel):
    """The verdict as the model gave it. Words of an enum may come in other capitals."""

    model_config = ConfigDict(frozen=True)

    status: Annotated[Verdict, BeforeValidator(_lower)]
    severity: Annotated[Severity, BeforeValidator(_lower)]
    details: str
    evidence: tuple[Quote, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """Text that is not an answer; `problem` repeats none of it."""

    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finish:
    """The item is judged; `quotes` are the evidence the model gave."""

    verdict: Verdict
    severity: Severity
    details: str
    quotes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """The item is unknown."""

    cause: Cause
    why: str


#: Servers without a grammar like to wrap JSON into a code fence.
_FENCE = re.compile(r"\A\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*\Z", re.DOTALL | re.I)


def read_answer(text: str) -> Answer | Unreadable:
    """Read a verdict from the model's text."""
    try:
        return Answer.model_validate_json(unfenced(text))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        return Unreadable(problem=f"{field}: {first['msg']}" if field else first["msg"])


def unfenced(text: str) -> str:
    """Return text without the code fence around all of it, if there is one."""
    fenced = _FENCE.match(text)
    return fenced.group(1) if fenced else text


def believe(answer: Answer, observed: Mapping[str, str]) -> Finish | GiveUp:
    """Hold an answer against what was observed, by tool use id.

    Asymmetric on purpose: trouble is believed as it is told, `ok` only if every quote
    occurs in the result it names and there is at least one.
    """
    if answer.status is Verdict.UNKNOWN:
        why = answer.details.strip() or "the model could not tell"
        return GiveUp(cause=Cause.NO_EVIDENCE, why=why)
    if answer.status is Verdict.OK:
        doubt = _doubt(answer, observed)
        if doubt is not None:
            return GiveUp(cause=Cause.NO_EVIDENCE, why=doubt)
    return Finish(
        verdict=answer.status,
        severity=answer.severity,
        details=answer.details.strip(),
        quotes=tuple(quote.quote for quote in answer.evidence),
    )


def _doubt(answer: Answer, observed: Mapping[str, str]) -> str | None:
    if not observed:
        return "the model said ok, and nothing was observed"
    if not answer.evidence:
        return "the model said ok, and quoted nothing of what was observed"
    for quote in answer.evidence:
        if not _occurs(quote.quote, observed.get(quote.tool_use_id, "")):
            return "the model said ok, and quoted what was not observed"
    return None


#: What differs between a text and the same text inside JSON.
_BLANK = re.compile(r"\\[nrt]|\s+")
_JSON_MARKS = str.maketrans("", "", '"\\')


def _occurs(quote: str, shown: str) -> bool:
    """Find a quote in a tool result, whether copied as text or as JSON wrote it."""
    words = _plain(quote)
    return bool(words) and words in _plain(shown)


def _plain(text: str) -> str:
    return " ".join(_BLANK.sub(" ", text).translate(_JSON_MARKS).split())
