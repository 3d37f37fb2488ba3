"""A client that configures while faults happen: what is acknowledged must be kept."""

import asyncio
from collections import Counter
from contextlib import AbstractAsyncContextManager

from heartbeat.client import Client, connect
from heartbeat.errors import HeartbeatError, RequestRefused
from tests.faults.clients import EAGER

#: A heartbeat that is never due while a test lasts.
FAR = "0 0 29 2 *"
CONTENT = "- [ ] A\n  - probe: load\n"
#: Pause between two configures, in seconds; most of them, below what an owner may have.
PAUSE_SECONDS, MOST = 0.5, 800
#: How long an answer is waited for, in seconds: a gateway may be frozen.
ANSWER_SECONDS = 5.0


class Configuring:
    """Configures one heartbeat after the other, and notes each answer."""

    def __init__(self, url: str, *, token: str | None = None) -> None:
        self.acknowledged: list[str] = []
        self.refused: Counter[str] = Counter()
        self._url, self._token = url, token
        self._asked = 0

    async def go_on(self) -> None:
        """Configure until cancelled; raises what no fault explains."""
        while True:
            try:
                async with self._connected() as client:
                    while self._asked < MOST:
                        await self._configure(client)
                        await asyncio.sleep(PAUSE_SECONDS)
                    return
            except HeartbeatError as error:
                if not error.retryable:
                    raise
            await asyncio.sleep(PAUSE_SECONDS)

    async def missing(self) -> list[str]:
        """Return what was acknowledged and is not listed."""
        async with self._connected() as client:
            listed = {one.schedule_id for one in (await client.list()).heartbeats}
        return [one for one in self.acknowledged if one not in listed]

    def _connected(self) -> AbstractAsyncContextManager[Client]:
        return connect(
            self._url,
            token=self._token,
            request_seconds=ANSWER_SECONDS,
            back_off=EAGER,
        )

    async def _configure(self, client: Client) -> None:
        """Ask for another one; whether it was stored without an answer is open."""
        self._asked += 1
        name = f"extra {self._asked}"
        try:
            reply = await client.configure(name, content=CONTENT, cron_expression=FAR)
        except HeartbeatError as error:
            if not error.retryable:
                raise
            code = error.code if isinstance(error, RequestRefused) else "no answer"
            self.refused[code] += 1
        else:
            self.acknowledged.append(reply.schedule_id)
