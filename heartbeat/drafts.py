"""Which list items of an outline are items, probes and notes.

A probe or a note belongs to the nearest item around it, however deep it is nested.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from heartbeat.errors import InvalidChecklist, InvalidProbe
from heartbeat.item_attributes import Attributes, split_attributes
from heartbeat.outline import Bullet, Paragraph
from heartbeat.phrases import on_one_line, shown
from heartbeat.probes import Probe, parse_probe

_BOX = re.compile(r"\[([ xX])\](?=[ \t\n]|\Z)")
_PROBE = "probe:"


@dataclass(slots=True, kw_only=True)
class Draft:
    """An item as far as it has been read; what lies below it is still to come."""

    text: str
    line: int
    is_off: bool
    attributes: Attributes
    group: str | None
    notes: list[str] = field(default_factory=list)
    probes: list[Probe] = field(default_factory=list)


@dataclass(slots=True)
class Drafts:
    """The items in order, and the lines that were read as an item or as a probe."""

    items: list[Draft] = field(default_factory=list)
    item_lines: set[int] = field(default_factory=set)
    probe_lines: set[int] = field(default_factory=set)


def read_drafts(bullets: Iterable[Bullet], *, plain_bullets: bool) -> Drafts:
    """Read list items in order; with plain bullets the outermost ones are items too.

    Raises InvalidChecklist, InvalidProbe.
    """
    reader = _Reader(plain_bullets=plain_bullets)
    for bullet in bullets:
        reader.take(bullet)
    return reader.drafts


class _Reader:
    def __init__(self, *, plain_bullets: bool) -> None:
        self._plain_bullets = plain_bullets
        self._texts: dict[int, str] = {}
        self._items: dict[int, Draft] = {}
        self.drafts = Drafts()

    def take(self, bullet: Bullet) -> None:
        """Take the next list item; those around it have been taken before."""
        if not bullet.paragraphs:
            return
        first, *others = bullet.paragraphs
        owner = self._owner(bullet)
        box = _BOX.match(first.text)
        if box is not None:
            text = Paragraph(text=first.text[box.end() :], line=first.line)
            owner = self._add(bullet, text, is_off=box[1] != " ")
        elif first.text.startswith(_PROBE):
            if owner is not None:
                owner.probes.append(_probe(first))
                self.drafts.probe_lines.add(first.line)
        elif self._plain_bullets and bullet.parent is None:
            owner = self._add(bullet, first, is_off=False)
        else:
            self._texts[id(bullet)] = plain_text(first.text)
            others = bullet.paragraphs
        if owner is not None:
            owner.notes.extend(note for p in others if (note := plain_text(p.text)))

    def _add(self, bullet: Bullet, first: Paragraph, *, is_off: bool) -> Draft | None:
        try:
            rest, attributes = split_attributes(_without_comments(first.text))
        except ValueError as error:
            raise InvalidChecklist(str(error), line=first.line) from error
        text = plain_text(rest)
        if not text:
            return None
        draft = Draft(
            text=text,
            line=first.line,
            is_off=is_off,
            attributes=attributes,
            group=self._group(bullet),
        )
        self._texts[id(bullet)] = text
        self._items[id(bullet)] = draft
        self.drafts.items.append(draft)
        self.drafts.item_lines.add(first.line)
        return draft

    def _owner(self, bullet: Bullet) -> Draft | None:
        around = (self._items.get(id(each)) for each in bullet.ancestors)
        return next((draft for draft in around if draft is not None), None)

    def _group(self, bullet: Bullet) -> str | None:
        """Return heading and text above, the outermost first."""
        around = [self._texts.get(id(each)) for each in bullet.ancestors]
        path = [bullet.heading, *reversed(around)]
        return " › ".join(text for text in path if text) or None


def plain_text(text: str) -> str:
    """Return text without comments, on one line; inline Markdown is kept."""
    return on_one_line(_without_comments(text))


def _without_comments(text: str) -> str:
    kept, opening, rest = text.partition("<!--")
    while opening:
        _, closing, after = rest.partition("-->")
        if not closing:
            return f"{kept}{opening}{rest}"
        before, opening, rest = after.partition("<!--")
        kept += before
    return kept


def _probe(paragraph: Paragraph) -> Probe:
    first, *others = paragraph.text.split("\n")
    if others:
        raise InvalidProbe(
            "expected a probe on one line, with a blank line before text that is not"
            f" its own; got more: {shown(others[0])}",
            line=paragraph.line,
        )
    return parse_probe(first.removeprefix(_PROBE), line=paragraph.line)
