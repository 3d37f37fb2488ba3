"""What a model call costs: a table of list prices with its date.

A model that is not in the table has no cost here, and that is said, never guessed: its
calls are counted as unpriced.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from heartbeat.usage import Usage

#: The day on which the table below was true.
PRICES_DATE = date(2026, 11, 22)

#: What a dollar has of the unit in which costs are kept.
MICRO_DOLLARS = 1_000_000

_TOKENS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Micro-dollars for a million tokens of each sort."""

    input: int
    output: int
    cache_write: int
    cache_read: int

    def of(self, usage: Usage) -> int:
        """Return the micro-dollars of these tokens, rounded up."""
        total = (
            usage.input_tokens * self.input
            + usage.output_tokens * self.output
            + usage.cache_write_tokens * self.cache_write
            + usage.cache_read_tokens * self.cache_read
        )
        return -(-total // _TOKENS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """A model's price, and the higher one of calls with a long prompt."""

    usual: Price
    long: Price | None = None

    def of(self, usage: Usage) -> int:
        """Return the micro-dollars of one call."""
        prompt = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
        is_long = self.long is not None and prompt > LONG_PROMPT_TOKENS
        return (self.long if is_long and self.long else self.usual).of(usage)


#: A prompt of more tokens has the price for long ones, where a model has one.
LONG_PROMPT_TOKENS = 100_000


def _dollars(
    given: float, output: float, cache_write: float, cache_read: float
) -> Price:
    """Return a price from dollars for a million tokens, as they are published."""
    return Price(
        input=round(given * MICRO_DOLLARS),
        output=round(output * MICRO_DOLLARS),
        cache_write=round(cache_write * MICRO_DOLLARS),
        cache_read=round(cache_read * MICRO_DOLLARS),
    )


_HAIKU_4_5 = Tariff(usual=_dollars(1, 5, 1.25, 0.1))
_SONNET_4_5 = Tariff(usual=_dollars(3, 15, 3.75, 0.3))

#: Cache writes are those that live for five minutes, the only ones asked for here. The
#: writes of opus and fable, and the cache of a long haiku prompt, are not published:
#: they stand in the same proportion to the input as everywhere else.
TARIFFS: Mapping[str, Tariff] = MappingProxyType(
    {
        "claude-haiku-5-5": Tariff(
            usual=_dollars(0.1, 0.5, 0.125, 0.01), long=_dollars(0.5, 2.5, 0.625, 0.05)
        ),
        "claude-sonnet-5-5": Tariff(usual=_dollars(2, 10, 2.5, 0.1)),
        "claude-opus-5-5": Tariff(usual=_dollars(4, 20, 5, 0.2)),
        "claude-fable-5-1": Tariff(usual=_dollars(10, 50, 12.5, 0.25)),
        "claude-haiku-4-5": _HAIKU_4_5,
        "claude-haiku-4-5-20251001": _HAIKU_4_5,
        "claude-sonnet-4-5": _SONNET_4_5,
        "claude-sonnet-4-5-20250929": _SONNET_4_5,
    }
)


def priced(model: str, usage: Usage) -> Usage:
    """Return what one call of a model has used, with what it costs."""
    tariff = TARIFFS.get(model)
    if tariff is None:
        return usage.model_copy(update={"unpriced_calls": usage.calls})
    return usage.model_copy(update={"micro_dollars": tariff.of(usage)})


def is_dearer(model: str, than: str) -> bool:
    """Say whether a model has a price, and the other one a lower one or none."""
    tariff, other = TARIFFS.get(model), TARIFFS.get(than)
    if tariff is None or other is None:
        return tariff is not None and model != than
    ours, theirs = tariff.usual, other.usual
    return (ours.input, ours.output) > (theirs.input, theirs.output)
