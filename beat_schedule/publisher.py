"""Puts run messages on Celery's queues, a whole batch in one round trip."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from celery import Celery
from kombu import Connection
from kombu.exceptions import KombuError, OperationalError

from beat_schedule.message_form import RUN_ID, SHOWN, UID, MessageForm
from heartbeat.errors import StoreUnavailable
from heartbeat.jobs import QUEUE, TASK
from heartbeat.store.slots import Claim, Slots

#: What kombu and the broker's client raise when a message may not have arrived.
_UNCERTAIN = (OperationalError, KombuError, OSError)


class CeleryQueues:
    """Celery's queues over one connection, which is made anew after a failure.

    One message is written by Celery, to a queue that nobody reads, and taken back;
    those that are sent are filled into its form. The slot's run id is the task id, so
    that a slot sent twice shows as one.
    """

    def __init__(self, app: Celery, slots: Slots) -> None:
        self._app = app
        self._slots = slots
        self._connection: Connection | None = None
        self._channel: Any = None  # its stubs lack the client of Redis
        self._form: MessageForm | None = None

    def send(self, claims: Sequence[Claim]) -> None:
        """Send all, or raise StoreUnavailable: then delivery is uncertain."""
        with self._connected() as channel:
            if self._form is None:
                self._form = self._written_by_celery(channel)
            texts: dict[str, list[str]] = {}
            for claim in claims:
                texts.setdefault(claim.queue, []).append(self._form.fill(claim))
            with channel.client.pipeline(transaction=False) as pipeline:
                for queue, messages in texts.items():
                    pipeline.lpush(queue, *messages)
                pipeline.execute()

    def lengths(self) -> Mapping[str, int]:
        """Return the length of every queue that has messages of ours."""
        names = sorted({QUEUE, *self._slots.queues()})
        with (
            self._connected() as channel,
            channel.client.pipeline(transaction=False) as pipeline,
        ):
            for name in names:
                pipeline.llen(name)
            found = pipeline.execute(raise_on_error=False)
            return dict(zip(names, map(_length, found), strict=True))

    def close(self) -> None:
        """Drop the connection; the next call makes another."""
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            connection.release()

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        if self._connection is None:
            self._connection = self._app.connection_for_write()
        errors: tuple[type[BaseException], ...] = (
            *_UNCERTAIN,
            *self._connection.connection_errors,
            *self._connection.channel_errors,  # a full or a read-only server says so
        )
        try:
            if self._channel is None:
                self._channel = self._connection.channel()
            yield self._channel
        except errors as error:
            self.close()
            raise StoreUnavailable(f"the broker takes nothing: {error}") from error

    def _written_by_celery(self, channel: Any) -> MessageForm:
        message = self._app.amqp.as_task_v2(
            RUN_ID,
            TASK,
            args=(UID, RUN_ID),
            argsrepr=SHOWN,
            kwargsrepr="{}",
            ignore_result=True,
        )
        queue = f"form.{secrets.token_hex(8)}"  # several lanes do this at once
        producer: Any = self._app.amqp.Producer(channel, auto_declare=False)
        # The nameless exchange delivers to the queue of that name without a binding.
        producer.publish(
            message.body,
            exchange="",
            routing_key=queue,
            serializer="json",
            headers=message.headers,
            **message.properties,
        )
        return MessageForm.of(channel.client.rpop(queue), queue=queue)


def _length(answer: int | Exception) -> int:
    """Return the length of a queue; what is no queue has none."""
    if not isinstance(answer, Exception):
        return answer
    if "WRONGTYPE" not in str(answer):
        raise answer
    return 0
