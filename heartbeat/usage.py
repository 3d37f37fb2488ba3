"""What a model was called for: calls and tokens, added up over a run."""

from typing import Self

from pydantic import NonNegativeInt

from heartbeat.wire import Record


class Usage(Record):
    """Calls and tokens; tokens read from or written to a cache are counted apart."""

    calls: NonNegativeInt = 0
    input_tokens: NonNegativeInt = 0
    output_tokens: NonNegativeInt = 0
    cache_read_tokens: NonNegativeInt = 0
    cache_write_tokens: NonNegativeInt = 0

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
