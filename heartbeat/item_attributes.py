"""The braces at the end of an item's line: `{#id severity=critical}`."""

import re
from dataclasses import dataclass

from heartbeat.phrases import shown
from heartbeat.verdict import Severity

_BRACES = re.compile(r"(?:^|(?<=\s))\{([^{}\n]*)\}[ \t]*(?=\n|\Z)")
_ATTRIBUTE = re.compile(r"#\S*|[A-Za-z][\w-]*=\S*")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_KNOWN = "known are #id and severity=warning or severity=critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """What an item says of itself."""

    id: str | None = None
    severity: Severity = Severity.WARNING


def split_attributes(text: str) -> tuple[str, Attributes]:
    """Take the braces off the end of a line; braces that hold none are text.

    Raises ValueError for attributes that are not known, or are given twice.
    """
    found = [each for each in _BRACES.finditer(text) if _has_attribute(each[1])]
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


def _has_attribute(inside: str) -> bool:
    return any(_ATTRIBUTE.fullmatch(word) for word in inside.split())


def _attributes(given: dict[str, str]) -> Attributes:
    for name, value in given.items():
        if name == "#" and not _ID.fullmatch(value):
            raise ValueError(
                "expected an id of letters, digits, '.', '_' and '-', at most 64,"
                f" got {shown(value)}"
            )
        if name == "severity" and value not in list(Severity):
            raise ValueError(f"expected a severity, {_KNOWN}; got {shown(value)}")
        if name not in ("#", "severity"):
            raise ValueError(
                f"expected a known attribute in braces, {_KNOWN};"
                f" got {shown(name)} (braces that are text go in a `code span`)"
            )
    return Attributes(
        id=given.get("#"),
        severity=Severity(given.get("severity", Severity.WARNING)),
    )
