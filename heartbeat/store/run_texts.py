"""The texts of a heartbeat's run records, read as they are taken."""

import itertools
from collections.abc import Iterator

from heartbeat.store.server import Server

#: Runs of a history that are read in one round trip.
READ_AT_ONCE = 25


def texts_of(server: Server, key: str) -> Iterator[str]:
    """Yield each once: those of the part before that a new run moved on are known.

    How many there are is bounded, so the last part is a short one.
    """
    known: set[str] = set()
    for start in itertools.count(step=READ_AT_ONCE):
        texts = _texts_from(server, key, start)
        yield from (text for text in texts if text not in known)
        if len(texts) < READ_AT_ONCE:
            return
        known = set(texts)


def _texts_from(server: Server, key: str, start: int) -> list[str]:
    end = start + READ_AT_ONCE - 1
    found = server.ask(lambda client: client.lrange(key, start, end))
    return [str(text) for text in found]
