"""The YAML at the head of a checklist: shapes only.

Whether hours, cron and zone make sense is decided where they are used. What is there
and cannot be read is an error, never "no front matter": a schedule must not vanish.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)
from pydantic.alias_generators import to_camel

from heartbeat.errors import InvalidFrontMatter
from heartbeat.item_attributes import parse_every
from heartbeat.phrases import did_you_mean, shown
from heartbeat.plain_yaml import load_mapping
from heartbeat.verdict import Severity

#: Written for people and other programs, and ignored; so is all that begins with `x-`.
DOCUMENTATION_KEYS = frozenset({"title", "name", "summary", "description", "read_when"})
_EXTENSION_PREFIX = "x-"

#: What other programs call it, and what to write here instead.
CALLED_OTHERWISE = {
    "tasks": "items below, such as `- [ ] text {every=30m}`",
    "every": "interval: 30 (minutes)",
    "schedule": "interval: 30 (minutes) or cronExpression",
    "cron": "cronExpression",
}

#: A dozen short lines in practice; YAML takes a second for 64 KiB.
MAX_FRONT_MATTER = 16 * 1024

_FENCE = "---"
_WINDOW_KEYS = frozenset({"start", "end", "daysOfWeek", "interval"})

RawWindow = Mapping[str, object]


#: What is no text in a window; all is text in the file.
_IN_WINDOW: Mapping[str, TypeAdapter[object]] = {
    "daysOfWeek": TypeAdapter(list[int]),
    "interval": TypeAdapter(Annotated[float, Field(gt=0, allow_inf_nan=False)]),
}


def _windows(value: object) -> object:
    return (
        [_window(each) for each in value] if isinstance(value, list) else _window(value)
    )


def _window(value: object) -> RawWindow:
    if (
        not isinstance(value, dict)
        or not {"start", "end"} <= set(value) <= _WINDOW_KEYS
    ):
        raise ValueError("not a window")
    if not all(isinstance(value[key], str) for key in ("start", "end")):
        raise ValueError("not times")
    return {
        key: _IN_WINDOW[key].validate_python(each) if key in _IN_WINDOW else each
        for key, each in value.items()
    }


def _every(value: object) -> object:
    return parse_every(value) if isinstance(value, str) else value


_Text = Annotated[str, Field(min_length=1)]


class Defaults(BaseModel):
    """What holds for every item that does not say otherwise in its braces."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    severity: Severity = Severity.WARNING
    every: Annotated[timedelta | None, BeforeValidator(_every)] = None
    model: _Text | None = None


class FrontMatter(BaseModel):
    """What a checklist says of its own heartbeat.

    A field's description is the shape that a bad value's error asks for.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        allow_inf_nan=False,
    )

    interval: float | None = Field(
        default=None, gt=0, description="a number of minutes above 0, such as 30"
    )
    cron_expression: _Text | None = Field(
        default=None, description='five fields in quotes, such as "*/5 * * * *"'
    )
    timezone: _Text | None = Field(
        default=None, description="a time zone, such as Europe/Berlin"
    )
    active_hours: Annotated[
        RawWindow | list[RawWindow] | None, BeforeValidator(_windows)
    ] = Field(
        default=None,
        description='{start: "08:00", end: "22:00"}, with daysOfWeek: [1, 2, 3, 4, 5]'
        " and interval: 5 (minutes) or without, or a list of such",
    )
    model: _Text | None = Field(
        default=None, description="a model, such as anthropic:claude-haiku-5-5"
    )
    notify: Literal["changes", "every-run"] | None = Field(
        default=None, description="changes or every-run"
    )
    repeat_minutes: float | None = Field(
        default=None, gt=0, le=43_200, description="minutes above 0, at most 43200"
    )
    defaults: Defaults | None = Field(
        default=None,
        description="{severity: critical, every: 4h, model: provider:model}, each of"
        " them or not",
    )
    items: Literal["boxes", "bullets"] = Field(
        default="boxes", description="boxes or bullets"
    )


#: What each key must look like, by the name it has in the file.
_SHAPES = {
    field.alias or name: field.description
    for name, field in FrontMatter.model_fields.items()
}


def split_front_matter(text: str) -> tuple[FrontMatter, str, int]:
    """Return the front matter, the text below it, and the line that text begins at.

    Lines end with a line feed. Raises InvalidFrontMatter.
    """
    lines = text.split("\n")
    start = next((n for n, line in enumerate(lines) if line.strip()), len(lines))
    opening = lines[start].rstrip() if start < len(lines) else ""
    if opening == "+++":
        raise InvalidFrontMatter(
            "expected front matter in YAML between lines of ---, got TOML (+++)",
            line=start + 1,
        )
    if opening != _FENCE:
        return FrontMatter(), text, 1
    end = _closing(lines, start)
    return (
        _read("\n".join(lines[start + 1 : end]), first_line=start + 2),
        "\n".join(lines[end + 1 :]),
        end + 2,
    )


def _closing(lines: list[str], start: int) -> int:
    for number in range(start + 1, len(lines)):
        if lines[number].rstrip() == _FENCE:
            return number
    raise InvalidFrontMatter(
        "expected a line of --- that closes the front matter, got the end of the file"
        " (a rule at the head of a file can be written ***)",
        line=start + 1,
    )


def _read(yaml_text: str, *, first_line: int) -> FrontMatter:
    if len(yaml_text) > MAX_FRONT_MATTER:
        raise InvalidFrontMatter(
            f"expected at most {MAX_FRONT_MATTER} characters of front matter (16 KiB),"
            f" got {len(yaml_text)}",
            line=first_line,
        )
    values, lines = load_mapping(yaml_text, first_line=first_line)
    for key in values:
        if key not in _SHAPES and not _is_documentation(key):
            raise InvalidFrontMatter(
                f"expected a key of {', '.join(_SHAPES)} (or x-…); got {shown(key)}"
                f"{_hint(key)}",
                line=lines[key],
            )
    try:
        return FrontMatter.model_validate(
            {key: value for key, value in values.items() if key in _SHAPES}
        )
    except ValidationError as error:
        key = str(error.errors()[0]["loc"][0])
        raise InvalidFrontMatter(
            f"{key}: expected {_SHAPES[key]}; got {shown(values[key])}", line=lines[key]
        ) from error


def _hint(key: str) -> str:
    if key in CALLED_OTHERWISE:
        return f"; write {CALLED_OTHERWISE[key]}"
    return did_you_mean(key, _SHAPES)


def _is_documentation(key: str) -> bool:
    return key in DOCUMENTATION_KEYS or key.startswith(_EXTENSION_PREFIX)
