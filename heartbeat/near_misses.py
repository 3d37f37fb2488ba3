"""Lines that look like an item or a probe and are not read as one.

Silence about such a line would be a check that somebody believes in and nobody makes.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from heartbeat.outline import Place, Skipped
from heartbeat.phrases import shown
from heartbeat.tools import CATALOGUE

_BEFORE = r"[\s>]*(?:(?:[-*+•‣◦–—]|[0-9]{1,9}[.)])\s*)*"

#: Also without a space, with an odd space or mark in the box, with escapes, as one
#: character, or at the head of a table's row or of a heading. A link (`[x](…)`), a log
#: line (`[2026-…]`) and an item behind a hash sign (`# - [ ]`) are none.
_BOX_LIKE = re.compile(
    rf"(?:{_BEFORE}|\s*\|\s*|\s*#{{1,6}}\s+)"
    r"(?:\\?[\[［][\s\u200b]*(?:[xX]|[^\w\s\[\]()`\"'])?[\s\u200b]*\\?[\]］](?!\()"
    r"|[☐☑☒])"
)
#: Also without its colon, where a tool and a condition follow.
_PROBE_LIKE = re.compile(
    rf"{_BEFORE}(?:\[[ xX]\]\s*)?[`*_]*probe[`*_]*"
    rf"(?:\s*:|\s+(?:{'|'.join(CATALOGUE)})\s.*(?:[<>=]|\bcontains\b|\bmatches\b))",
    re.IGNORECASE,
)

#: What is written there is meant not to be read.
_ON_PURPOSE = (Place.FENCE, Place.COMMENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistWarning:
    """Something in a checklist that is likely not what was meant."""

    line: int
    message: str

    @property
    def key(self) -> str:
        """Return what stands for the line where items have keys: its text's."""
        return f"unread-{sha256(self.message.encode()).hexdigest()[:12]}"


def find_near_misses(
    lines: Iterable[tuple[int, str]],
    skipped: Iterable[Skipped],
    *,
    items: Collection[int],
    probes: Collection[int],
) -> Iterator[ChecklistWarning]:
    """Yield a warning for each line that is not among those read as item or probe."""
    places = {line: block.place for block in skipped for line in block.lines}
    for number, text in lines:
        place = places.get(number)
        if place in _ON_PURPOSE:
            continue
        where = f" outside {place}" if place else ""
        got = f"got {shown(text.strip(' '))}, which is not read as one"
        if number not in probes and _PROBE_LIKE.match(text):
            message = f"expected `- probe: …` nested under an item{where}, {got}"
            yield ChecklistWarning(line=number, message=message)
        elif number not in items and _BOX_LIKE.match(text):
            message = f"expected an item as `- [ ] text`{where}, {got}"
            yield ChecklistWarning(line=number, message=message)
