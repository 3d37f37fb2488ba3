"""The one task: a message names a slot; the ledger decides whether it runs here."""

import logging
from typing import Any

from celery import Celery, signals

from heartbeat.jobs import TASK
from worker.runtime import OncePerProcess

logger = logging.getLogger(__name__)

#: Pools whose threads are not threads: the event loop would never get its turn.
_GREEN_POOLS = ("celery.concurrency.gevent", "celery.concurrency.eventlet")


def register(app: Celery, runtime: OncePerProcess, *, shutdown_seconds: float) -> None:
    """Give the app its task, and its behaviour at start and shutdown.

    The task returns what came of the slot in a few words, for Flower; it is never
    retried, since a slot that did not end is sent again by beat.
    """

    @app.task(name=TASK, typing=False, bind=True)
    def run_heartbeat(self: Any, uid: str, run_id: str) -> str:
        queue = (self.request.delivery_info or {}).get("routing_key") or ""
        return runtime().run(uid, run_id, queue=queue)

    @signals.worker_init.connect(weak=False)
    def check_pool(sender: Any = None, **_: Any) -> None:
        refuse_green_pool(sender.pool_cls)

    @signals.worker_ready.connect(weak=False)
    def report(sender: Any = None, **_: Any) -> None:
        queues = tuple(sorted(sender.app.amqp.queues.consume_from))
        runtime().report_forever(queues)
        logger.info("ready for %s", ", ".join(queues), extra={"action": "ready"})

    @signals.worker_shutting_down.connect(weak=False)
    def hand_back(how: str = "Warm", **_: Any) -> None:
        made = runtime.made  # one that is only being made has no runs
        if made is not None:
            made.hand_back_after(0 if how == "Cold" else shutdown_seconds)

    @signals.worker_process_shutdown.connect(weak=False)
    @signals.worker_shutdown.connect(weak=False)
    def close(**_: Any) -> None:
        if runtime.made is not None:
            runtime.made.close()


def refuse_green_pool(pool: type) -> None:
    """End the worker when it was started with gevent or eventlet."""
    if pool.__module__ in _GREEN_POOLS:
        name = pool.__module__.rpartition(".")[2]
        raise SystemExit(f"worker: expected -P threads, prefork or solo, got {name!r}")
