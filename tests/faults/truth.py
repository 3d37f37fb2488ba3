"""What the store holds, read again and again before its limits take it away."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import cast

import redis

from heartbeat.book import load_book
from heartbeat.feed import Entry
from heartbeat.runs import RunRecord, load_run
from heartbeat.store import keys

#: Pause between two readings, in seconds: a heartbeat keeps 200 runs (512 KiB of long
#: ones) and a feed 1,000 entries, which is minutes.
PAUSE_SECONDS = 3.0


class Truth:
    """All run records by heartbeat and all entries by owner, oldest first."""

    def __init__(self, url: str, *, uids: Iterable[str], owners: Iterable[str]) -> None:
        self._client = redis.Redis.from_url(
            url, decode_responses=True, socket_timeout=5.0
        )
        self._runs: dict[str, list[str]] = {uid: [] for uid in uids}
        self.feeds: dict[str, list[Entry]] = {owner: [] for owner in owners}

    async def follow(self) -> None:
        """Read on until cancelled; a server that is away is read later."""
        while True:
            with suppress(redis.RedisError):
                await asyncio.to_thread(self.read)
            await asyncio.sleep(PAUSE_SECONDS)

    def read(self) -> None:
        """Read what is new."""
        for uid, known in self._runs.items():
            newest_first = self._client.lrange(keys.runs(uid), 0, -1)
            _extend(known, [str(text) for text in reversed(newest_first)])
        for owner, entries in self.feeds.items():
            after = f"({entries[-1].alert_id}" if entries else "-"
            # The client decodes, and every entry is written with both fields.
            found = cast(
                list[tuple[str, dict[str, str]]],
                self._client.xrange(keys.feed(owner), min=after),
            )
            entries += [
                Entry(alert_id=one, prev=fields["prev"], payload=fields["payload"])
                for one, fields in found
            ]

    @property
    def runs(self) -> dict[str, list[RunRecord]]:
        """Return the records by heartbeat."""
        return {
            uid: [load_run(text) for text in texts] for uid, texts in self._runs.items()
        }

    def untold(self) -> dict[str, str]:
        """Return the missed and lost slots of which nobody was told yet."""
        found = self._client.hgetall(keys.UNTOLD)
        return {str(uid): str(text) for uid, text in found.items()}

    def open_slots(self) -> dict[str, str | None]:
        """Return the open slot of each heartbeat, as it is stored."""
        slots = {uid: self._client.get(keys.open_slot(uid)) for uid in self._runs}
        return {uid: None if slot is None else str(slot) for uid, slot in slots.items()}

    def overdue(self) -> dict[str, int]:
        """Return of how many slots owners were told that are not over, by heartbeat."""
        books = {uid: self._client.hget(keys.book(uid), "book") for uid in self._runs}
        troubles = {
            uid: load_book(str(text)).overdue for uid, text in books.items() if text
        }
        return {uid: one.count for uid, one in troubles.items() if one is not None}

    def statistics(self) -> dict[str, int]:
        """Return the ledger's counters."""
        found = self._client.hgetall(keys.STATISTICS)
        return {str(name): int(value) for name, value in sorted(found.items())}

    def now_ms(self) -> int:
        """Return the server's clock."""
        seconds, micros = self._client.time()
        return int(seconds) * 1000 + int(micros) // 1000

    def close(self) -> None:
        """End the connection."""
        self._client.close()


def _extend(known: list[str], stored: list[str]) -> None:
    """Add new records. Only the newest ever changes, so the one before is an anchor."""
    if len(known) < 2:
        known[:] = stored
        return
    anchor = known[-2]
    assert anchor in stored, f"history was cut before it was read: {anchor}"
    known[-2:] = stored[stored.index(anchor) :]
