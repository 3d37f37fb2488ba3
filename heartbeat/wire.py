"""The manner of every record and message: camelCase JSON, frozen, errors in words."""

import json
import re

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

#: Longest piece of a refused value that an error message repeats.
_SHOWN = 80

#: What the validator says of its own types, as what was expected of the writer.
_WORDS = tuple(
    (re.compile(pattern, re.DOTALL), words)
    for pattern, words in (
        (r"Value error, (.*)", r"\1"),
        (r"Input should be greater than or equal to (.*)", r"at least \1"),
        (r"Input should be less than or equal to (.*)", r"at most \1"),
        (r"Input should be greater than (.*)", r"more than \1"),
        (r"Input should be (.*)", r"\1"),
        (r"String should match pattern (.*)", r"text that matches \1"),
        (r"\w+ should have (.*?)(?: after validation, not .*)?", r"\1"),
        (r"Invalid JSON: (.*)", r"valid JSON (\1)"),
        (r"Input tag .* expected tags: (.*)", r"one of \1"),
        (r"Unable to extract tag using discriminator (.*)", r"a field \1"),
    )
)


class Wire(BaseModel):
    """A frozen value whose JSON form is camelCase."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        frozen=True,
        allow_inf_nan=False,
    )


class Record(Wire):
    """A stored value: a field that is not declared is an error, not a guest."""

    model_config = ConfigDict(extra="forbid")


def explain(error: ValidationError) -> str:
    """Say in one sentence a field what was expected and what came."""
    problems = error.errors(include_url=False)
    inner = [one for one in problems if not _is_branch(one["loc"][-1:])]
    return "; ".join(
        f"{_path(problem['loc'])}"
        f"{_expectation(problem['type'], problem['msg'])},"
        f" got {_shown(problem['type'], problem['input'])}"
        for problem in inner or problems
    )


def shown(value: object) -> str:
    """Return a refused value as its writer knows it, in JSON, shortened."""
    text = repr(value)
    if value is None or isinstance(value, bool | list | dict):
        text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _path(loc: tuple[int | str, ...]) -> str:
    path = ".".join(str(part) for part in loc if not _is_branch((part,)))
    return f"{path}: " if path else ""


def _is_branch(loc: tuple[int | str, ...]) -> bool:
    """Say whether this names an alternative of a union, which no reader has written."""
    return any(
        isinstance(part, str) and (part[:1].isupper() or "[" in part) for part in loc
    )


def _expectation(kind: str, message: str) -> str:
    if kind == "missing":
        return "expected this field"
    if kind == "extra_forbidden":
        return "expected no such field"
    found = ((pattern.fullmatch(message), words) for pattern, words in _WORDS)
    text = next((match.expand(words) for match, words in found if match), message)
    return text if text.startswith("expected ") else f"expected {text}"


def _shown(kind: str, value: object) -> str:
    return "nothing" if kind == "missing" else shown(value)
