import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heartbeat.errors import Busy, InvalidMessage, Unsupported
from heartbeat.protocol import (
    error_reply,
    json_schema,
    parse_request,
    read_reply,
    request_id,
    to_frame,
)
from heartbeat.replies import Pong
from heartbeat.requests import REQUEST_TYPES, Configure, Hello


def a_frame(**fields: object) -> str:
    return json.dumps({"type": "heartbeat.configure", "id": "1", **fields})


def test_a_configure_keeps_apart_what_was_set_and_what_was_not() -> None:
    message = parse_request(a_frame(heartbeatPath="a.md", interval=5))
    assert isinstance(message, Configure)
    assert message.asked().model_fields_set == {"heartbeat_path", "interval"}


def test_unknown_fields_are_named_and_not_refused() -> None:
    message = parse_request(a_frame(heartbeatPath="a.md", intervall=5, zone="x"))
    assert message.unknown_fields == ("intervall", "zone")


def test_active_hours_may_be_one_window_or_several() -> None:
    window = {"start": "08:00", "end": "22:00", "daysOfWeek": [1]}
    one = parse_request(a_frame(heartbeatPath="a", activeHours=window))
    two = parse_request(a_frame(heartbeatPath="a", activeHours=[window, window]))
    assert isinstance(one, Configure)
    assert isinstance(two, Configure)
    assert two.active_hours == (one.active_hours, one.active_hours)


def test_a_hello_needs_no_id() -> None:
    assert isinstance(parse_request('{"type":"hello"}'), Hello)


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        pytest.param("x", "expected a JSON object, got 'x'", id="not JSON"),
        pytest.param("[]", "expected a JSON object, got '[]'", id="a list"),
        pytest.param("null", "expected a JSON object, got 'null'", id="null"),
        pytest.param('{"id":"1"}', "usage.query, got nothing", id="no type"),
        pytest.param('{"type":null,"id":"1"}', "got null", id="type is null"),
        pytest.param(
            a_frame(heartbeatPath=None), "expected a valid string, got null", id="none"
        ),
        pytest.param(
            a_frame(heartbeatPath="a", interval=True), "number, got true", id="true"
        ),
        pytest.param(
            a_frame(heartbeatPath=[None, "a"]), 'got [null, "a"]', id="a list of them"
        ),
        pytest.param("[" * 100_000, "expected a JSON object", id="deep"),
        pytest.param('{"type":"nope","id":"1"}', "expected one of ack", id="type"),
        pytest.param('{"type":7,"id":"1"}', "got 7", id="type is a number"),
        pytest.param('{"type":"heartbeat.list"}', "id: expected this field", id="id"),
        pytest.param(a_frame(), "heartbeatPath: expected this field", id="missing"),
        pytest.param(
            a_frame(heartbeatPath="a", interval="5"), "valid number, got '5'", id="text"
        ),
        pytest.param(
            a_frame(heartbeatPath="a", enabled="false"), "got 'false'", id="not bool"
        ),
        pytest.param(
            '{"type":"heartbeat.configure","id":"1","interval":NaN}', "NaN", id="NaN"
        ),
        pytest.param(
            '{"type":"heartbeat.configure","id":"1","heartbeatPath":"a","interval":1e999}',
            "finite number",
            id="infinite",
        ),
        pytest.param(
            a_frame(heartbeatPath="a", activeHours={"start": 8}),
            "activeHours.start: expected a valid string, got 8",
            id="nested",
        ),
        pytest.param(
            a_frame(
                heartbeatPath="a",
                activeHours={"start": "08:00", "end": "09:00", "dayofweek": [1]},
            ),
            "activeHours.dayofweek: expected no such field, got [1]",
            id="misspelt in hours",
        ),
        pytest.param(
            '{"type":"heartbeat.history","id":"1","scheduleId":"a","limit":0}',
            "limit: expected",
            id="range",
        ),
        pytest.param(
            '{"type":"hello","token":"' + "x" * 600 + '"}', "token: expected", id="long"
        ),
    ],
)
def test_a_bad_frame_says_what_was_expected(frame: str | bytes, said: str) -> None:
    with pytest.raises(InvalidMessage) as raised:
        parse_request(frame)
    assert said in str(raised.value)
    assert len(str(raised.value)) < 1_000


def test_workflows_are_refused_with_the_way_to_go() -> None:
    with pytest.raises(Unsupported, match=r"heartbeat\.configure"):
        parse_request('{"type":"schedule.create","id":"1"}')


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        ('{"id":"7"}', "7"),
        ('{"id":7}', None),
        ("x", None),
        (b"", None),
        (json.dumps({"id": "x" * 201}), None),
        ('{"id":"\\ud83d\\ude00"}', "\U0001f600"),
        ('{"id":"half a pair \\ud83d"}', None),
    ],
)
def test_an_error_carries_the_id_where_there_is_one(
    frame: str | bytes, expected: str | None
) -> None:
    assert request_id(frame) == expected


@given(st.text() | st.binary())
def test_any_bytes_lead_to_a_message_or_to_a_clear_error(frame: str | bytes) -> None:
    with pytest.raises((InvalidMessage, Unsupported)):
        parse_request(frame)


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(
    st.sampled_from(REQUEST_TYPES),
    st.dictionaries(st.sampled_from(["id", "interval", "scheduleId", "x"]), _JSON),
)
def test_any_fields_lead_to_a_message_or_to_a_clear_error(
    kind: str, fields: dict[str, object]
) -> None:
    with suppress(InvalidMessage):
        assert parse_request(json.dumps({"type": kind, **fields})).type == kind


def test_a_reply_survives_the_wire() -> None:
    pong = Pong(id="1")
    assert read_reply(to_frame(pong)) == pong


def test_a_frame_that_is_no_reply_is_refused() -> None:
    with pytest.raises(InvalidMessage, match="from the gateway"):
        read_reply('{"type":"nope"}')


def test_an_error_tells_whether_trying_again_may_help() -> None:
    reply = error_reply(Busy("one is going on"), "7")
    assert (reply.code, reply.retryable, reply.request_id) == ("busy", True, "7")


def test_the_schema_names_every_message() -> None:
    schema = json_schema()
    named = [*schema["clientToServer"], *schema["serverToClient"]]  # type: ignore[misc]  # lists
    assert set(named) <= set(schema["$defs"])  # type: ignore[call-overload]  # a dict
