"""What the model is told."""

import json

import pytest

from heartbeat.tools import CATALOGUE, ToolCall, Unobserved
from tests.unit.worker.builders import an_item, seen
from worker.model import JsonObject, ToolUse
from worker.prompt import MAX_RESULT, SYSTEM, TOOLS, clip, describe, read_call, show

URL = "https://example.com/health"


def test_an_item_is_told_with_its_group_and_notes() -> None:
    item = an_item("disk is fine", group="Storage", notes=("under 90 %", "also /srv"))

    assert describe(item).splitlines() == [
        "Item: disk is fine",
        "Section of the checklist: Storage",
        "Note: under 90 %",
        "Note: also /srv",
    ]


def test_the_tools_are_the_whole_catalogue_sorted_by_name() -> None:
    assert [tool.name for tool in TOOLS] == sorted(CATALOGUE)


def test_the_orders_name_every_status() -> None:
    assert all(f'"{word}"' in SYSTEM for word in ("ok", "action_needed", "unknown"))


def test_an_observation_travels_as_json_with_its_source() -> None:
    shown = show(seen("http", URL, status=200, text='say "hi"}'))

    assert json.loads(shown.content) == {
        "tool": "http",
        "source": URL,
        "ok": True,
        "fields": {"status": 200},
        "text": 'say "hi"}',
    }
    assert not shown.is_error


def test_what_could_not_be_observed_is_an_error_that_cannot_be_quoted() -> None:
    call = ToolCall(tool="file", arguments=("/srv/x",))

    shown = show(Unobserved(call=call, why="permission denied"))

    assert json.loads(shown.content)["error"] == "permission denied"
    assert (shown.is_error, shown.quotable) == (True, "")


def test_a_long_result_keeps_its_head_and_tail() -> None:
    text = "head" + "x" * 5_000_000 + "tail"

    shown = show(seen("http", URL, text=text, body=text, status=200))

    seen_by_model = json.loads(shown.content)
    assert len(seen_by_model["text"]) <= MAX_RESULT
    assert seen_by_model["text"].startswith("head")
    assert seen_by_model["text"].endswith("tail")
    assert seen_by_model["fields"] == {"status": 200}
    assert len(shown.content) < MAX_RESULT + 500


def test_clipping_says_so_and_keeps_three_quarters_in_front() -> None:
    clipped = clip("a" * 500 + "b" * 500, 400)

    assert len(clipped) <= 400
    assert "characters left out" in clipped
    assert clipped.count("a") > 2 * clipped.count("b") > 0


def test_names_that_are_not_utf8_can_be_sent() -> None:
    shown = show(seen("process", "x\udcff", count=0, text="no \udcff"))

    assert shown.content.encode("utf-8")


@pytest.mark.parametrize(
    ("name", "arguments", "call"),
    [
        ("load", {}, ToolCall(tool="load")),
        ("disk", {"path": "/"}, ToolCall(tool="disk", arguments=("/",))),
        (
            "tcp",
            {"port": 443, "host": "example.com"},
            ToolCall(tool="tcp", arguments=("example.com", "443")),
        ),
    ],
)
def test_a_call_is_read(name: str, arguments: JsonObject, call: ToolCall) -> None:
    assert read_call(ToolUse(id="t", name=name, input=arguments)) == call


@pytest.mark.parametrize(
    ("name", "arguments", "problem"),
    [
        ("shell", {"command": "ls"}, "expected a tool"),
        ("lode", {}, "did you mean 'load'"),
        ("disk", {}, "expected the arguments ['path'], got []"),
        ("load", {"x": "1"}, "expected the arguments [], got ['x']"),
        ("disk", {"path": None}, "expected text for 'path', got None"),
        ("disk", {"path": True}, "expected text for 'path', got True"),
        ("disk", {"path": ["/"]}, "expected text for 'path', got ['/']"),
        ("http", {"url": "file:///etc/passwd"}, "expected an http:// or https:// URL"),
        ("tcp", {"host": "a", "port": "99999"}, "expected a port"),
    ],
)
def test_a_wrong_call_is_answered_with_what_was_expected(
    name: str, arguments: JsonObject, problem: str
) -> None:
    answer = read_call(ToolUse(id="t", name=name, input=arguments))

    assert isinstance(answer, str)
    assert problem in answer
