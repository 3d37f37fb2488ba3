import pytest

from heartbeat.tools import FieldValue
from worker.tools.json_fields import MAX_FIELDS, json_fields


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ('{"status": "up"}', {"json.status": "up"}),
        (' \n{"a": {"b": [1, {"c": true}]}}', {"json.a.b.0": 1, "json.a.b.1.c": True}),
        ("[1.5, false]", {"json.0": 1.5, "json.1": False}),
        ('{"a.b": 1}', {"json.a.b": 1}),
        ('{"a": {"b": 2}, "a.b": 1}', {"json.a.b": 1}),
        ('{"a": null, "b": [], "c": {}}', {}),
        ('{"a": NaN, "b": -Infinity, "c": 1e999, "d": 1}', {"json.d": 1}),
        ('{"a": "half \\ud800", "\\ud800": 1}', {"json.a": "half ?", "json.?": 1}),
        ('"text"', {}),
        ("42", {}),
        ("", {}),
        ("<html>", {}),
        ('{"a": 1', {}),
    ],
)
def test_it_makes_values_fields(text: str, fields: dict[str, FieldValue]) -> None:
    assert json_fields(text) == fields


@pytest.mark.parametrize(
    "text",
    [
        "[" * 200_000,
        '{"a":' * 5_000 + "1" + "}" * 5_000,
        '{"n": ' + "9" * 400 + "}",
        '{"n": ' + "9" * 5_000 + "}",
        '{"' + "k" * 100_000 + '": [' + "1," * 60_000 + "1]}",
    ],
    ids=["unclosed", "deep", "beyond floats", "too many digits", "long key"],
)
def test_nothing_comes_of_documents_made_to_hurt(text: str) -> None:
    assert json_fields(text) == {}


def test_it_stops_at_the_limit_with_the_shallow_values_first() -> None:
    long_list = ",".join(["0"] * MAX_FIELDS)

    fields = json_fields(f'{{"items": [{long_list}], "status": "up"}}')

    assert len(fields) == MAX_FIELDS
    assert fields["json.status"] == "up"
