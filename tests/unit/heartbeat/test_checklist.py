"""A checklist's text in, its items out."""

from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heartbeat.checklist import (
    MAX_CHECKLIST_BYTES,
    MAX_ITEMS,
    Checklist,
    parse_checklist,
)
from heartbeat.errors import InvalidChecklist, InvalidFrontMatter, InvalidProbe

FULL = (Path(__file__).parent / "checklists" / "full.md").read_text()
ROOT = Path(__file__).parents[3]
EXAMPLE, README = ROOT / "examples" / "HEARTBEAT.md", ROOT / "README.md"


def texts(text: str) -> list[str]:
    return [item.text for item in parse_checklist(text).items]


def keys(text: str) -> list[str]:
    return [item.key for item in parse_checklist(text).items]


def refusal(data: str | bytes) -> str:
    with pytest.raises(InvalidChecklist) as caught:
        parse_checklist(data)
    return str(caught.value)


def test_it_finds_every_box_that_is_not_in_code_or_comment() -> None:
    checklist = parse_checklist(FULL)
    assert [item.text for item in checklist.items] == [
        "The disk is not full",
        "A text that goes on in the next line and even in this one",
        "`example.com` answers",
        "is the right one",
        "Mail flows",
        "A quoted one counts",
    ]
    assert [item.text for item in checklist.disabled] == [
        "The old host answers",
        "is valid for 14 days",
    ]
    assert checklist.warnings == ()
    assert checklist.front_matter.interval == 15


def test_it_says_the_line_of_each_item_in_the_file() -> None:
    lines = FULL.split("\n")
    checklist = parse_checklist(FULL)
    for item in checklist.items + checklist.disabled:
        assert item.text.split(" ", 2)[0] in lines[item.line - 1]
        assert "[" in lines[item.line - 1]


def test_what_is_nested_under_an_item_are_its_notes_and_probes() -> None:
    disk = parse_checklist(FULL).items[0]
    assert [probe.source for probe in disk.probes] == [
        "disk / used_percent < 90%",
        "memory",
    ]
    assert [probe.line for probe in disk.probes] == [12, 14]
    assert set(disk.notes) == {
        "grows about 1 % a day",
        "since the move",
        "Ask the storage team first.",
    }


def test_the_group_is_the_heading_and_the_text_above() -> None:
    groups = {item.text: item.group for item in parse_checklist(FULL).items}
    assert groups["The disk is not full"] == "Servers"
    assert groups["Mail flows"] == "Web sites"
    nested = "Web sites › `example.com` answers › Certificates"
    assert groups["is the right one"] == nested
    assert parse_checklist("- [ ] a").items[0].group is None


def test_a_box_with_boxes_below_is_an_item_as_well() -> None:
    assert texts("- [ ] a\n  - [ ] b\n    - [ ] c") == ["a", "b", "c"]


def test_turning_one_off_leaves_those_below_on() -> None:
    checklist = parse_checklist("- [x] a\n  - [ ] b\n    - probe: load\n")
    assert [item.text for item in checklist.items] == ["b"]
    assert len(checklist.items[0].probes) == 1


@pytest.mark.parametrize(
    "text",
    [
        "- [ ] a\n- [ ] b",
        "* [ ] a\n+ [ ] b",
        "1. [ ] a\n2. [ ] b",
        "1) [ ] a\n\n\n2) [ ] b",
        "-\t[ ]\ta\n-  [ ]   b",
        "- [ ] a\r\n- [ ] b\r\n",
        "- [ ] a\r- [ ] b",
        "\ufeff- [ ] a\n- [ ] b",
        "- [ ]\n  a\n-\n  [ ] b",
        "- - [ ] a\n- [ ] b",
        "   - [ ] a\n   - [ ] b",
        "- [ ] <!-- the first --> a\n- [ ] b <!-- x --> <!-- y -->",
    ],
)
def test_markers_spaces_and_line_ends_do_not_matter(text: str) -> None:
    assert texts(text) == ["a", "b"]
    assert parse_checklist(text.encode()) == parse_checklist(text)
    assert parse_checklist(text).warnings == ()


@pytest.mark.parametrize(
    "text",
    ["", "\n\n", "\ufeff", "# Title\n# a comment\n", "(none)", "---\ninterval: 5\n---"],
)
def test_a_file_without_any_list_item_is_empty_and_no_error(text: str) -> None:
    checklist = parse_checklist(text)
    assert checklist.is_empty
    assert checklist.warnings == ()


def test_a_comment_that_never_ends_is_text() -> None:
    assert texts("- [ ] a <!-- b") == ["a <!-- b"]


def test_a_file_with_all_items_off_is_not_empty() -> None:
    assert not parse_checklist("- [x] a").is_empty


def test_a_key_is_twelve_digits_of_the_texts_hash() -> None:
    assert keys("- [ ] a") == ["ca978112ca1b"]


@pytest.mark.parametrize(
    "other",
    [
        "- [ ] a  **b**",
        "* [x] z\n* [ ] a\n  **b**",
        "# T\n- [ ] a **b** {severity=critical}\n  - probe: load",
        "- [ ] a **b** <!-- c -->",
    ],
)
def test_a_key_outlives_layout_attributes_and_notes(other: str) -> None:
    assert keys(other) == keys("- [ ] a **b**")


def test_a_key_does_not_depend_on_how_an_accent_is_encoded() -> None:
    assert keys("- [ ] caf\u00e9") == keys("- [ ] cafe\u0301")


def test_repeated_texts_are_numbered_and_turning_one_off_renames_none() -> None:
    first, second = keys("- [ ] a\n- [ ] a")
    assert second == f"{first}-2"
    assert keys("- [x] a\n- [ ] a") == [second]


def test_case_makes_another_item_since_paths_have_case() -> None:
    assert len(set(keys("- [ ] /Data\n- [ ] /data"))) == 2


def test_an_id_given_twice_is_an_error_with_both_lines() -> None:
    message = refusal("- [ ] a {#x}\n- [ ] b\n- [x] c {#x}")
    assert message.startswith("line 3: ")
    assert "'x' in line 1 too" in message


TEXTS = st.lists(st.text("abc", min_size=1), min_size=1, max_size=20, unique=True)


@given(TEXTS, st.randoms(use_true_random=False))
def test_keys_stay_with_their_texts_in_any_order(
    names: list[str], random: Random
) -> None:
    mixed = random.sample(names, len(names))
    plain = parse_checklist("".join(f"- [ ] {name}\n" for name in names))
    other = parse_checklist("".join(f"+  [ ]  {name}  \n\n" for name in mixed))
    assert {i.text: i.key for i in plain.items} == {i.text: i.key for i in other.items}


PLAIN = "# T\n\n- a\n- b\n  - c\n"


def test_plain_bullets_without_a_box_are_an_error_that_says_how_to_opt_in() -> None:
    message = refusal(PLAIN)
    assert message.startswith("line 3: ")
    assert "3 plain list items" in message
    assert "items: bullets" in message


def test_with_items_bullets_the_outermost_bullets_are_items() -> None:
    checklist = parse_checklist(f"---\nitems: bullets\n---\n{PLAIN}- [x] d\n")
    assert [item.text for item in checklist.items] == ["a", "b"]
    assert checklist.items[1].notes == ("c",)
    assert [item.text for item in checklist.disabled] == ["d"]


def test_plain_bullets_beside_boxes_are_only_text() -> None:
    assert texts(f"{PLAIN}- [ ] d") == ["d"]


def test_a_bad_probe_is_an_error_with_its_line_in_the_file() -> None:
    text = "---\ninterval: 5\n---\n\n- [ ] a\n  - probe: dsk / used_percent < 90%\n"
    with pytest.raises(InvalidProbe, match="line 6: expected a tool") as caught:
        parse_checklist(text)
    assert caught.value.line == 6


def test_a_probe_is_one_line() -> None:
    message = refusal("- [ ] a\n  - probe: load load1 < 4\ntext that was meant apart")
    assert "line 2: expected a probe on one line" in message
    assert "'text that was meant apart'" in message


def test_the_probe_is_read_as_written_with_its_markdown() -> None:
    text = r"- [ ] a" "\n" r'  - probe: http http://a/ body matches "\*_x_ `\d+`"'
    condition = parse_checklist(text).items[0].probes[0].condition
    assert condition is not None
    assert condition.literal == r"\*_x_ `\d+`"


def test_bad_front_matter_is_an_error() -> None:
    with pytest.raises(InvalidFrontMatter, match="line 2"):
        parse_checklist("---\ncronExpression: */5 * * * *\n---\n- [ ] a")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"- [ ] a\xff", "expected UTF-8, got byte 0xff at offset 7"),
        (b"\xef\xbb\xbf- [ ] a\xff", "got byte 0xff at offset 10"),
        ("- [ ] a".encode("utf-16"), "expected UTF-8, got byte 0xff at offset 0"),
        (b"- [ ] a\0", "expected text, got a NUL byte at offset 7"),
        ("ä\0", "NUL byte at offset 2"),
        ("\ud800", "expected UTF-8"),
        (b" " * (MAX_CHECKLIST_BYTES + 1), "at most 65536 bytes (64 KiB), got 65537"),
        ("ä" * MAX_CHECKLIST_BYTES, "got 131072"),
        ("- [ ] a\n" * 10_000, "at most 65536 bytes"),
        ("- [ ] a\n" * 8_000, "line 101: expected at most 100 items"),
        ("- [x] a\n" * 101, "[x] ones included, got 101"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_is_no_checklist_is_refused(data: str | bytes, said: str) -> None:
    assert said in refusal(data)


def test_the_limits_themselves_are_allowed() -> None:
    full = ("- [ ] a\n" * MAX_ITEMS).ljust(MAX_CHECKLIST_BYTES)
    assert len(parse_checklist(full).items) == MAX_ITEMS


def test_control_characters_never_reach_a_terminal() -> None:
    assert texts("- [ ] a\x1b[31m b\x07") == ["a\ufffd[31m b\ufffd"]


PIECES = st.sampled_from(
    [*FULL.splitlines(keepends=True), "- [ ] a {#x}\n", "  ", "\t", "\n", "---\n",
     "```\n", "<!--", "-->", "[ ]", "{", "}", '"', "\u00a0", "\ufeff", "&", "*", "> "]
)  # fmt: skip


@given(st.binary() | st.text() | st.lists(PIECES, max_size=30).map("".join))
def test_any_data_is_a_checklist_or_an_invalid_one(data: str | bytes) -> None:
    with suppress(InvalidChecklist):
        parse_checklist(data)


@given(st.integers(0, len(FULL)), st.integers(0, 40), st.text(max_size=5))
def test_any_edit_of_a_good_one_is_a_checklist_or_an_invalid_one(
    at: int, length: int, put: str
) -> None:
    edited = FULL[:at] + put + FULL[at + length :]
    with suppress(InvalidChecklist):
        checklist = parse_checklist(edited)
        assert_lines_are_right(checklist, edited)


def assert_lines_are_right(checklist: Checklist, text: str) -> None:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for item in checklist.items + checklist.disabled:
        assert "[" in lines[item.line - 1]
        for probe in item.probes:
            assert probe.source in lines[probe.line - 1]


def test_the_example_of_the_readme_is_a_good_checklist() -> None:
    text = README.read_text(encoding="utf-8").partition("```markdown\n")[2]
    checklist = parse_checklist(text.partition("```")[0])
    assert checklist.warnings == ()
    assert len(checklist.items) == 3
    assert len(checklist.disabled) == 1
    assert checklist.items[2].every == timedelta(hours=4)


def test_the_example_needs_nothing_and_shows_each_kind_of_item() -> None:
    checklist = parse_checklist(EXAMPLE.read_bytes())
    assert checklist.warnings == ()
    assert checklist.front_matter.interval == 1
    by_rule = [item for item in checklist.items if not item.needs_model]
    assert len(by_rule) >= 3
    assert len(checklist.items) - len(by_rule) == 1
    assert any("on purpose" in item.text for item in by_rule)
