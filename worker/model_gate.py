"""When a model may be asked: what one worker is told to wait for, all wait for."""

import asyncio
import hashlib
import logging
import random
from dataclasses import dataclass, field, replace

from heartbeat.errors import StoreError
from heartbeat.store.gates import SOME_PROVIDER, Closed, Gates
from heartbeat.verdict import Cause
from worker.api_failure import MAX_RETRY_AFTER, ApiFailure
from worker.model import Failure

logger = logging.getLogger(__name__)

#: How long what the store said of a gate is believed, in seconds: so long may others
#: still send after one was told to wait.
FRESH_SECONDS = 1.0

#: Waiters go on within this part of their wait more, so that not all come at once.
SPREAD = 0.1


def credential_of(api_key: str, base_url: str) -> str:
    """Name a key at a server, without telling it."""
    return hashlib.sha256(f"{base_url}\0{api_key}".encode()).hexdigest()[:16]


@dataclass(slots=True)
class ModelGate:
    """The gates of one key, as one process sees them; used on one event loop.

    `provider` says to people whose gates they are. A store that is away opens no gate
    that was seen closed, and closes none.
    """

    gates: Gates
    credential: str
    provider: str = SOME_PROVIDER
    fresh_seconds: float = FRESH_SECONDS
    #: What is known to be closed, and until when by the loop's clock.
    _closed: dict[str, tuple[Closed, float]] = field(default_factory=dict)
    _fresh_until: dict[str, float] = field(default_factory=dict)
    _reading: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def passed(self, model: str) -> Failure | None:
        """Wait until the model may be asked; a failure where that takes too long."""
        while (closed := await self._look(model)) is not None:
            seconds = closed.ms / 1000
            is_long = seconds > MAX_RETRY_AFTER.total_seconds()
            if is_long or closed.cause is not Cause.MODEL_LIMITED:
                why = f"not asked for another {seconds:.0f} s: {closed.why}"
                return Failure(cause=closed.cause, why=why)
            await asyncio.sleep(seconds * random.uniform(1, 1 + SPREAD))
        return None

    async def note(self, model: str, failure: ApiFailure) -> None:
        """Close a gate for all workers if the server's answer asks for that."""
        pause = failure.pause
        if pause is None:
            return
        told = failure.told()
        closed = Closed(
            cause=told.cause,
            why=told.why,
            ms=round(pause.seconds * 1000),
            provider=self.provider,
        )
        name = self.credential if pause.is_of_key else self._name(model)
        self._keep(name, closed)
        extra = {"action": "gate_closed"}
        logger.warning(
            "%s: no request for %.0f s: %s", model, pause.seconds, told.why, extra=extra
        )
        try:
            await asyncio.to_thread(self.gates.close, name, closed)
        except StoreError as error:
            logger.warning("others were not told: %s", error, extra=extra)

    def _name(self, model: str) -> str:
        return f"{self.credential}:{model}"

    async def _look(self, model: str) -> Closed | None:
        now = asyncio.get_running_loop().time()
        if now >= self._fresh_until.get(model, float("-inf")):
            # A caller that is cancelled must not take the others' answer with it.
            await asyncio.shield(self._read_once(model))
        left = (self._left(name) for name in (self.credential, self._name(model)))
        return max(filter(None, left), key=lambda one: one.ms, default=None)

    def _read_once(self, model: str) -> asyncio.Task[None]:
        """Return the reading that is going on, or begin one."""
        reading = self._reading.get(model)
        if reading is None or reading.done():
            reading = asyncio.create_task(self._read(model))
            self._reading[model] = reading
        return reading

    async def _read(self, model: str) -> None:
        names = (self.credential, self._name(model))
        try:
            found = await asyncio.to_thread(self.gates.read, *names)
        except StoreError as error:
            logger.warning("gate not read: %s", error, extra={"action": "gate"})
        else:
            for name, closed in zip(names, found, strict=True):
                self._keep(name, closed)
        now = asyncio.get_running_loop().time()
        self._fresh_until[model] = now + self.fresh_seconds

    def _keep(self, name: str, closed: Closed | None) -> None:
        self._closed.pop(name, None)
        if closed is not None:
            until = asyncio.get_running_loop().time() + closed.ms / 1000
            self._closed[name] = closed, until

    def _left(self, name: str) -> Closed | None:
        """Return what is left of a gate, by this process's clock."""
        if name not in self._closed:
            return None
        closed, until = self._closed[name]
        ms = int((until - asyncio.get_running_loop().time()) * 1000)
        return replace(closed, ms=ms) if ms > 0 else None
