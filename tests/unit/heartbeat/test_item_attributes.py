"""What the braces at the end of an item's line say."""

import pytest

from heartbeat.checklist import Item, parse_checklist
from heartbeat.errors import InvalidChecklist
from heartbeat.verdict import Severity


def an_item(text: str) -> Item:
    return parse_checklist(f"- [ ] {text}").items[0]


def test_braces_at_the_end_of_the_line_give_id_and_severity() -> None:
    item = an_item("a {x} b {severity=critical #my.id-1}")
    assert (item.text, item.key) == ("a {x} b", "my.id-1")
    assert item.severity is Severity.CRITICAL


def test_braces_may_end_any_line_of_the_item() -> None:
    item = an_item("a {#one}\n  b {severity=warning}")
    assert (item.text, item.key, item.severity) == ("a b", "one", Severity.WARNING)


@pytest.mark.parametrize("text", ["a {}", "a {name}", 'a {"b": 1}', "a `{b=1}`"])
def test_braces_without_attributes_are_text(text: str) -> None:
    assert an_item(text).text == text


@pytest.mark.parametrize(
    ("braces", "said"),
    [
        ("{every=4h}", "known are #id and severity=warning or severity=critical"),
        ("{#a every=4h}", "got 'every'"),
        ("{#a critical}", "got 'critical'"),
        ("{severity=high}", "got 'high'"),
        ("{severity=}", "got ''"),
        ("{#}", "at most 64, got ''"),
        ("{#ä}", "got 'ä'"),
        ("{#a/b}", "got 'a/b'"),
        ("{#a #b}", "expected one '#'"),
        ("{severity=critical severity=warning}", "expected one 'severity'"),
    ],
)
def test_attributes_that_are_not_known_are_errors(braces: str, said: str) -> None:
    with pytest.raises(InvalidChecklist, match="line 1: expected ") as caught:
        an_item(f"a {braces}")
    assert said in str(caught.value)
