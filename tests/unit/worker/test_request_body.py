"""What is sent to a model: the same bytes for what never changes, and no more."""

import json
from types import MappingProxyType

import pytest

from heartbeat.tools import CATALOGUE
from worker.model import COMPATIBLE, NATIVE, Capabilities, Frame, ModelRequest
from worker.request_body import MAX_OUTPUT_TOKENS, BodyWriter

TOOLS = (CATALOGUE["disk"], CATALOGUE["load"])
FRAME = Frame(system="Judge.", tools=TOOLS, schema=MappingProxyType({"type": "object"}))


def a_writer(capabilities: Capabilities = NATIVE, name: str = "model-1") -> BodyWriter:
    return BodyWriter(name=name, capabilities=capabilities, effort="low")


def a_request(words: str = "Is it?", *, last: bool = False) -> ModelRequest:
    messages = ({"role": "user", "content": words},)
    return ModelRequest(frame=FRAME, messages=messages, last=last)


def body(writer: BodyWriter, request: ModelRequest) -> dict[str, object]:
    read: dict[str, object] = json.loads(writer.write(request))
    return read


def test_a_request_has_all_that_the_api_wants() -> None:
    read = body(a_writer(), a_request())
    tools = read.pop("tools")
    assert isinstance(tools, list)
    assert [(tool["name"], tool["strict"]) for tool in tools] == [
        ("disk", True),
        ("load", True),
    ]
    assert read == {
        "model": "model-1",
        "max_tokens": MAX_OUTPUT_TOKENS,
        "system": [
            {
                "type": "text",
                "text": "Judge.",
                "cache_control": {"type": "ephemeral"},
            }
        ],
        "tool_choice": {"type": "auto"},
        "output_config": {
            "format": {"type": "json_schema", "schema": {"type": "object"}},
            "effort": "low",
        },
        "messages": [{"role": "user", "content": "Is it?"}],
    }


def test_everything_before_the_messages_is_the_same_in_every_step() -> None:
    first, second = (a_writer().write(a_request(words)) for words in "ab")
    head, found, _ = first.partition(b'"messages":')
    assert found
    assert second.startswith(head)
    assert first != second


def test_the_last_step_may_call_no_tool_and_still_has_them() -> None:
    last = body(a_writer(), a_request(last=True))
    assert last["tool_choice"] == {"type": "none"}
    assert last["tools"] == body(a_writer(), a_request())["tools"]


def test_a_server_that_understands_less_gets_plain_messages_and_tools() -> None:
    read = body(a_writer(COMPATIBLE), a_request())
    assert read.keys() == {"model", "max_tokens", "system", "tools", "messages"}
    assert read["system"] == [{"type": "text", "text": "Judge."}]
    tools = read["tools"]
    assert isinstance(tools, list)
    assert not any("strict" in tool for tool in tools)
    assert "tools" not in body(a_writer(COMPATIBLE), a_request(last=True))


def test_requests_to_two_models_do_not_share_their_head() -> None:
    names = [body(a_writer(name=name), a_request())["model"] for name in ("a", "b")]
    assert names == ["a", "b"]


@pytest.mark.parametrize("words", ["Is “ä” 漢 \u2028 ok?", 'a "quote" \\ and \n line'])
def test_words_arrive_as_they_are(words: str) -> None:
    read = body(a_writer(), a_request(words))
    assert read["messages"] == [{"role": "user", "content": words}]


def test_what_is_no_json_is_refused() -> None:
    request = ModelRequest(
        frame=FRAME, messages=({"role": "user", "content": float("nan")},), last=False
    )
    with pytest.raises(ValueError, match="JSON"):
        a_writer().write(request)
