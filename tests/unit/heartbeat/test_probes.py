"""The grammar of probes, comparing, and judging an item by its probes."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heartbeat.checklist import Item, parse_checklist
from heartbeat.errors import InvalidProbe
from heartbeat.probes import Condition, Operator, holds, judge_by_probes, parse_probe
from heartbeat.tools import CATALOGUE, FieldValue, Observation, Unit, Unobserved
from heartbeat.verdict import By, Cause, Severity, Verdict
from heartbeat.words import Word, quote_word

# source | tool and arguments | field, operator, literal
READ = r"""
disk / used_percent < 90%                      | disk /            | used_percent < 90
disk / free_bytes >= 2GiB                      | disk /            | free_bytes >= 2147483648
disk "/mnt/my disk" used_percent < 90          | disk /mnt/my disk | used_percent < 90
file /srv/flag exists == true                  | file /srv/flag    | exists == True
file backup.tgz age < 26h                      | file backup.tgz   | age < 93600
http https://a.example/h status == 200         | http https://a.example/h | status == 200
http https://a.example/h latency_ms <= 1.5s    | http https://a.example/h | latency_ms <= 1500
http http://[::1]:80/ body contains "all fine" | http http://[::1]:80/ | body contains all fine
http http://a/ body matches ok|fine            | http http://a/    | body matches ok|fine
http http://a/ json.queue.depth < 100          | http http://a/    | json.queue.depth < 100
http http://a/ json.state == up                | http http://a/    | json.state == up
http http://a/?x==1                            | http http://a/?x==1 |
tcp db.example 5432 open == true               | tcp db.example 5432 | open == True
load per_cpu < 1.5                             | load              | per_cpu < 1.5
memory                                         | memory            |
process "<" count > 0                          | process <         | count > 0
"""  # noqa: E501 - a table

# source | what the error says
REFUSED = r"""
                                       | `probe: <tool> …`
"disk                                  | closing "
dsk / used_percent < 90%               | got 'dsk'; did you mean 'disk'?
disk used_percent < 90%                | `disk <path>`, got 0 arguments
disk / /srv used_percent < 90%         | `disk <path>`, got 2 arguments
load 1 load1 < 4                       | `load`, got 1 arguments
disk / used_percnt < 90%               | used_percent, free_bytes, total_bytes; got 'used_percnt'; did you mean 'used_percent'?
http http://a/ json. == 1              | json.<path>
disk / used_percent < 90 %             | last three words
disk / used_percent "<" 90%            | `disk <path>`, got 4 arguments
disk / used_percent = 90%              | last three words
disk / used_percent<90%                | last three words
disk / used_percent < lots             | a number of percent
disk / used_percent < 5GB              | a number of percent
disk / used_percent contains 9         | one of < <= == != >= >; got 'contains'
file /a exists < true                  | one of == !=; got '<'
file /a exists == yes                  | true or false, got 'yes'
http http://a/ body < a                | one of == != contains matches; got '<'
http http://a/ body contains ""        | expected text after contains
http http://a/ body matches ""         | expected text after matches
http http://a/ body matches "("        | RE2 pattern
http http://a/ body matches (?=a)      | RE2 pattern
http http://a/ json.n < many           | a number after <, got 'many'
http http://a/ json.n < "5"            | a number after <, got '5'
http ftp://a/ status == 200            | http:// or https://
http a.example status == 200           | http:// or https://
http http:///x status == 200           | http:// or https://
http "http://a b/" status == 200       | http:// or https://
http http://a:99999/ status == 200     | a URL
http http://[a/ status == 200          | a URL
http http://me:pw@a/ status == 200     | without credentials
tcp a 0 open == true                   | 1 to 65535
tcp a 65536 open == true               | 1 to 65535
tcp a ssh open == true                 | 1 to 65535
tcp http://a/ 80 open == true          | host name
file "" exists == true                 | printable text, got ''
disk " " used_percent < 90%            | printable text, got ' '
"""  # noqa: E501 - a table


def rows(table: str, columns: int) -> list[list[str]]:
    lines = table.strip("\n").splitlines()
    return [[cell.strip() for cell in line.rsplit(" |", columns - 1)] for line in lines]


@pytest.mark.parametrize(("source", "call", "condition"), rows(READ, 3))
def test_it_reads_a_probe(source: str, call: str, condition: str) -> None:
    probe = parse_probe(f" {source}  ", line=7)
    assert " ".join((probe.call.tool, *probe.call.arguments)) == call
    assert (probe.source, probe.line) == (source, 7)
    if not condition:
        assert probe.condition is None
        return
    assert probe.condition is not None
    wanted = probe.condition
    assert f"{wanted.field} {wanted.operator} {wanted.literal}" == condition
    assert source.endswith(wanted.source)


@pytest.mark.parametrize(("source", "said"), rows(REFUSED, 2))
def test_it_refuses_what_does_not_fit_the_catalogue(source: str, said: str) -> None:
    with pytest.raises(InvalidProbe, match=r"^line 7: .*expected ") as caught:
        parse_probe(source, line=7)
    assert said in str(caught.value)
    assert caught.value.line == 7


def test_it_says_no_password_of_a_refused_url() -> None:
    with pytest.raises(InvalidProbe) as caught:
        parse_probe("http https://me:hunter2@a.example/", line=1)
    assert "hunter2" not in str(caught.value)


def test_a_long_bad_word_is_said_in_short() -> None:
    with pytest.raises(InvalidProbe) as caught:
        parse_probe("x" * 60_000, line=1)
    assert len(str(caught.value)) < 300


def observed(source: str, text: str = "", /, **fields: FieldValue) -> Observation:
    return Observation(call=parse_probe(source, line=1).call, fields=fields, text=text)


@pytest.mark.parametrize(
    ("condition", "value", "expected"),
    [
        ("status == 200", 200, True),
        ("status == 200", 200.0, True),
        ("status == 200", 503, False),
        ("status != 200", 503, True),
        ("latency_ms < 1s", 999.9, True),
        ("latency_ms < 1s", 1000, False),
        ("latency_ms <= 1s", 1000, True),
        ("latency_ms > 1s", 1000, False),
        ("latency_ms >= 1s", 1000, True),
        ("body contains ok", "all ok", True),
        ("body contains ok", "down", False),
        ("body matches ^a.c$", "abc", True),
        ("body matches ^a.c$", "abcd", False),
        ("body matches b", "a\udcffb", True),
        ("body == up", "up", True),
        ("body != up", "down", True),
        ("json.a == true", True, True),
        ("json.a == true", False, False),
        ("json.a != true", False, True),
    ],
)
def test_it_compares_what_was_measured(
    condition: str, value: FieldValue, expected: bool
) -> None:
    assert _holds(condition, value) is expected


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        ("json.a == 1", "1"),
        ("json.a != 1", "1"),
        ("json.a == 1", True),
        ("json.a == true", 1),
        ("json.a < 5", True),
        ("json.a < 5", "3"),
        ("json.a contains 1", 1),
        ("json.a matches 1", 1),
        ("status == 200", "200"),
        ("status != 200", float("nan")),
        ("latency_ms < 5", float("nan")),
    ],
)
def test_values_that_cannot_be_compared_are_neither_true_nor_false(
    condition: str, value: FieldValue
) -> None:
    assert _holds(condition, value) is None


def test_texts_have_no_order() -> None:
    written_by_a_program = Condition(
        field="body", operator=Operator.LESS, literal="b", source="body < b"
    )
    assert holds(written_by_a_program, observed("http http://a/", body="a")) is None


@pytest.mark.parametrize("operator", ["== 200", "!= 200", "> 0"])
def test_a_condition_on_an_absent_field_is_false(operator: str) -> None:
    probe = parse_probe(f"http http://a/ status {operator}", line=1)
    assert probe.condition is not None
    assert holds(probe.condition, observed("http http://a/")) is False


def _holds(condition: str, value: FieldValue) -> bool | None:
    probe = parse_probe(f"http http://a/ {condition}", line=1)
    assert probe.condition is not None
    seen = observed("http http://a/", **{probe.condition.field: value})
    return holds(probe.condition, seen)


def an_item(*probes: str, severity: Severity = Severity.WARNING) -> Item:
    lines = [f"- [ ] All is well {{#well severity={severity}}}"]
    lines += [f"  - probe: {probe}" for probe in probes]
    return parse_checklist("\n".join(lines)).items[0]


FULL = observed("disk /", used_percent=97.1)
ROOMY = observed("disk /", used_percent=42)
UNSEEN = Unobserved(call=FULL.call, why="permission denied")
DISK = "disk / used_percent < 90%"


def test_an_item_whose_probes_hold_is_ok() -> None:
    result = judge_by_probes(an_item(DISK), [ROOMY])
    assert result is not None
    assert (result.verdict, result.cause) == (Verdict.OK, None)
    assert result.details == "disk /: used_percent is 42 %, as expected < 90%"
    assert (result.item_key, result.description) == ("well", "All is well")
    assert result.by is By.RULE


def test_a_false_condition_needs_action_and_is_said_for_people() -> None:
    item = an_item(DISK, severity=Severity.CRITICAL)
    result = judge_by_probes(item, [FULL])
    assert result is not None
    assert result.verdict is Verdict.ACTION_NEEDED
    assert result.details == "disk /: used_percent is 97.1 %, expected < 90%"
    assert result.severity is Severity.CRITICAL


def test_an_absent_field_is_said_with_the_tools_own_words() -> None:
    refused = observed("http http://a/", "connection refused\n")
    result = judge_by_probes(an_item("http http://a/ status == 200"), [refused])
    assert result is not None
    assert result.verdict is Verdict.ACTION_NEEDED
    assert result.details == (
        "http http://a/: no status (connection refused), expected == 200"
    )


def test_a_tool_that_could_not_tell_leaves_the_item_unknown_with_the_reason() -> None:
    result = judge_by_probes(an_item(DISK), [UNSEEN])
    assert result is not None
    assert (result.verdict, result.cause) == (Verdict.UNKNOWN, Cause.PROBE_FAILED)
    assert result.details == "disk /: used_percent not known: permission denied"


def test_a_tool_that_may_not_look_is_a_cause_that_waiting_does_not_end() -> None:
    item = an_item(DISK, "load load1 < 4")
    forbidden = Unobserved(call=UNSEEN.call, why="not allowed: '/'", is_allowed=False)
    low = Observation(call=item.probes[1].call, fields={"load1": 1.0}, text="")
    result = judge_by_probes(item, [forbidden, low])
    assert result is not None
    assert (result.verdict, result.cause) == (Verdict.UNKNOWN, Cause.NOT_ALLOWED)
    assert Cause.NOT_ALLOWED.is_permanent


def test_what_cannot_be_compared_leaves_the_item_unknown() -> None:
    item = an_item("http http://a/ json.depth < 5")
    result = judge_by_probes(item, [observed("http http://a/", **{"json.depth": "9"})])
    assert result is not None
    assert (result.verdict, result.cause) == (Verdict.UNKNOWN, Cause.PROBE_FAILED)
    assert result.details == (
        'http http://a/: json.depth is "9", not comparable with < 5'
    )


def test_false_outweighs_unknown_and_unknown_outweighs_true() -> None:
    item = an_item(DISK, DISK, DISK)
    worst = judge_by_probes(item, [ROOMY, UNSEEN, FULL])
    middle = judge_by_probes(item, [ROOMY, UNSEEN, ROOMY])
    assert worst is not None
    assert middle is not None
    assert worst.verdict is Verdict.ACTION_NEEDED
    assert "permission" not in worst.details
    assert middle.verdict is Verdict.UNKNOWN


def test_every_false_condition_is_told() -> None:
    result = judge_by_probes(an_item(DISK, "load load1 < 4"), [FULL, observed("load")])
    assert result is not None
    assert result.details.count("expected") == 2


def test_probes_without_condition_are_evidence_and_no_verdict() -> None:
    item = an_item("disk /", "memory")
    assert item.needs_model
    assert judge_by_probes(item, [FULL, UNSEEN]) is None


def test_evidence_that_is_missing_does_not_outweigh_a_condition_that_holds() -> None:
    item = an_item("memory", DISK)
    assert not item.needs_model
    result = judge_by_probes(item, [UNSEEN, ROOMY])
    assert result is not None
    assert result.verdict is Verdict.OK


def test_outcomes_must_be_those_of_the_probes() -> None:
    with pytest.raises(ValueError, match="shorter"):
        judge_by_probes(an_item(DISK, DISK), [ROOMY])


FITTING = {
    Unit.BOOLEAN: st.sampled_from(["true", "false"]),
    Unit.NUMBER: st.integers(-999, 999).map(str),
    Unit.PERCENT: st.integers(0, 100).map(lambda n: f"{n}%"),
    Unit.BYTES: st.sampled_from(["1KB", "2KiB", "3GB", "4"]),
    Unit.MILLISECONDS: st.sampled_from(["5ms", "1.5s", "7"]),
    Unit.SECONDS: st.sampled_from(["5m", "1.5h", "7"]),
    Unit.ANY: st.integers(-999, 999).map(str),
}
NUMERIC = [op for op in Operator if not op.isalpha()]
ARGUMENTS = {
    "url": "https://a.example/",
    "port": "80",
    "host": "a.example",
    "pattern": "ERROR|FATAL",
    "server": "a.example:6379",
    "window": "10m",
}


@st.composite
def probe_lines(draw: st.DrawFn) -> list[Word]:
    tool = draw(st.sampled_from(list(CATALOGUE.values())))
    field = draw(st.sampled_from(tool.fields))
    text = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1)
    if field.unit is Unit.TEXT:
        operator, literal = draw(st.sampled_from(["==", "contains"])), draw(text)
    else:
        is_number = field.unit not in (Unit.BOOLEAN, Unit.ANY)
        allowed = NUMERIC if is_number else ["==", "!="]
        operator, literal = draw(st.sampled_from(allowed)), draw(FITTING[field.unit])
    arguments = [
        Word(text=ARGUMENTS.get(argument.name) or draw(text), quoted=True)
        for argument in tool.arguments
    ]
    value = Word(text=literal, quoted=True)
    return [
        Word(text=tool.name), *arguments, Word(text=field.name),
        Word(text=operator), value,
    ]  # fmt: skip


@given(probe_lines())
def test_every_line_made_from_the_catalogue_is_read_as_it_was_meant(
    words: list[Word],
) -> None:
    probe = parse_probe(" ".join(map(quote_word, words)), line=1)
    assert [probe.call.tool, *probe.call.arguments] == [w.text for w in words[:-3]]
    assert probe.condition is not None
    assert parse_probe(probe.source, line=1) == probe
    assert probe.condition.source == " ".join(map(quote_word, words[-3:]))


@given(st.text())
def test_any_text_is_a_probe_or_an_invalid_probe(text: str) -> None:
    with suppress(InvalidProbe):
        parse_probe(text, line=1)
