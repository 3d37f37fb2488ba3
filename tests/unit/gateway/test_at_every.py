"""Intervals where only a cron expression has room."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.at_every import every_text, read_every
from heartbeat.errors import InvalidSchedule


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (2_700_000, "@every 45m"),
        (90_000, "@every 1m30s"),
        (2_500, "@every 2.5s"),
        (59_999, "@every 59.999s"),
    ],
)
def test_an_interval_is_shown_in_minutes_and_seconds(ms: int, text: str) -> None:
    assert every_text(ms) == text


@given(st.integers(1, 10**10))
def test_what_is_shown_can_be_written_back(ms: int) -> None:
    minutes = read_every(every_text(ms))
    assert minutes is not None
    assert round(minutes * 60_000) == ms


def test_a_cron_expression_is_no_interval() -> None:
    assert read_every("*/45 * * * *") is None


@pytest.mark.parametrize("text", ["@every ", "@every day", "@every -5m", "@every 1h"])
def test_what_is_no_interval_is_refused(text: str) -> None:
    with pytest.raises(InvalidSchedule, match="expected an interval such as"):
        read_every(text)
