"""What gateways tell each other, so that limits and names hold over all of them.

Best effort: what is told while Redis is away is lost, and each gateway's own count
goes on. Nothing that was refused is told, so that a flood costs no more than its limit.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable

from gateway.limits import Buckets, Failures
from gateway.names import Names
from heartbeat.errors import StoreError

#: Messages on their way at once; what comes beyond is not told.
MAX_ON_THE_WAY = 100


class Peers:
    """The other gateways; used on the event loop.

    A message is `<kind> <whose> <what>`, words without blanks; one of a kind that is
    not known here comes from a newer gateway.
    """

    def __init__(
        self,
        publish: Callable[[str], Awaitable[None]],
        *,
        names: Names,
        failures: Failures,
        configures: Buckets,
        clock: Callable[[], float],
    ) -> None:
        self._publish = publish
        self._names, self._failures = names, failures
        self._configures, self._clock = configures, clock
        self._me = secrets.token_hex(8)
        self._on_the_way: set[asyncio.Task[None]] = set()

    def failed(self, address: str) -> None:
        """Tell of a login that failed."""
        self._tell(f"failed {self._me} {address}")

    def configured(self, owner: str) -> None:
        """Tell of a configure that was let through."""
        self._tell(f"configured {self._me} {owner}")

    def heard(self, text: str) -> None:
        """Count what another gateway tells as if it had happened here."""
        match text.split(" "):
            case ["name", number, owner, client_id] if number.isdecimal():
                self._names.heard({(owner, client_id): int(number)})
            case ["failed", who, address] if who != self._me:
                self._failures.add(address, self._clock())
            case ["configured", who, owner] if who != self._me:
                self._configures.take(owner, self._clock())

    def _tell(self, text: str) -> None:
        if len(self._on_the_way) >= MAX_ON_THE_WAY:
            return
        task = asyncio.create_task(self._send(text))
        self._on_the_way.add(task)
        task.add_done_callback(self._on_the_way.discard)

    async def _send(self, text: str) -> None:
        with contextlib.suppress(StoreError):  # each gateway counts for itself
            await self._publish(text)
