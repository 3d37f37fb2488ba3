"""The head of a checklist: what is read, and that nothing in it vanishes."""

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heartbeat.errors import InvalidFrontMatter
from heartbeat.front_matter import (
    MAX_FRONT_MATTER,
    Defaults,
    FrontMatter,
    split_front_matter,
)
from heartbeat.verdict import Severity


def read(yaml: str) -> FrontMatter:
    return split_front_matter(f"---\n{yaml}\n---\n")[0]


def refusal(yaml: str) -> str:
    with pytest.raises(InvalidFrontMatter) as caught:
        read(yaml)
    return str(caught.value)


def test_it_reads_every_key() -> None:
    assert read(
        "interval: 7.5\ncronExpression: '*/5 * * * *'\ntimezone: Europe/Berlin\n"
        "activeHours:\n  start: 08:00\n  end: 24:00\n  daysOfWeek: [1, 2]\n"
        "model: anthropic:claude-haiku-5-5\nnotify: every-run\nrepeatMinutes: 60\n"
        "items: bullets"
    ) == FrontMatter(
        interval=7.5,
        cron_expression="*/5 * * * *",
        timezone="Europe/Berlin",
        active_hours={"start": "08:00", "end": "24:00", "daysOfWeek": [1, 2]},
        model="anthropic:claude-haiku-5-5",
        notify="every-run",
        repeat_minutes=60,
        items="bullets",
    )


@pytest.mark.parametrize(
    "text", ["", "# Title\n", "text\n---\nmore", "----\n", "-- -\n", "\n\n"]
)
def test_a_file_without_front_matter_is_all_body(text: str) -> None:
    assert split_front_matter(text) == (FrontMatter(), text, 1)


@pytest.mark.parametrize("yaml", ["", "# only a comment", "interval:", "title: Mine"])
def test_keys_without_meaning_leave_the_defaults(yaml: str) -> None:
    assert read(yaml) == FrontMatter()


@pytest.mark.parametrize("before", ["", "\n", " \n\n"])
def test_it_says_where_the_body_begins(before: str) -> None:
    text = f"{before}--- \ninterval: 5\n---\t\n# Title\n---\n"
    front_matter, body, first_line = split_front_matter(text)
    assert front_matter.interval == 5
    assert body == "# Title\n---\n"
    assert text.split("\n")[first_line - 1] == "# Title"


@pytest.mark.parametrize("key", ["title", "summary", "read_when", "x-i18n", "name"])
def test_keys_for_people_and_other_programs_are_ignored(key: str) -> None:
    assert read(f"{key}: [a, {{b: c}}]\ninterval: 5") == FrontMatter(interval=5)


def test_a_cron_expression_that_yaml_can_read_needs_no_quotes() -> None:
    assert read("cronExpression: 0 9 * * 1-5").cron_expression == "0 9 * * 1-5"


def test_times_and_words_are_text_and_no_base_60_numbers_or_booleans() -> None:
    hours = read("activeHours: {start: 9:30, end: 24:00}").active_hours
    assert hours == {"start": "9:30", "end": "24:00"}
    assert read("timezone: no").timezone == "no"


def test_active_hours_may_be_a_list() -> None:
    read_hours = read("activeHours:\n- {start: 8:00, end: 9:00}\n- {start: 1, end: 2}")
    assert read_hours.active_hours == [
        {"start": "8:00", "end": "9:00"},
        {"start": "1", "end": "2"},
    ]


def test_defaults_are_what_holds_for_every_item() -> None:
    assert read("defaults:\n  every: 4h\n  severity: critical").defaults == Defaults(
        every=timedelta(hours=4), severity=Severity.CRITICAL
    )
    assert read("defaults: {}").defaults == Defaults()


def test_a_window_may_have_an_interval() -> None:
    hours = read("activeHours: {start: 8:00, end: 9:00, interval: 2.5}").active_hours
    assert hours == {"start": "8:00", "end": "9:00", "interval": 2.5}


# What is between the fences | what the error says
REFUSED = r"""
cronExpression: */5 * * * *    | line 2: expected quotes around a value that begins with '*', as in `cronExpression: "*/5 * * * *"`
cronExpression: * * * * *      | line 2: expected quotes
cronExpression: @daily         | line 2: expected quotes around a value that begins with '@'
interval: 1\ninterval: 2       | line 3: expected 'interval' once
intervall: 5                   | line 2: expected a key of interval, cronExpression
intervall: 5                   | did you mean 'interval'?
cron_expression: 0 9 * * *     | did you mean 'cronExpression'?
tasks: [a]                     | got 'tasks'; write items below, such as `- [ ] text {every=30m}`
every: 30m                     | got 'every'; write interval: 30 (minutes)
x: 1                           | expected a key of
interval: 5m                   | line 2: interval: expected a number of minutes above 0, such as 30; got '5m'
interval: 1:30                 | interval: expected a number
interval: 0                    | interval: expected a number
interval: -5                   | interval: expected a number
interval: .inf                 | interval: expected a number
interval: nan                  | interval: expected a number
interval: yes                  | interval: expected a number
interval: [5]                  | interval: expected a number
title: x\nrepeatMinutes: 1e9   | line 3: repeatMinutes: expected minutes above 0, at most 43200
timezone: ""                   | timezone: expected a time zone
timezone: {a: b}               | timezone: expected a time zone
model: [a]                     | model: expected a model
notify: always                 | notify: expected changes or every-run; got 'always'
defaults: 4h                   | line 2: defaults: expected {severity: critical, every: 4h, model: provider:model}
defaults: {every: 4}           | defaults: expected {severity: critical, every: 4h
defaults: {every: [4h]}        | defaults: expected
defaults: {severity: high}     | defaults: expected
defaults: {model: ""}          | defaults: expected
defaults: {id: a}              | defaults: expected
items: boxs                    | items: expected boxes or bullets
activeHours: 9-17              | activeHours: expected {start:
activeHours: {start: 9:00}     | activeHours: expected
activeHours: {start: 9:00, end: [1]} | activeHours: expected
activeHours: {start: 9:00, end: 10:00, day: 1} | activeHours: expected
activeHours: {start: 9:00, end: 10:00, daysOfWeek: mon} | activeHours: expected
activeHours: {start: 9:00, end: 10:00, daysOfWeek: [mon]} | activeHours: expected
activeHours: {start: 9:00, end: 10:00, interval: 5m} | activeHours: expected
activeHours: {start: 9:00, end: 10:00, interval: inf} | activeHours: expected
activeHours: {start: 9:00, end: 10:00, interval: 0} | activeHours: expected
activeHours: [9, 17]           | activeHours: expected
- a                            | line 2: expected lines of `key: value`
just words                     | line 2: expected lines of `key: value`
[a]: b                         | line 2: expected a word before the colon
a: &b 1                        | line 2: expected no anchors (&) and no aliases (*)
title: x\na: *b                | line 3: expected no anchors
model: !!python/object:os x    | line 2: expected no tags (!), got 'tag:yaml.org,2002:python/object:os'
title: {a: {b: {c: {d: {e: {f: {g: {h: {i: {j: 1}}}}}}}}}} | at most 10 levels
interval: 5\n...\nmodel: x     | line 4: expected
title: "open                   | line
title: a: b                    | line 2: mapping values are not allowed here
title: \x07                    | line 2:
"""  # noqa: E501 - a table
ROWS = [line.rsplit(" | ", 1) for line in REFUSED.strip().splitlines()]


@pytest.mark.parametrize(("yaml", "said"), ROWS, ids=[row[0].strip() for row in ROWS])
def test_it_refuses_what_it_cannot_use_and_says_where(yaml: str, said: str) -> None:
    plain = yaml.strip().replace(r"\n", "\n").replace(r"\x07", "\x07")
    assert said in refusal(plain)


@pytest.mark.parametrize("text", ["---", "---\ninterval: 5\n", "---\na: 1\n...\n# T"])
def test_front_matter_that_is_never_closed_is_an_error(text: str) -> None:
    with pytest.raises(InvalidFrontMatter, match="line 1: expected a line of ---"):
        split_front_matter(text)


def test_toml_is_an_error() -> None:
    with pytest.raises(InvalidFrontMatter, match="line 2: expected front matter in YA"):
        split_front_matter("\n+++\ninterval = 5\n+++\n")


def test_a_file_of_front_matter_is_refused_by_its_size() -> None:
    said = refusal(f"title: {'x' * MAX_FRONT_MATTER}")
    assert "16384" in said
    assert str(MAX_FRONT_MATTER + 7) in said


def test_a_long_value_is_said_in_short() -> None:
    assert len(refusal(f"interval: {'x' * 9000}")) < 300


@given(st.text() | st.text(st.sampled_from("-a:*&![]{}#|>\"' \n?%@`,0")))
def test_any_text_is_front_matter_or_an_error(text: str) -> None:
    with suppress(InvalidFrontMatter):
        read(text)
