"""Until when no worker of the fleet calls a model, and why."""

import json
from dataclasses import dataclass

from redis import Redis

from heartbeat.store import keys
from heartbeat.store.records import fields_of
from heartbeat.store.server import Server
from heartbeat.verdict import Cause

#: Where it is not said whose gate it is.
SOME_PROVIDER = "a provider"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A gate that is closed for so long still; `why` and `provider` may be shown."""

    cause: Cause
    why: str
    ms: int
    provider: str = SOME_PROVIDER


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedGate:
    """A closed gate of one model, or (None) of every model of a key."""

    model: str | None
    closed: Closed


class Gates:
    """Gates by name: `<credential>`, or `<credential>:<model>`."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def close(self, name: str, closed: Closed) -> None:
        """Close a gate; one that is closed for longer stays as it is."""
        record = json.dumps(
            {"cause": closed.cause, "why": closed.why, "provider": closed.provider}
        )
        self._server.run("close_gate", name, record, closed.ms)

    def read(self, *names: str) -> list[Closed | None]:
        """Return each of these gates; None for one that is open."""

        def read(client: Redis) -> list[object]:
            with client.pipeline(transaction=False) as pipeline:
                for name in names:
                    pipeline.get(keys.gate(name))
                    pipeline.pttl(keys.gate(name))
                return pipeline.execute()

        found = self._server.ask(read) if names else []
        return [_read(*pair) for pair in zip(found[::2], found[1::2], strict=True)]

    def closed(self) -> list[ClosedGate]:
        """Return every gate that is closed now, the one that opens first first."""
        found = self._server.ask(lambda client: client.zrange(keys.GATES, 0, -1))
        names = [str(name) for name in found]
        return [
            ClosedGate(model=name.partition(":")[2] or None, closed=closed)
            for name, closed in zip(names, self.read(*names), strict=True)
            if closed is not None
        ]


def _read(text: object, ms: object) -> Closed | None:
    """Read a gate; one that cannot be read stays closed all the same."""
    if text is None or not isinstance(ms, int) or ms <= 0:
        return None
    fields = fields_of(str(text))
    cause, why, provider = (fields.get(name) for name in ("cause", "why", "provider"))
    known = isinstance(cause, str) and cause in list(Cause)
    return Closed(
        cause=Cause(str(cause)) if known else Cause.MODEL_LIMITED,
        why=why if isinstance(why, str) else "its reason cannot be read",
        ms=ms,
        provider=provider if isinstance(provider, str) else SOME_PROVIDER,
    )
