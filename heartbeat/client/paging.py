"""Follows the pages of a long list; each is asked for once the one before is there."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from heartbeat.replies import Page

_Page = TypeVar("_Page", bound=Page)


async def all_of(ask: Callable[[str | None], Awaitable[_Page]]) -> list[_Page]:
    """Return all pages of a list, in order; `ask` is given where one begins."""
    pages = [await ask(None)]
    while (after := pages[-1].next) is not None:
        pages.append(await ask(after))
    return pages
