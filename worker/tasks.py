"""The one task: a message names a slot; the ledger decides whether it runs here."""

from collections.abc import Callable
from typing import Any

from celery import Celery, signals

from heartbeat.jobs import TASK
from worker.runtime import Runtime


def register(
    app: Celery, runtime: Callable[[], Runtime], *, shutdown_seconds: float
) -> None:
    """Give the app its task, and its behaviour at start and shutdown.

    The task returns what came of the slot in a few words, for Flower; it is never
    retried, since a slot that did not end is sent again by beat.
    """

    @app.task(name=TASK, typing=False)
    def run_heartbeat(uid: str, run_id: str) -> str:
        return runtime().run(uid, run_id)

    @signals.worker_ready.connect(weak=False)
    def report(sender: Any = None, **_: Any) -> None:
        runtime().report_forever(tuple(sorted(sender.app.amqp.queues.consume_from)))

    @signals.worker_shutting_down.connect(weak=False)
    def drain(**_: Any) -> None:
        runtime().drain(seconds=shutdown_seconds)
