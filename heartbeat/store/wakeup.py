"""A sleep that ends early when something new may be due."""

from redis import Redis
from redis.client import PubSub

from heartbeat.store import keys
from heartbeat.store.server import Server


class WakeUp:
    """Waits on the channel that every change of the schedule publishes to.

    A wake-up that is lost costs the rest of one wait and nothing else.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self._subscription: PubSub | None = None

    def wait(self, seconds: float) -> bool:
        """Wait at most that long; say whether something woke it. Raises StoreError."""
        subscription = self._subscribe()
        try:
            return (
                self._server.ask(lambda _: subscription.get_message(timeout=seconds))
                is not None
            )
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Give the connection back; the next wait makes another."""
        if self._subscription is not None:
            self._subscription.close()
            self._subscription = None

    def _subscribe(self) -> PubSub:
        if self._subscription is None:
            subscription = self._server.ask(_subscription)
            self._server.ask(lambda _: subscription.subscribe(keys.WAKE))
            self._subscription = subscription
        return self._subscription


def _subscription(client: Redis) -> PubSub:
    subscription: PubSub = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]  # redis-py has not typed it
    return subscription
