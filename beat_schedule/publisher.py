"""Puts run messages on Celery's queues, a whole batch in one round trip."""

from collections.abc import Mapping, Sequence
from typing import Any

from celery import Celery
from kombu import Connection
from kombu.exceptions import KombuError, OperationalError

from heartbeat.errors import StoreUnavailable
from heartbeat.jobs import QUEUE, TASK, readable_arguments
from heartbeat.store.slots import Claim, Slots

#: What kombu and the broker's client raise when a message may not have arrived.
_UNCERTAIN = (OperationalError, KombuError, OSError)


class CeleryQueues:
    """Celery's queues over one connection, which is made anew after a failure.

    Messages go straight to `Producer.publish` in a batch: a tenth of what `send_task`
    costs. The slot's run id is the task id, so that a slot sent twice shows as one.
    """

    def __init__(self, app: Celery, slots: Slots) -> None:
        self._app = app
        self._slots = slots
        self._connection: Connection | None = None
        self._producer: Any = None  # its stubs lack `batch` and virtual channels

    def send(self, claims: Sequence[Claim]) -> None:
        """Send all, or raise StoreUnavailable: then delivery is uncertain."""
        producer = self._connected()
        try:
            with producer.batch(max_size=len(claims)):
                for claim in claims:
                    self._publish(producer, claim)
        except (*_UNCERTAIN, *producer.connection.connection_errors) as error:
            self.close()
            raise StoreUnavailable(f"the broker is away: {error}") from error

    def lengths(self) -> Mapping[str, int]:
        """Return the length of every queue that was ever used."""
        producer = self._connected()
        names = {QUEUE, *self._slots.queues()}
        channel = producer.channel
        try:
            return {
                name: channel.queue_declare(queue=name).message_count for name in names
            }
        except (*_UNCERTAIN, *producer.connection.connection_errors) as error:
            self.close()
            raise StoreUnavailable(f"the broker is away: {error}") from error

    def close(self) -> None:
        """Drop the connection; the next call makes another."""
        connection, self._connection, self._producer = self._connection, None, None
        if connection is not None:
            connection.release()

    def _connected(self) -> Any:
        if self._producer is None:
            self._connection = self._app.connection_for_write()
            self._producer = self._app.amqp.Producer(
                self._connection, auto_declare=False
            )
        return self._producer

    def _publish(self, producer: Any, claim: Claim) -> None:
        message = self._app.amqp.as_task_v2(
            claim.run_id,
            TASK,
            args=(claim.uid, claim.run_id),
            argsrepr=readable_arguments(claim.uid, claim.slot_ms),
            kwargsrepr="{}",
            ignore_result=True,
        )
        # The nameless exchange delivers to the queue of that name without a binding.
        producer.publish(
            message.body,
            exchange="",
            routing_key=claim.queue,
            serializer="json",
            headers=message.headers,
            **message.properties,
        )
