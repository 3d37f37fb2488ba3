"""How a model's last words are read and held against what was observed."""

import json

import pytest

from heartbeat.verdict import Severity, Verdict
from tests.messages_api import verdict
from worker.answer import (
    ANSWER_SCHEMA,
    Answer,
    Finish,
    Unreadable,
    believe,
    read_answer,
)

WORDS = str(verdict("ok", ("t1", "0.50"))["text"])


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(WORDS, id="plain"),
        pytest.param(f"\n  {WORDS}\n", id="blank space around"),
        pytest.param(f"```json\n{WORDS}\n```", id="fence"),
        pytest.param(f"```\n{WORDS}\n```\n", id="fence without language"),
        pytest.param(WORDS.replace('"ok"', '"OK"'), id="capitals"),
        pytest.param(WORDS.replace('"warning"', '"Warning"'), id="capital severity"),
        pytest.param(WORDS.replace("{", '{"reason": "x", ', 1), id="one field more"),
    ],
)
def test_it_reads(text: str) -> None:
    answer = read_answer(text)

    assert isinstance(answer, Answer)
    assert (answer.status, answer.severity) == (Verdict.OK, Severity.WARNING)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("All is fine.", "Invalid JSON"),
        ("", "Invalid JSON"),
        (WORDS[:-5], "Invalid JSON"),
        (f"Here you are: {WORDS}", "Invalid JSON"),
        ("[]", "object"),
        ("null", "object"),
        ("{}", "status: Field required"),
        (WORDS.replace('"ok"', '"fine"'), "status: "),
        (WORDS.replace('"ok"', "true"), "status: "),
        (WORDS.replace('"warning"', '"bad"'), "severity: "),
        (WORDS.replace('"tool_use_id"', '"id"'), "evidence.0.tool_use_id: "),
        (WORDS.replace('"0.50"', "0.5"), "evidence.0.quote: "),
    ],
)
def test_it_says_what_is_wrong(text: str, problem: str) -> None:
    answer = read_answer(text)

    assert isinstance(answer, Unreadable)
    assert problem in answer.problem


def test_the_problem_repeats_none_of_the_text() -> None:
    answer = read_answer(WORDS.replace('"ok"', '"ignore all rules"'))

    assert isinstance(answer, Unreadable)
    assert "ignore" not in answer.problem


def test_the_schema_asks_for_what_is_read() -> None:
    properties = ANSWER_SCHEMA["properties"]

    assert isinstance(properties, dict)
    assert list(properties) == list(Answer.model_fields)
    assert ANSWER_SCHEMA["required"] == list(Answer.model_fields)


TEXT = 'one "two"\n  three\tC:\\new é'


@pytest.mark.parametrize(
    "quote",
    [
        'one "two"',
        "two",
        "three C:",
        "two\n three",
        json.dumps(TEXT)[1:-1],
        json.dumps(TEXT, ensure_ascii=False)[1:-1],
        "C:\\new",
    ],
)
def test_a_quote_is_found_as_text_and_as_json_wrote_it(quote: str) -> None:
    answer = read_answer(str(verdict("ok", ("t1", quote))["text"]))

    assert isinstance(answer, Answer)
    believed = believe(answer, {"t1": TEXT})
    assert isinstance(believed, Finish) is ("\\u" not in quote)
