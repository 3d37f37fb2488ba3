"""The manner of every record and message: camelCase JSON, frozen, errors in words."""

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

#: Longest piece of a refused value that an error message repeats.
_SHOWN = 80


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
    return "; ".join(
        f"{'.'.join(str(part) for part in problem['loc']) or 'message'}:"
        f" {_expectation(problem['type'], problem['msg'])},"
        f" got {_shown(problem['type'], problem['input'])}"
        for problem in error.errors(include_url=False)
    )


def _expectation(kind: str, message: str) -> str:
    if kind == "missing":
        return "expected this field"
    if kind == "extra_forbidden":
        return "expected no such field"
    text = message.removeprefix("Value error, ").removeprefix("Input should be ")
    return text if text.startswith("expected ") else f"expected {text}"


def _shown(kind: str, value: object) -> str:
    if kind == "missing":
        return "nothing"
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
