"""The command's own connection to the store: somebody waits for what it says.

So a store that is silent is taken for away sooner than a service would, and at once.
"""

from heartbeat.store.server import Server

#: A server that answers at all does so sooner; whoever asks again is a person, or the
#: next health check.
TIMEOUT_SECONDS = 2.0


def connect_store(url: str, *, name: str) -> Server:
    """Make a client that gives up after one silence; nothing is sent yet."""
    return Server.connect(url, name=name, timeout=TIMEOUT_SECONDS, retries=0)
