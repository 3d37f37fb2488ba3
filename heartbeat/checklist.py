"""A HEARTBEAT.md: its text in, its items out.

Every `- [ ]` is an item, nested ones too, which have the text above them as group;
`[x]` turns one item off, not those below it. What would be passed over in silence is
a warning; what would leave nothing to check in spite of its looks is an error.
"""

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from heartbeat.drafts import Draft, Drafts, read_drafts
from heartbeat.errors import InvalidChecklist
from heartbeat.front_matter import Defaults, FrontMatter, split_front_matter
from heartbeat.near_misses import ChecklistWarning, find_near_misses
from heartbeat.outline import Outline, read_outline
from heartbeat.probes import Probe
from heartbeat.verdict import Severity

__all__ = ["Checklist", "ChecklistWarning", "Item", "parse_checklist"]

#: A checklist is written by hand; the largest real ones have a tenth of this.
MAX_CHECKLIST_BYTES = 64 * 1024
#: A person reads what is told of each; [x] ones count, as they may be turned on.
MAX_ITEMS = 100

#: Whoever mends these sees the next ones.
MAX_WARNINGS = 20
#: Enough to tell a hundred items of one file apart.
_KEY_DIGITS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing to check: `key` outlives reordering; group and notes are context.

    `every` and `model` are None where the heartbeat's own cadence and model hold.
    """

    key: str
    text: str
    line: int
    group: str | None = None
    notes: tuple[str, ...] = ()
    probes: tuple[Probe, ...] = ()
    severity: Severity = Severity.WARNING
    every: timedelta | None = None
    model: str | None = None

    @property
    def needs_model(self) -> bool:
        """Say whether no probe decides it, so that a model has to."""
        return all(probe.condition is None for probe in self.probes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checklist:
    """What a checklist asks for; `disabled` are the items marked [x]."""

    items: tuple[Item, ...]
    disabled: tuple[Item, ...] = ()
    warnings: tuple[ChecklistWarning, ...] = ()
    front_matter: FrontMatter

    @property
    def is_empty(self) -> bool:
        """Say whether there is nothing in it, neither on nor off."""
        return not self.items and not self.disabled


def parse_checklist(data: str | bytes) -> Checklist:
    """Read a checklist.

    Raises InvalidChecklist, or its kinds InvalidFrontMatter and InvalidProbe.
    """
    front_matter, body, first_line = split_front_matter(_decode(data))
    outline = read_outline(body, first_line=first_line)
    drafts = read_drafts(outline.bullets, plain_bullets=front_matter.items == "bullets")
    _check_count(drafts)
    near_misses = find_near_misses(
        enumerate(body.split("\n"), start=first_line),
        outline.skipped,
        items=drafts.item_lines,
        probes=drafts.probe_lines,
    )
    warnings = tuple(islice(near_misses, MAX_WARNINGS))
    if not drafts.items:
        _refuse_seeming_empty(outline, warnings)
    defaults = front_matter.defaults or Defaults()
    pairs = [(draft, _item(draft, key, defaults)) for draft, key in _keys(drafts.items)]
    return Checklist(
        items=tuple(item for draft, item in pairs if not draft.is_off),
        disabled=tuple(item for draft, item in pairs if draft.is_off),
        warnings=warnings,
        front_matter=front_matter,
    )


def _decode(data: str | bytes) -> str:
    raw = data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass")
    if len(raw) > MAX_CHECKLIST_BYTES:
        raise InvalidChecklist(
            f"expected at most {MAX_CHECKLIST_BYTES} bytes (64 KiB), got {len(raw)}"
        )
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise InvalidChecklist(
            f"expected UTF-8, got byte 0x{raw[error.start]:02x} at offset"
            f" {error.start} ({error.reason})"
        ) from error
    if "\0" in text:
        raise InvalidChecklist(
            f"expected text, got a NUL byte at offset {raw.index(0)}"
        )
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _check_count(drafts: Drafts) -> None:
    if len(drafts.items) > MAX_ITEMS:
        raise InvalidChecklist(
            f"expected at most {MAX_ITEMS} items, [x] ones included,"
            f" got {len(drafts.items)}",
            line=drafts.items[MAX_ITEMS].line,
        )


def _refuse_seeming_empty(
    outline: Outline, warnings: Sequence[ChecklistWarning]
) -> None:
    """Refuse a file that holds no item in spite of its looks."""
    if warnings:
        raise InvalidChecklist(warnings[0].message, line=warnings[0].line)
    if count := len(outline.bullets):
        raise InvalidChecklist(
            f"expected items as `- [ ] text`, got no box and {count} plain list items:"
            " put [ ] after each marker, or `items: bullets` in the front matter",
            line=outline.bullets[0].line,
        )


def _keys(drafts: Iterable[Draft]) -> Iterator[tuple[Draft, str]]:
    """Give each draft its key: its own id, or its text's hash and which it is of those.

    Items that are off count too, so that turning one off renames none.
    """
    taken: dict[str, int] = {}
    times: Counter[str] = Counter()
    for draft in drafts:
        key = draft.attributes.id
        if key is None:
            digest = _digest(draft.text)
            times[digest] += 1
            key = digest if times[digest] == 1 else f"{digest}-{times[digest]}"
        if key in taken:
            raise InvalidChecklist(
                f"expected each id once, got {key!r} in line {taken[key]} too",
                line=draft.line,
            )
        taken[key] = draft.line
        yield draft, key


def _digest(text: str) -> str:
    normal = unicodedata.normalize("NFC", text)
    return hashlib.sha256(normal.encode()).hexdigest()[:_KEY_DIGITS]


def _item(draft: Draft, key: str, defaults: Defaults) -> Item:
    own = draft.attributes
    return Item(
        key=key,
        text=draft.text,
        line=draft.line,
        group=draft.group,
        notes=tuple(draft.notes),
        probes=tuple(draft.probes),
        severity=own.severity or defaults.severity,
        every=own.every or defaults.every,
        model=own.model or defaults.model,
    )
