"""What is wrong with a message, in words for whoever wrote it."""

from typing import Annotated, Literal

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from heartbeat.wire import Record, Wire, explain


class Order(Record):
    name: str = Field(default="a", min_length=1, max_length=3)
    client: str = Field(default="a", pattern="^[a-z]$")
    count: int = Field(default=1, ge=1, le=9)
    minutes: float = Field(default=1, gt=0)
    kind: Literal["big", "small"] = "big"
    parts: tuple[int, ...] = Field(default=(), max_length=2)


class Left(Wire):
    type: Literal["left"]


class Right(Wire):
    type: Literal["right"]


TURN: TypeAdapter[Left | Right] = TypeAdapter(
    Annotated[Left | Right, Field(discriminator="type")]
)


ORDER = TypeAdapter(Order)


def explained(
    adapter: TypeAdapter[Order] | TypeAdapter[Left | Right], text: str
) -> str:
    with pytest.raises(ValidationError) as caught:
        adapter.validate_json(text)
    return explain(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"name":""}', "name: expected at least 1 character, got ''"),
        ('{"name":"abcd"}', "name: expected at most 3 characters, got 'abcd'"),
        ('{"client":"A"}', "client: expected text that matches '^[a-z]$', got 'A'"),
        ('{"count":0}', "count: expected at least 1, got 0"),
        ('{"count":10}', "count: expected at most 9, got 10"),
        ('{"minutes":0}', "minutes: expected more than 0, got 0"),
        ('{"kind":"x"}', "kind: expected 'big' or 'small', got 'x'"),
        ('{"parts":[1,2,3]}', "parts: expected at most 2 items, got [1, 2, 3]"),
        ('{"more":1}', "more: expected no such field, got 1"),
        ("[]", "expected an object, got []"),
    ],
)
def test_it_says_what_was_expected_and_what_came(text: str, said: str) -> None:
    assert explained(ORDER, text) == said


def test_it_says_where_json_ends_to_be_json() -> None:
    said = explained(ORDER, "{")
    assert said.startswith("expected valid JSON (EOF")
    assert said.endswith("column 1), got '{'")


def test_it_says_which_types_there_are() -> None:
    assert explained(TURN, '{"type":"up"}').startswith(
        "expected one of 'left', 'right', got {"
    )
    assert explained(TURN, "{}") == "expected a field 'type', got {}"
