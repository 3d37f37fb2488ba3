"""What models have made of the items of each heartbeat."""

from functools import partial

from heartbeat.compiled import CompiledItems, load_compiled
from heartbeat.store import keys
from heartbeat.store.records import readable
from heartbeat.store.server import Server

#: No rule is used for longer, in seconds.
KEPT_SECONDS = 7 * 86_400


class Compiled:
    """One record a heartbeat. Losing it costs calls of a model, and nothing else."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def load(self, uid: str) -> CompiledItems:
        """Return what is known; nothing for a record that cannot be read."""
        key = keys.compiled(uid)
        text = self._server.ask(lambda client: client.get(key))
        if text is None:
            return CompiledItems()
        return readable(partial(load_compiled, str(text)), of=key) or CompiledItems()

    def save(self, uid: str, compiled: CompiledItems) -> None:
        """Keep what is known, in place of what was; the last writer wins.

        Of a heartbeat that is gone meanwhile nothing is kept.
        """
        self._server.run("save_compiled", uid, compiled.dump(), KEPT_SECONDS)
