"""Wiring of the worker: `celery -A worker.app worker`, right without further flags.

`-Q heartbeat.<label>` serves heartbeats placed there. More workers, more throughput.
"""

import os

from celery import Celery
from dotenv import dotenv_values

from heartbeat.jobs import celery_settings
from heartbeat.settings import Settings
from worker.consumer import RefillAtOnce, SteadyConsumer
from worker.runtime import once_per_process
from worker.tasks import register
from worker.wiring import make_runtime

settings = Settings.from_env({**dotenv_values(".env"), **os.environ})

app = Celery("heartbeat.worker")
app.conf.update(
    celery_settings(settings.broker),
    worker_pool="threads",
    worker_concurrency=settings.worker_threads,
    worker_prefetch_multiplier=1,
    worker_disable_prefetch=True,
    worker_send_task_events=True,
    worker_consumer=SteadyConsumer,
    worker_cancel_long_running_tasks_on_connection_loss=False,
)
app.steps["consumer"].add(RefillAtOnce)
register(
    app,
    once_per_process(lambda: make_runtime(settings)),
    shutdown_seconds=settings.shutdown_seconds,
)
