"""Pieces of texts for people: what came, shortened, and what was perhaps meant."""

import difflib
from collections.abc import Iterable
from unicodedata import category

#: Long enough to recognise a line by; what came may be a whole file.
MAX_SHOWN = 100

#: Control characters would speak to a terminal; lone surrogates cannot be sent.
_UNFIT = ("Cc", "Cs")


def shown(value: object) -> str:
    """Return the `repr` of what came, shortened."""
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` if something known is close, else nothing."""
    close = difflib.get_close_matches(word[:MAX_SHOWN], known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def on_one_line(text: str) -> str:
    """Return text that fits a line of a terminal, whoever wrote it."""
    line = " ".join(text.split())
    return "".join("\ufffd" if category(c) in _UNFIT else c for c in line)


def clip(text: str, length: int) -> str:
    """Return at most that many characters, the last an ellipsis if any were lost."""
    return text if len(text) <= length else f"{text[: length - 1]}…"
