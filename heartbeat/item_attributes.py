"""The braces at the end of an item's line: `{#id every=4h severity=critical}`."""

import re
from dataclasses import dataclass
from datetime import timedelta

from heartbeat.phrases import shown
from heartbeat.verdict import Severity

#: A check that is wanted less often than once a year is no check.
MAX_EVERY = timedelta(days=365)

_BRACES = re.compile(r"(?:^|(?<=\s))\{([^{}\n]*)\}[ \t]*(?=\n|\Z)")
#: Also a known name with a colon or a space, which is a slip and must not be text.
_ATTRIBUTE = re.compile(
    r"(?:^|\s)(?:#|[A-Za-z][\w-]*=|(?:severity|every|model)\s*[:=])"
)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_EVERY = re.compile(r"([1-9][0-9]{0,5})([mhd])", re.ASCII)
_UNITS = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
}
_NAMES = ("#", "severity", "every", "model")
_KNOWN = (
    "known are #id, severity=warning or severity=critical, every=4h and"
    " model=provider:model"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """What an item says of itself; None where it says nothing."""

    id: str | None = None
    severity: Severity | None = None
    every: timedelta | None = None
    model: str | None = None


def split_attributes(text: str) -> tuple[str, Attributes]:
    """Take the braces off the end of a line; braces that hold none are text.

    Raises ValueError for attributes that are not known, or are given twice.
    """
    found = [each for each in _BRACES.finditer(text) if _ATTRIBUTE.search(each[1])]
    words = [word for each in found for word in each[1].split()]
    given: dict[str, str] = {}
    for word in words:
        name, _, value = ("#", "", word[1:]) if word[0] == "#" else word.partition("=")
        if name in given:
            raise ValueError(
                f"expected one {shown(name)} in braces, got {shown(words)}"
            )
        given[name] = value
    for each in reversed(found):
        text = text[: each.start()] + text[each.end() :]
    return text, _attributes(given)


def parse_every(text: str) -> timedelta:
    """Read how often an item is judged; raises ValueError."""
    found = _EVERY.fullmatch(text)
    # A year of minutes still has six digits, so no number here is out of bounds.
    every = int(found[1]) * _UNITS[found[2]] if found else timedelta.max
    if every > MAX_EVERY:
        raise ValueError(
            "expected every as a whole number of minutes, hours or days, such as 30m,"
            f" 4h or 1d, at most {MAX_EVERY.days}d, got {shown(text)}"
        )
    return every


def every_text(every: timedelta) -> str:
    """Write it as in a checklist, in the largest unit of which it is a multiple."""
    name = next(name for name, unit in _UNITS.items() if not every % unit)
    return f"{every // _UNITS[name]}{name}"


def _attributes(given: dict[str, str]) -> Attributes:
    for name in given:
        if name not in _NAMES:
            raise ValueError(
                f"expected a known attribute in braces, {_KNOWN};"
                f" got {shown(name)} (braces that are text go in a `code span`)"
            )
    severity, every = given.get("severity"), given.get("every")
    if severity is not None and severity not in list(Severity):
        raise ValueError(f"expected a severity, {_KNOWN}; got {shown(severity)}")
    if not _ID.fullmatch(given.get("#", "none")):
        raise ValueError(
            "expected an id of letters, digits, '.', '_' and '-', at most 64,"
            f" got {shown(given['#'])}"
        )
    if given.get("model") == "":
        raise ValueError(f"expected a model, {_KNOWN}; got ''")
    return Attributes(
        id=given.get("#"),
        severity=None if severity is None else Severity(severity),
        every=None if every is None else parse_every(every),
        model=given.get("model"),
    )
