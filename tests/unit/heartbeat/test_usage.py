"""What a run's model calls add up to."""

import pytest
from pydantic import ValidationError

from heartbeat.usage import Usage

ONE = Usage(
    calls=1,
    input_tokens=100,
    output_tokens=20,
    cache_read_tokens=3000,
    cache_write_tokens=400,
)


def test_nothing_is_spent_at_first() -> None:
    assert Usage() + ONE == ONE


def test_every_field_is_added() -> None:
    two = Usage(
        calls=2,
        input_tokens=200,
        output_tokens=40,
        cache_read_tokens=6000,
        cache_write_tokens=800,
    )

    assert two == ONE + ONE


def test_a_budget_counts_tokens_of_every_sort() -> None:
    assert ONE.tokens == 3520


def test_less_than_nothing_cannot_be_spent() -> None:
    with pytest.raises(ValidationError):
        Usage(input_tokens=-1)
