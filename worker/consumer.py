"""How this worker consumes: repairs of Celery's consumer on its public points."""

import os
import time
from contextlib import suppress
from functools import partial
from typing import Any

from celery import bootsteps, signals
from celery.app.amqp import AMQP
from celery.worker.consumer import Consumer

#: Longest wait between two tries to reach the broker.
RECONNECT_SECONDS = 5
#: Wait after a broker that answers has refused a connection, in seconds.
REFUSED_SECONDS = 1
#: How long an event waits to be sent with others, in seconds.
EVENTS_SECONDS = 0.2


class HintsOnly(AMQP):
    """Consumes without acknowledging: a message is a hint that the ledger repeats.

    What a worker has taken and not begun is sent again by beat after half a minute,
    as if it had been acknowledged early. Not writing that down and striking it out in
    the broker saves a sixth of a run's processor time, and there is nothing that a
    reconnect could restore and run twice.
    """

    def TaskConsumer(
        self, channel: Any, queues: Any = None, accept: Any = None, **options: Any
    ) -> Any:
        """Return the consumer of the run messages."""
        consumer: Any = super().TaskConsumer(
            channel, queues, accept, no_ack=True, **options
        )
        consumer.channel.basic_ack = _ignore
        return consumer


def _ignore(*_: object, **__: object) -> None:
    """Take Celery's acknowledgement, which the broker does not wait for."""


class SteadyConsumer(Consumer):
    """A consumer that survives the broker's restart, and does without gossip."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["worker_options"] = {
            **(kwargs.get("worker_options") or {}),
            "without_gossip": True,
            "without_mingle": True,
        }
        super().__init__(*args, **kwargs)

    def ensure_connected(self, conn: Any) -> Any:
        """Look for a broker that is away every few seconds, not each half a minute."""
        conn.ensure_connection = partial(
            conn.ensure_connection,
            interval_start=1,
            interval_step=1,
            interval_max=RECONNECT_SECONDS,
        )
        return super().ensure_connected(conn)

    def on_send_event_buffered(self) -> None:  # type: ignore[override]  # wrong stub
        """Leave what is buffered to `EventsInBatches`."""

    def cancel_active_requests(self) -> None:
        """Tell of a cold shutdown before Celery waits for the runs, not after.

        Threads cannot be cancelled: their runs end by being handed back.
        """
        signals.worker_shutting_down.send(sender=self.hostname, how="Cold")
        with suppress(NotImplementedError):
            super().cancel_active_requests()

    def on_connection_error_before_connected(self, exc: Exception) -> None:
        """Wait a little: a broker that answers and refuses would be asked at once."""
        super().on_connection_error_before_connected(exc)
        time.sleep(REFUSED_SECONDS)

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Close the channel twice before Celery does.

        With a BRPOP outstanding the first close fails half-way and the connection
        forgets its client; the next one then dies of an AttributeError that ends the
        whole worker. Closing twice here spends both failures where they do no harm.
        """
        connection: Any = self.connection  # its stubs know no virtual channel
        for _ in range(2):
            with suppress(Exception):
                connection.default_channel.close()
        super().on_connection_error_after_connected(exc)


class EventsInBatches(bootsteps.StartStopStep):
    """Sends what Flower shows a few times a second, not after each turn of the loop.

    Sending costs the same for one event as for a hundred, and each run makes three.
    """

    requires = ("celery.worker.consumer.events:Events",)

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        super().__init__(parent, **kwargs)
        self._timer: Any = None

    def start(self, parent: Any) -> None:
        """Begin to send; without a hub Celery does not buffer events."""
        if parent.hub is not None:
            self._timer = parent.hub.call_repeatedly(
                EVENTS_SECONDS, parent.event_dispatcher.flush
            )

    def stop(self, parent: Any) -> None:  # noqa: ARG002 - Celery's signature
        """Stop until the next start; what is buffered is kept for it."""
        if self._timer is not None:
            self._timer.cancel()


class RefillAtOnce(bootsteps.StartStopStep):
    """Wakes the consumer when a run ends, so that the freed thread is used at once.

    With early acknowledgement and no prefetch Celery would refill it only at its next
    timer, up to a second later. A consumer step, since a reconnect drops readers. The
    pipe stays open for as long as the process: a run that ends during a reconnect must
    not write into whatever got the number of a closed one.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        super().__init__(parent, **kwargs)
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)

    def start(self, parent: Any) -> None:
        """Begin to listen; a pool without a hub refills by itself."""
        if parent.hub is not None:
            parent.hub.add_reader(self._reader, self._drain)
            signals.task_postrun.connect(self._poke, weak=False, dispatch_uid=_POKE)

    def stop(self, parent: Any) -> None:
        """Stop listening until the next start."""
        signals.task_postrun.disconnect(dispatch_uid=_POKE)
        if parent.hub is not None:
            parent.hub.remove(self._reader)

    def _poke(self, **_: Any) -> None:
        with suppress(BlockingIOError):  # full: it will wake anyway
            os.write(self._writer, b".")

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._reader, 4096)


_POKE = "heartbeat-refill"
