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
        return self.model_copy(
            update={
                name: getattr(self, name) + getattr(other, name)
                for name in type(self).model_fields
            }
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
