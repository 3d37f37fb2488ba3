"""What the braces at the end of an item's line say."""

from datetime import timedelta

import pytest

from heartbeat.checklist import Item, parse_checklist
from heartbeat.errors import InvalidChecklist
from heartbeat.item_attributes import every_text, parse_every
from heartbeat.verdict import Severity

HOUR = timedelta(hours=1)
SONNET = "anthropic:claude-sonnet-5-5"


def an_item(text: str, *, defaults: str = "") -> Item:
    head = f"---\ndefaults: {defaults}\n---\n" if defaults else ""
    return parse_checklist(f"{head}- [ ] {text}").items[0]


def test_braces_at_the_end_of_the_line_give_id_and_severity() -> None:
    item = an_item("a {x} b {severity=critical #my.id-1}")
    assert (item.text, item.key) == ("a {x} b", "my.id-1")
    assert item.severity is Severity.CRITICAL


def test_braces_may_end_any_line_of_the_item() -> None:
    item = an_item("a {#one}\n  b {severity=warning}")
    assert (item.text, item.key, item.severity) == ("a b", "one", Severity.WARNING)


def test_braces_give_how_often_and_by_which_model() -> None:
    item = an_item(f"a {{#slow every=4h severity=critical model={SONNET}}}")
    assert (item.text, item.key) == ("a", "slow")
    assert (item.every, item.model) == (4 * HOUR, SONNET)


def test_without_braces_the_heartbeat_decides() -> None:
    item = an_item("a")
    assert (item.severity, item.every, item.model) == (Severity.WARNING, None, None)


def test_attributes_do_not_change_what_an_item_is() -> None:
    assert an_item("a {every=4h severity=critical}").key == an_item("a").key


def test_defaults_hold_for_items_that_say_nothing_else() -> None:
    defaults = f"{{severity: critical, every: 1d, model: {SONNET}}}"
    item = an_item("a", defaults=defaults)
    assert (item.severity, item.every) == (Severity.CRITICAL, 24 * HOUR)
    assert item.model == SONNET
    item = an_item(
        "a {severity=warning every=30m model=anthropic:claude-haiku-5-5}",
        defaults=defaults,
    )
    assert (item.severity, item.every) == (Severity.WARNING, HOUR / 2)
    assert item.model == "anthropic:claude-haiku-5-5"


@pytest.mark.parametrize(
    ("text", "every"),
    [
        ("1m", HOUR / 60),
        ("90m", 1.5 * HOUR),
        ("4h", 4 * HOUR),
        ("1d", 24 * HOUR),
        ("365d", 365 * 24 * HOUR),
        ("525600m", 365 * 24 * HOUR),
    ],
)
def test_every_is_a_number_of_minutes_hours_or_days(
    text: str, every: timedelta
) -> None:
    assert parse_every(text) == every
    assert parse_every(every_text(every)) == every


def test_every_is_written_in_the_largest_unit_that_fits() -> None:
    written = [every_text(parse_every(text)) for text in ("60m", "36h", "48h", "7m")]
    assert written == ["1h", "36h", "2d", "7m"]


@pytest.mark.parametrize(
    "text",
    [
        *("", "4", "h", "0h", "04h", "-1h", "1.5h", "1h30m", "30s", "1w", "4H", "٤h"),
        *("366d", "525601m", "999999d", "1h\n"),
    ],
)
def test_what_is_no_time_between_judgements_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected every as a whole number"):
        parse_every(text)


@pytest.mark.parametrize("text", ["a {}", "a {name}", 'a {"b": 1}', "a `{b=1}`"])
def test_braces_without_attributes_are_text(text: str) -> None:
    assert an_item(text).text == text


@pytest.mark.parametrize(
    ("braces", "said"),
    [
        ("{evry=4h}", "known are #id, severity=warning or severity=critical, every"),
        ("{#a after=4h}", "got 'after'"),
        ("{every=4}", "expected every as a whole number of minutes, hours or days"),
        ("{every=}", "got ''"),
        ("{every = 4h}", "got ''"),
        ("{every: 4h}", "got 'every:'"),
        ("{severity: critical}", "got 'severity:'"),
        ("{model=}", "expected a model"),
        ("{every=4h every=5h}", "expected one 'every'"),
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
