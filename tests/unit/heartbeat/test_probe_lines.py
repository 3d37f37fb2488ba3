"""Probes written as lines, and lines put into a checklist's text."""

import pytest

from heartbeat.checklist import parse_checklist
from heartbeat.errors import InvalidChecklist, InvalidProbe
from heartbeat.probe_lines import add_probes, write_probe
from heartbeat.probes import Probe, parse_probe
from heartbeat.tools import ToolCall

DISK = "disk / used_percent < 90%"


def a_probe(source: str = DISK) -> Probe:
    return parse_probe(source, line=1)


def written(
    tool: str, *arguments: str, field: str, operator: str = "==", value: str
) -> str:
    call = ToolCall(tool=tool, arguments=arguments)
    return write_probe(call, field=field, operator=operator, value=value, line=7).source


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param(
            written("disk", "/", field="used_percent", operator="<", value="90%"),
            "disk / used_percent < 90%",
            id="plain words",
        ),
        pytest.param(
            written("load", field="load1", operator="<", value="4"),
            "load load1 < 4",
            id="no argument",
        ),
        pytest.param(
            written("file", "/srv/a file", field="exists", value="true"),
            'file "/srv/a file" exists == true',
            id="an argument with a space",
        ),
        pytest.param(
            written("log", "a.log", "<", "10m", field="matches", value="0"),
            'log a.log "<" 10m matches == 0',
            id="an argument that reads as an operator",
        ),
        pytest.param(
            written("json", "a.json", "x", field="value", value='say "hi" \\o/'),
            'json a.json x value == "say \\"hi\\" \\\\o/"',
            id="a value with quotes",
        ),
    ],
)
def test_parts_become_the_line_that_says_them(source: str, expected: str) -> None:
    assert source == expected


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        pytest.param(
            ("disk", "/", "used", "<", "90%"), "expected a field of disk", id="field"
        ),
        pytest.param(("rm", "/", "exists", "==", "true"), "expected a tool", id="tool"),
        pytest.param(
            ("disk", "/", "used_percent", "~", "90%"), "expected", id="operator"
        ),
        pytest.param(
            ("disk", "/", "used_percent", "<", "90 miles"), "expected", id="value"
        ),
        pytest.param(
            ("file", "/a\n  - probe: load", "exists", "==", "true"),
            "expected printable text",
            id="a second line",
        ),
        pytest.param(
            ("disk", "/", "used_percent < 100% used_percent", "<", "90%"),
            "expected",
            id="more words than one",
        ),
    ],
)
def test_what_is_no_probe_is_refused_with_its_line(
    parts: tuple[str, str, str, str, str], said: str
) -> None:
    tool, argument, field, operator, value = parts
    with pytest.raises(InvalidProbe, match=said) as caught:
        written(tool, argument, field=field, operator=operator, value=value)
    assert caught.value.line == 7


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            "# Box\n- [ ] The disk\n- [ ] Other\n",
            f"# Box\n- [ ] The disk\n  - probe: {DISK}\n- [ ] Other\n",
            id="below its line",
        ),
        pytest.param(
            "- [ ] The disk",
            f"- [ ] The disk\n  - probe: {DISK}\n",
            id="no last newline",
        ),
        pytest.param(
            "\ufeff- [ ] The disk\r\n",
            f"\ufeff- [ ] The disk\r\n  - probe: {DISK}\r\n",
            id="CRLF and BOM",
        ),
        pytest.param(
            "10. [ ] The disk\n",
            f"10. [ ] The disk\n    - probe: {DISK}\n",
            id="a number",
        ),
        pytest.param(
            "- [ ] The disk\n  of the shop\n  - its note\n",
            f"- [ ] The disk\n  of the shop\n  - probe: {DISK}\n  - its note\n",
            id="text on two lines",
        ),
        pytest.param(
            "- Group\n  - [ ] The disk {#d}\n",
            f"- Group\n  - [ ] The disk {{#d}}\n    - probe: {DISK}\n",
            id="nested",
        ),
        pytest.param(
            "---\nitems: bullets\n---\n* The disk\n",
            f"---\nitems: bullets\n---\n* The disk\n  - probe: {DISK}\n",
            id="plain bullets",
        ),
        pytest.param(
            "- [ ] The disk\n  - probe: disk /\n",
            f"- [ ] The disk\n  - probe: {DISK}\n  - probe: disk /\n",
            id="beside a probe that is evidence",
        ),
    ],
)
def test_probes_go_below_their_item(before: str, after: str) -> None:
    key = parse_checklist(before).items[0].key
    assert add_probes(before, {key: [a_probe()]}) == after


def test_a_tool_with_its_argument_in_its_name_is_refused() -> None:
    with pytest.raises(InvalidProbe, match="expected words"):
        written("disk /", field="used_percent", operator="<", value="90%")


def test_each_item_gets_its_own() -> None:
    text = "- [ ] One\n- [ ] Two\n- [ ] Three\n"
    one, _, three = parse_checklist(text).items
    added = add_probes(
        text, {one.key: [a_probe(), a_probe("load load1 < 4")], three.key: [a_probe()]}
    )
    counts = [len(item.probes) for item in parse_checklist(added).items]
    assert counts == [2, 0, 1]


def test_an_item_in_a_place_of_its_own_is_left_to_a_person() -> None:
    text = "> - [ ] The disk\n"
    key = parse_checklist(text).items[0].key
    with pytest.raises(InvalidChecklist, match="write them by hand"):
        add_probes(text, {key: [a_probe()]})
