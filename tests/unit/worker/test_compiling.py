"""What a model is asked for a rule, and what of its answer is taken."""

import json

import pytest

from heartbeat.checklist import parse_checklist
from heartbeat.compiled import MAX_PROBES
from heartbeat.tools import CATALOGUE
from heartbeat.verdict import Cause
from tests.unit.worker.builders import a_reply
from tests.unit.worker.compiling import BELOW_90, NEEDS_READING, a_proposal, said
from worker.compiling import (
    PROPOSAL_SCHEMA,
    SYSTEM,
    NeedsReading,
    NotProposed,
    Proposal,
    Proposed,
    compile_request,
    read_proposal,
)
from worker.model import Failure

FULL = (0, "used_percent", "<", "90%")


def read(text: str) -> Proposal:
    return read_proposal(said(text), line=7)


def test_the_request_has_the_item_and_the_catalogue_and_nothing_else() -> None:
    text = "# Shop\n- [ ] It is up {#up}\n  - on weekdays\n  - probe: http http://a/\n"
    request = compile_request(parse_checklist(text).items[0])
    assert request.messages == (
        {
            "role": "user",
            "content": "Item: It is up\nSection of the checklist: Shop\n"
            "Note: on weekdays\nTo be looked at: http http://a/",
        },
    )
    assert (request.frame.system, request.frame.tools) == (SYSTEM, ())
    assert request.frame.schema == PROPOSAL_SCHEMA


def test_every_tool_and_field_is_described() -> None:
    for tool in CATALOGUE.values():
        assert f"\n{tool.name}" in SYSTEM
        assert all(f"field {field.name} (" in SYSTEM for field in tool.fields)


def test_the_schema_is_one_that_strict_servers_take() -> None:
    def check(schema: dict[str, object]) -> None:
        if schema["type"] == "object":
            properties = schema["properties"]
            assert isinstance(properties, dict)
            assert schema["required"] == list(properties)
            assert schema["additionalProperties"] is False
            for one in properties.values():
                check(one)
        if isinstance(items := schema.get("items"), dict):
            check(items)

    check(json.loads(json.dumps(dict(PROPOSAL_SCHEMA))))


def test_a_proposal_becomes_probes_as_a_person_would_write_them() -> None:
    proposal = read(
        a_proposal(
            FULL,
            (1, "matches", "==", "0"),
            calls=[("disk", "/"), ("log", "/var/log/a b.log", "ERROR|FATAL", "10m")],
        )
    )
    assert isinstance(proposal, Proposed)
    assert [probe.source for probe in proposal.rule] == [
        "disk / used_percent < 90%",
        'log "/var/log/a b.log" ERROR|FATAL 10m matches == 0',
    ]
    assert {probe.line for probe in proposal.rule} == {7}


def test_a_code_fence_around_it_is_taken_off() -> None:
    assert isinstance(read(f"```json\n{BELOW_90}\n```"), Proposed)


def test_an_item_that_needs_reading_says_so() -> None:
    assert read(NEEDS_READING) == NeedsReading(why="its words")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("The disk should be fine.", id="prose"),
        pytest.param("{}", id="an empty object"),
        pytest.param(BELOW_90[:-10], id="cut off"),
        pytest.param(a_proposal(FULL, calls=[("rm", "/")]), id="no such tool"),
        pytest.param(a_proposal(FULL, calls=[("disk",)]), id="no argument"),
        pytest.param(a_proposal(FULL, calls=[]), id="no call"),
        pytest.param(
            a_proposal((-1, *FULL[1:]), calls=[("disk", "/")]), id="a call before all"
        ),
        pytest.param(
            a_proposal((0, "usage", "<", "90%"), calls=[("disk", "/")]), id="no field"
        ),
        pytest.param(
            a_proposal((0, "used_percent", "~", "90%"), calls=[("disk", "/")]),
            id="no operator",
        ),
        pytest.param(
            a_proposal((0, "used_percent", "<", "90 miles"), calls=[("disk", "/")]),
            id="no value",
        ),
        pytest.param(
            a_proposal(FULL, calls=[("disk", "/\n- [ ] more")]), id="a second line"
        ),
        pytest.param(
            a_proposal(FULL, calls=[("disk", "/" + "x" * 400)]), id="a line too long"
        ),
        pytest.param(
            a_proposal(*[FULL] * (MAX_PROBES + 1), calls=[("disk", "/")]),
            id="too many conditions",
        ),
        pytest.param(
            a_proposal(FULL, (0, "usage", "<", "1"), calls=[("disk", "/")]),
            id="half a rule",
        ),
    ],
)
def test_of_anything_else_nothing_is_taken(text: str) -> None:
    assert isinstance(read(text), NotProposed)


def test_half_a_reply_is_not_read() -> None:
    block = {"type": "text", "text": BELOW_90}
    cut = a_reply(block, stop_reason="max_tokens")
    assert isinstance(read_proposal(cut, line=1), NotProposed)


def test_a_reply_that_did_not_come_is_none() -> None:
    away = Failure(cause=Cause.MODEL_ERROR, why="away")
    assert read_proposal(away, line=1) == NotProposed(why="away")
