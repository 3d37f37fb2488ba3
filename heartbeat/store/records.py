"""What holds in place of a stored record that cannot be read."""

import json
import logging
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from heartbeat.book import Book, load_book
from heartbeat.errors import BadRecord
from heartbeat.store import keys

logger = logging.getLogger(__name__)

_T = TypeVar("_T")

#: The last instant that can be written as text: the end of the year 9999.
LARGEST_MS = 253_402_300_799_999


def fields_of(text: str | None) -> dict[str, object]:
    """Return the fields of a JSON object; none of anything else."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def ms_of(value: object) -> int | None:
    """Return an instant in milliseconds, or None for anything else."""
    if isinstance(value, int | float) and 0 <= value <= LARGEST_MS:
        return int(value)
    return None


def readable(read: Callable[[], _T], *, of: str) -> _T | None:
    """Return what is read; None instead of a bad record, which is reported."""
    try:
        return read()
    except BadRecord as error:
        problem = error
    logger.error("%s: %s", of, problem, extra={"action": "bad_record"})
    return None


def revision_of(text: str | None) -> str:
    """Return the revision of a book as scripts read it too: see `load_book` in Lua."""
    if text is None:
        return "0"
    return text if text.isascii() else "?"


def book_of(uid: str, text: str | None) -> Book:
    """Return what is remembered of a heartbeat's troubles.

    A book that cannot be read is taken for an empty one: whatever is still in trouble
    is told again. Stopping its runs instead would be silence.
    """
    if not text:
        return Book()
    return readable(partial(load_book, text), of=keys.book(uid)) or Book()
