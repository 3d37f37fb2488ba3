"""Tool calls that no checklist wrote."""

import pytest

from heartbeat.errors import InvalidProbe
from heartbeat.tool_calls import check_call, contained_path, is_host_bound
from heartbeat.tools import CATALOGUE, ToolCall


def test_it_returns_the_tool_that_is_called() -> None:
    call = ToolCall(tool="tcp", arguments=("db.example", "5432"))
    assert check_call(call) is CATALOGUE["tcp"]


@pytest.mark.parametrize(
    "call",
    [
        ToolCall(tool="shell", arguments=("rm -rf /",)),
        ToolCall(tool="tcp", arguments=("db.example",)),
        ToolCall(tool="http", arguments=("file:///etc/passwd",)),
        ToolCall(tool="http", arguments=("http://a/\r\nX-Header: b",)),
        ToolCall(tool="file", arguments=("a\0b",)),
        ToolCall(tool="log", arguments=("app.log", "(", "10m")),
        ToolCall(tool="log", arguments=("app.log", "ERROR", "10")),
        ToolCall(tool="json", arguments=("https://user:pass@a/", "status")),
    ],
)
def test_it_refuses_what_the_catalogue_does_not_have(call: ToolCall) -> None:
    with pytest.raises(InvalidProbe, match="expected ") as caught:
        check_call(call)
    assert caught.value.line is None


def test_every_argument_of_the_catalogue_is_checked() -> None:
    for tool in CATALOGUE.values():
        if tool.arguments:
            blank = ToolCall(tool=tool.name, arguments=("",) * len(tool.arguments))
            with pytest.raises(InvalidProbe, match=f"{tool.name}: expected"):
                check_call(blank)


@pytest.mark.parametrize(
    ("tool", "arguments", "is_bound"),
    [
        ("memory", (), True),
        ("log", ("app.log", "https://", "10m"), True),
        ("http", ("https://a.example/",), False),
        ("json", ("state.json", "."), True),
        ("json", ("HTTPS://a.example/", "."), False),
    ],
)
def test_it_knows_whether_the_machine_that_asks_matters(
    tool: str, arguments: tuple[str, ...], is_bound: bool
) -> None:
    assert is_host_bound(ToolCall(tool=tool, arguments=arguments)) is is_bound


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("file", "a.log"), "a.log"),
        (("log", "/var/log/a", "ERROR", "10m"), "/var/log/a"),
        (("json", "state.json", "n"), "state.json"),
        (("json", "https://a/state.json", "n"), None),
        (("disk", "/"), None),
        (("load",), None),
    ],
)
def test_only_what_a_tool_opens_has_to_lie_in_the_root(
    arguments: tuple[str, ...], expected: str | None
) -> None:
    tool, *rest = arguments
    assert contained_path(ToolCall(tool=tool, arguments=tuple(rest))) == expected
