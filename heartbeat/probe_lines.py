"""Writing `- probe:` lines: one from its parts, and into a checklist's text.

Whatever is written is read back by the checklist's own parser before it counts, so that
what a line means is defined in one place.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from heartbeat.checklist import Checklist, Item, parse_checklist
from heartbeat.conditions import refuse_misplaced_operator
from heartbeat.errors import InvalidChecklist, InvalidProbe
from heartbeat.phrases import shown
from heartbeat.probes import Probe, parse_probe
from heartbeat.tools import ToolCall
from heartbeat.words import Word, quote_word

#: Lines of an item's own text that are looked past for where its probes may begin.
MAX_TEXT_LINES = 20

#: A list item's marker: what is nested below begins at the column after it.
_MARKER = re.compile(r"[ \t]*(?:[-*+]|[0-9]{1,9}[.)])[ \t]+")
#: Lines with their endings, as a checklist's parser counts them.
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")


def write_probe(
    call: ToolCall, *, field: str, operator: str, value: str, line: int
) -> Probe:
    """Return the probe of these parts. Raises InvalidProbe.

    The value is a literal as it stands in a line; quotes are put around what needs
    them.
    """
    words = [_quoted(text) for text in call.arguments]
    source = " ".join([call.tool, *words, field, operator, _quoted(value)])
    if not source.isprintable():
        raise InvalidProbe(f"expected printable text, got {shown(source)}", line=line)
    probe = parse_probe(source, line=line)
    read = (probe.call, probe.condition and probe.condition.field)
    if read != (call, field):
        raise InvalidProbe(f"expected words, got {shown(source)}", line=line)
    return probe


def add_probes(text: str, probes: Mapping[str, Sequence[Probe]]) -> str:
    """Return a checklist's text with probes below the items of these keys.

    Nothing else in it changes. Raises InvalidChecklist for an item whose place cannot
    be told.
    """
    # Last item first: the lines of those before it keep their numbers.
    wanted = [item for item in parse_checklist(text).items if probes.get(item.key)]
    for item in sorted(wanted, key=lambda each: each.line, reverse=True):
        text = _added(text, item, probes[item.key])
    return text


def _added(text: str, item: Item, probes: Sequence[Probe]) -> str:
    before = _meaning(parse_checklist(text))
    sources = (*(one.source for one in item.probes), *(one.source for one in probes))
    after = before | {item.key: (_but_probes(item), frozenset(sources))}
    for candidate in _candidates(text, item.line, probes):
        try:
            if _meaning(parse_checklist(candidate)) == after:
                return candidate
        except InvalidChecklist:
            continue
    raise InvalidChecklist(
        f"expected room for probes below {shown(item.text)}; write them by hand",
        line=item.line,
    )


def _candidates(text: str, line: int, probes: Sequence[Probe]) -> Iterator[str]:
    """Put the lines after the item's first line, then after each that follows."""
    lines = _LINE.findall(text)
    marker = _MARKER.match(lines[line - 1].removeprefix("\ufeff"))
    if marker is None:
        return
    indent = " " * len(marker[0].expandtabs(4))
    ending = "\r\n" if lines[line - 1].endswith("\r\n") else "\n"
    added = [f"{indent}- probe: {probe.source}{ending}" for probe in probes]
    for index in range(line, min(line + MAX_TEXT_LINES, len(lines)) + 1):
        head = "".join(lines[:index])
        gap = "" if head.endswith(("\n", "\r")) else ending
        yield "".join([head, gap, *added, *lines[index:]])


def _meaning(checklist: Checklist) -> dict[str, tuple[object, frozenset[str]]]:
    """Return everything the items say but their lines, which move."""
    return {
        item.key: (_but_probes(item), frozenset(one.source for one in item.probes))
        for item in (*checklist.items, *checklist.disabled)
    }


def _but_probes(item: Item) -> object:
    return (item.text, item.group, item.notes, item.severity, item.every, item.model)


def _quoted(text: str) -> str:
    """Quote a word that would be read as something else without."""
    needs_quotes = not text or '"' in text or any(c.isspace() for c in text)
    try:
        refuse_misplaced_operator([Word(text=text)])
    except ValueError:
        needs_quotes = True
    return quote_word(Word(text=text, quoted=needs_quotes))
