"""Instants: milliseconds, datetimes and RFC 3339 text say the same."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heartbeat.instants import EPOCH, from_ms, from_text, to_ms, to_text

AT = datetime(2026, 11, 24, 16, 0, 3, 120_000, tzinfo=UTC)


def test_text_has_milliseconds_and_a_z() -> None:
    assert to_text(AT) == "2026-11-24T16:00:03.120Z"
    assert to_text(EPOCH) == "1970-01-01T00:00:00.000Z"


def test_text_is_in_utc_whatever_the_zone() -> None:
    kolkata = timezone(timedelta(hours=5, minutes=30))
    assert to_text(AT.astimezone(kolkata)) == to_text(AT)
    assert to_ms(AT.astimezone(kolkata)) == to_ms(AT)


@given(st.integers(min_value=to_ms(datetime(1, 1, 1, tzinfo=UTC)), max_value=2**47))
@settings(max_examples=50)
def test_every_form_survives_the_others(ms: int) -> None:
    at = from_ms(ms)
    assert to_ms(at) == ms
    assert from_text(to_text(at)) == at
    assert at.tzinfo is UTC


def test_microseconds_are_rounded_down_on_both_sides_of_1970() -> None:
    assert to_ms(EPOCH + timedelta(microseconds=1999)) == 1
    assert to_ms(EPOCH - timedelta(microseconds=1)) == -1


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-24T16:00:03.12Z",
        "2026-11-24t16:00:03.120z",
        "2026-11-24 16:00:03.120999Z",
        "2026-11-24T21:30:03.120+05:30",
        "2026-11-24T16:00:03.120000000Z",
    ],
)
def test_rfc_3339_is_read(text: str) -> None:
    assert from_text(text) == AT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-11-24",
        "2026-11-24T16:00:03",
        "2026-11-24T16:00Z",
        "20261124T160003Z",
        "2026-W48-2T16:00:03Z",
        "2026-11-24T16:00:03Z ",
        "2026-11-24T16:00:03.1234567890Z",
        "\u0662\u0660\u0662\u0666-11-24T16:00:03Z",
        "2026-02-30T16:00:03Z",
        "2026-11-24T24:00:03Z",
        "0001-01-01T00:00:00+23:00",
    ],
)
def test_anything_else_is_refused_and_shown(text: str) -> None:
    with pytest.raises(ValueError, match="expected an instant") as error:
        from_text(text)
    assert repr(text) in str(error.value)


@pytest.mark.parametrize("convert", [to_ms, to_text])
def test_a_naive_datetime_is_refused(convert: Callable[[datetime], object]) -> None:
    with pytest.raises(TypeError):
        convert(AT.replace(tzinfo=None))
