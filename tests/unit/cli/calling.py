"""What a call of the command came to."""

import json
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """What a call of the command came to."""

    code: int
    out: str
    errors: str

    @property
    def data(self) -> dict[str, object]:
        """Return the one JSON object on standard output."""
        found: dict[str, object] = json.loads(self.out)
        return found


Call = Callable[..., Called]
