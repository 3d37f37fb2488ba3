"""What a model was called for: calls, tokens and their cost, added up."""

from typing import Self

from pydantic import NonNegativeInt

from heartbeat.wire import Record


class Usage(Record):
    """Calls and tokens; tokens read from or written to a cache are counted apart.

    `micro_dollars` is the cost of all calls but those that are `unpriced_calls`.
    """

    calls: NonNegativeInt = 0
    input_tokens: NonNegativeInt = 0
    output_tokens: NonNegativeInt = 0
    cache_read_tokens: NonNegativeInt = 0
    cache_write_tokens: NonNegativeInt = 0
    micro_dollars: NonNegativeInt = 0
    unpriced_calls: NonNegativeInt = 0

    def __add__(self, other: Self) -> Self:
        return type(self)(
            calls=self.calls + other.calls,
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cache_read_tokens=self.cache_read_tokens + other.cache_read_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            micro_dollars=self.micro_dollars + other.micro_dollars,
            unpriced_calls=self.unpriced_calls + other.unpriced_calls,
        )

    @property
    def tokens(self) -> int:
        """Return all tokens of whatever sort: what a budget counts."""
        return (
            self.input_tokens
            + self.output_tokens
            + self.cache_read_tokens
            + self.cache_write_tokens
        )

    @property
    def dollars(self) -> float | None:
        """Return the cost as far as prices are known; None where none is."""
        if self.calls and self.calls == self.unpriced_calls:
            return None
        return self.micro_dollars / 1_000_000

    def to_wire(self) -> dict[str, object]:
        """Return it as clients see it: the cost in dollars, absent where unknown."""
        shown: dict[str, object] = self.model_dump(
            mode="json", by_alias=True, exclude={"micro_dollars"}
        )
        return shown if self.dollars is None else {**shown, "dollars": self.dollars}
