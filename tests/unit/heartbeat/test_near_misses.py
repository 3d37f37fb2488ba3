"""Lines that look like an item or a probe and are not read as one."""

import pytest

from heartbeat.checklist import MAX_WARNINGS, parse_checklist
from heartbeat.errors import InvalidChecklist


def warned_lines(text: str) -> list[int]:
    return [warning.line for warning in parse_checklist(text).warnings]


@pytest.mark.parametrize(
    "line",
    [
        "-[ ] b",
        "*[x] b",
        "1.[ ] b",
        "- [] b",
        "- [  ] b",
        "- [ x ] b",
        "- [ ]b",
        "- [x]: b",
        "- [\u00a0] b",
        "- [ ]\u00a0b",
        "- [\u200b] b",
        "- [✓] b",
        "- [-] b",
        "- [ ]",
        "- [ ] <!-- b -->",
        "- [ ] {#b}",
        r"- \[ \] b",
        "• [ ] b",
        "– [ ] b",
        "- ☐ b",
        "☑ b",
        "- ［ ］ b",
        "| [ ] | b |",
        "## [ ] b",
        "[ ] b",
        "> [ ] b",
        "  text\n2. [ ] b",
        "    - [ ] b",
        "<details>\n- [ ] b",
        "<!-- never closed\n- [ ] b",
        "```\n- [ ] b",
        "Probe: load",
        "probe: load",
        "- probe: load",
        "- probe load per_cpu < 4",
        "- probe http https://example.org/ body contains ok",
        "- `probe: load`",
        "- **probe**: load",
    ],
)
def test_what_looks_like_one_and_is_not_read_is_warned_about(line: str) -> None:
    text = f"- [ ] a\n\n# T\n\n{line}"
    assert [item.text for item in parse_checklist(text).items] == ["a"]
    assert warned_lines(text) == [text.count("\n") + 1]


@pytest.mark.parametrize("line", ["-[ ] b", "- [] b", "[ ] b", "- probe: load"])
def test_alone_in_a_file_it_is_an_error(line: str) -> None:
    with pytest.raises(InvalidChecklist, match="line 2: expected ") as caught:
        parse_checklist(f"# T\n{line}")
    assert repr(line) in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        "- [x](https://example.com) is a link",
        "- [2026-03-09T22:44:24] a log line",
        "- [1] a footnote",
        "# - [ ] behind a hash sign",
        "| a | [ ] |",
        "- array[] and a[ ]",
        "- we probe it",
        "- probe disk usage as root",
        "- probe whether x < y",
        "~~~\n- [ ] b\n- probe: x\n~~~",
        "<!-- - [ ] b -->",
    ],
)
def test_other_brackets_code_and_comments_are_not_warned_about(line: str) -> None:
    assert warned_lines(f"- [ ] a\n\n# T\n\n{line}") == []


def test_a_box_that_holds_a_probe_is_an_item_with_a_warning() -> None:
    checklist = parse_checklist("- [ ] probe: load load1 < 4")
    assert checklist.items[0].needs_model
    assert "nested under an item" in checklist.warnings[0].message


def test_warnings_are_few() -> None:
    text = "- [ ] a\n\n" + "-[ ] b\n" * 1000
    assert len(parse_checklist(text).warnings) == MAX_WARNINGS
