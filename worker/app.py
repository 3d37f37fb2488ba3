"""Wiring of the worker: `celery -A worker.app worker`, right without further flags.

`-Q heartbeat.<label>` serves heartbeats placed there. More workers, more throughput.
With `-P prefork` each child has a loop of its own; at SIGTERM it ends its runs.
"""

import os
import sys

from celery import Celery, signals
from dotenv import dotenv_values

from heartbeat.errors import InvalidInput
from heartbeat.jobs import celery_settings
from heartbeat.logs import configure_logging
from heartbeat.settings import Settings
from worker.consumer import (
    EventsInBatches,
    HintsOnly,
    RefillAtOnce,
    SteadyConsumer,
)
from worker.runtime import OncePerProcess
from worker.tasks import register
from worker.wiring import check_settings, make_runtime

try:
    settings = Settings.from_env({**dotenv_values(".env"), **os.environ})
    check_settings(settings)
except InvalidInput as error:
    sys.exit(f"worker: {error}")

app = Celery("heartbeat.worker", amqp=HintsOnly)
app.conf.update(
    celery_settings(settings.broker),
    worker_pool="threads",
    worker_concurrency=settings.worker_threads,
    worker_prefetch_multiplier=1,
    worker_disable_prefetch=True,
    worker_send_task_events=True,
    worker_consumer=SteadyConsumer,
    # Cancels only what is acknowledged late, which is nothing; False is deprecated.
    worker_cancel_long_running_tasks_on_connection_loss=True,
)
app.steps["consumer"].update((EventsInBatches, RefillAtOnce))
register(
    app,
    OncePerProcess(lambda: make_runtime(settings)),
    shutdown_seconds=settings.shutdown_seconds,
)


@signals.setup_logging.connect(weak=False)
def set_up_logging(loglevel: int, logfile: str | None, **_: object) -> None:
    """Log our way: Celery leaves it to us when this is connected."""
    configure_logging(loglevel, file=logfile)
