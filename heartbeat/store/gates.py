"""Until when no worker of the fleet calls a model, and why."""

import json
from dataclasses import dataclass

from redis import Redis

from heartbeat.store import keys
from heartbeat.store.records import fields_of
from heartbeat.store.server import Server
from heartbeat.verdict import Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A gate that is closed for so long still; `why` may be shown."""

    cause: Cause
    why: str
    ms: int


class Gates:
    """Gates by name: `<credential>`, or `<credential>:<model>`."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def close(self, name: str, closed: Closed) -> None:
        """Close a gate; one that is closed for longer stays as it is."""
        record = json.dumps({"cause": closed.cause, "why": closed.why})
        self._server.run("close_gate", name, record, closed.ms)

    def read(self, *names: str) -> list[Closed | None]:
        """Return each of these gates; None for one that is open."""

        def read(client: Redis) -> list[object]:
            with client.pipeline(transaction=False) as pipeline:
                for name in names:
                    pipeline.get(keys.gate(name))
                    pipeline.pttl(keys.gate(name))
                return pipeline.execute()

        found = self._server.ask(read)
        return [_read(*pair) for pair in zip(found[::2], found[1::2], strict=True)]


def _read(text: object, ms: object) -> Closed | None:
    """Read a gate; one that cannot be read stays closed all the same."""
    if text is None or not isinstance(ms, int) or ms <= 0:
        return None
    fields = fields_of(str(text))
    cause, why = fields.get("cause"), fields.get("why")
    known = isinstance(cause, str) and cause in list(Cause)
    return Closed(
        cause=Cause(str(cause)) if known else Cause.MODEL_LIMITED,
        why=why if isinstance(why, str) else "its reason cannot be read",
        ms=ms,
    )
