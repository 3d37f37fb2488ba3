"""A checklist's Markdown as an outline: its list items, and what was passed over.

Block structure only, from markdown-it: inline Markdown stays as it was written.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from markdown_it import MarkdownIt
from markdown_it.token import Token


class Place(StrEnum):
    """Blocks whose lines are not read; those that never end are likely a slip."""

    FENCE = "a fence"
    OPEN_FENCE = "a fence that is never closed"
    COMMENT = "a comment"
    OPEN_COMMENT = "a comment that is never closed"
    INDENTED_CODE = "indented code"
    HTML = "an HTML block"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """Text as written, without indent and marker, and the line it begins at."""

    text: str
    line: int


@dataclass(slots=True, kw_only=True)
class Bullet:
    """One list item, of any marker, in the order of the file.

    Its first paragraph is what the line says; those that follow were indented below.
    """

    line: int
    heading: str | None
    parent: "Bullet | None"
    paragraphs: list[Paragraph] = field(default_factory=list)

    @property
    def ancestors(self) -> Iterator["Bullet"]:
        """Yield the list items around it, the nearest first."""
        above = self.parent
        while above is not None:
            yield above
            above = above.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A block that is not read: `lines` are those of the file, the end excluded."""

    place: Place
    lines: range


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What a checklist's body consists of."""

    bullets: Sequence[Bullet]
    skipped: Sequence[Skipped]


def read_outline(body: str, *, first_line: int) -> Outline:
    """Read a body whose first line is that line of the file."""
    reader = _Reader(first_line)
    for token in _PARSER.parse(f"{body}\n"):
        reader.take(token)
    return Outline(bullets=reader.bullets, skipped=reader.skipped)


def _block_parser() -> MarkdownIt:
    # Inline parsing would cost most of the time and is not wanted: items keep their
    # code spans. Front matter has been taken off before.
    return MarkdownIt("commonmark").disable(["inline", "text_join"])


_PARSER = _block_parser()


class _Reader:
    """Takes the tokens in order and remembers where in the outline it is."""

    def __init__(self, first_line: int) -> None:
        self._first_line = first_line
        self._heading: str | None = None
        self._open: list[Bullet] = []
        self._inside: str = ""
        self.bullets: list[Bullet] = []
        self.skipped: list[Skipped] = []

    def take(self, token: Token) -> None:
        """Take the next token."""
        start, end = token.map or (0, 0)
        match token.type:
            case "list_item_open":
                self._open.append(self._bullet(start + self._first_line))
            case "list_item_close":
                self._open.pop()
            case "heading_open" | "paragraph_open":
                self._inside = token.type
            case "inline":
                self._take_text(token.content, start + self._first_line)
            case "fence" | "code_block" | "html_block":
                lines = range(start + self._first_line, end + self._first_line)
                self.skipped.append(Skipped(place=_place(token), lines=lines))

    def _bullet(self, line: int) -> Bullet:
        parent = self._open[-1] if self._open else None
        bullet = Bullet(line=line, heading=self._heading, parent=parent)
        self.bullets.append(bullet)
        return bullet

    def _take_text(self, text: str, line: int) -> None:
        if self._open:
            self._open[-1].paragraphs.append(Paragraph(text=text, line=line))
        elif self._inside == "heading_open":
            self._heading = " ".join(text.split()) or None


def _place(token: Token) -> Place:
    if token.type == "code_block":
        return Place.INDENTED_CODE
    if token.type == "fence":
        start, end = token.map or (0, 0)
        is_closed = end - start == token.content.count("\n") + 2
        return Place.FENCE if is_closed else Place.OPEN_FENCE
    if not token.content.lstrip().startswith("<!--"):
        return Place.HTML
    return Place.COMMENT if "-->" in token.content else Place.OPEN_COMMENT
