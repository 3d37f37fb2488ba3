"""Literals with units, and measured values for people."""

import pytest

from heartbeat.tools import FieldValue, Unit
from heartbeat.units import describe_value, parse_literal

READ = """
90%       percent        90
90        percent        90
0.5%      percent        0.5
1KB       bytes          1000
1KiB      bytes          1024
1.5GiB    bytes          1610612736
0.1GB     bytes          100000000
2TB       bytes          2000000000000
3TiB      bytes          3298534883328
512       bytes          512
512B      bytes          512
1.5s      milliseconds   1500
250ms     milliseconds   250
250       milliseconds   250
1m        milliseconds   60000
2h        seconds        7200
250ms     seconds        0.25
1d        seconds        86400
60        seconds        60
200       number         200
-1.5      number         -1.5
"""
REFUSED = """
90KB      percent        with %
101%      percent        100%
-1%       percent        0% to 100%
5%        number         a number
5%        bytes          KiB
5kb       bytes          KiB
-1KB      bytes          bytes
5KB       seconds        ms s m h d
5M        seconds        ms s m h d
-1s       milliseconds   milliseconds
1e3       number         a number
nan       number         a number
inf       number         a number
1_000     number         a number
٣         number         a number
0x10      number         a number
yes       boolean        true or false
1         boolean        true or false
True      boolean        true or false
"""
UNITS = {unit.name.lower(): unit for unit in Unit}


def rows(table: str) -> list[list[str]]:
    return [line.split(maxsplit=2) for line in table.strip().splitlines()]


@pytest.mark.parametrize(("text", "unit", "value"), rows(READ), ids=lambda cell: cell)
def test_it_converts_a_literal_into_the_units_of_the_field(
    text: str, unit: str, value: str
) -> None:
    read = parse_literal(text, unit=UNITS[unit])
    assert read == float(value)
    assert isinstance(read, int) is value.lstrip("-").isdecimal()


@pytest.mark.parametrize(("text", "unit", "said"), rows(REFUSED), ids=lambda cell: cell)
def test_it_refuses_a_literal_that_does_not_fit_and_says_what_would(
    text: str, unit: str, said: str
) -> None:
    with pytest.raises(ValueError, match=r"^expected ") as caught:
        parse_literal(text, unit=UNITS[unit])
    assert said in str(caught.value)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(("text", "value"), [("true", True), ("false", False)])
def test_it_reads_booleans(text: str, value: bool) -> None:
    assert parse_literal(text, unit=Unit.BOOLEAN) is value


def test_it_takes_text_as_it_is() -> None:
    assert parse_literal("90%", unit=Unit.TEXT) == "90%"


@pytest.mark.parametrize(
    ("text", "quoted", "value"),
    [
        ("200", False, 200),
        ("0.5", False, 0.5),
        ("true", False, True),
        ("ok", False, "ok"),
        ("5s", False, "5s"),
        ("200", True, "200"),
        ("true", True, "true"),
    ],
)
def test_it_guesses_where_anything_may_be_found_unless_quoted(
    text: str, quoted: bool, value: FieldValue
) -> None:
    read = parse_literal(text, unit=Unit.ANY, quoted=quoted)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (97.123, Unit.PERCENT, "97.12 %"),
        (90, Unit.PERCENT, "90 %"),
        (90.0, Unit.PERCENT, "90 %"),
        (1_530_000_000, Unit.BYTES, "1.53 GB"),
        (12, Unit.BYTES, "12 B"),
        (0, Unit.BYTES, "0 B"),
        (350, Unit.MILLISECONDS, "350 ms"),
        (1500.0, Unit.MILLISECONDS, "1.5 s"),
        (0.25, Unit.SECONDS, "250 ms"),
        (9000, Unit.SECONDS, "2.5 h"),
        (503, Unit.NUMBER, "503"),
        (0.3333, Unit.NUMBER, "0.33"),
        (True, Unit.BOOLEAN, "true"),
        (False, Unit.ANY, "false"),
        ("fine", Unit.TEXT, '"fine"'),
        ("a\n\x1b[31mb", Unit.TEXT, '"a \ufffd[31mb"'),
    ],
)
def test_it_says_a_value_with_its_unit(
    value: FieldValue, unit: Unit, said: str
) -> None:
    assert describe_value(value, unit) == said


def test_it_clips_measured_text() -> None:
    said = describe_value("x" * 1000, Unit.TEXT)
    assert len(said) == 82
    assert said.endswith('…"')
