"""The rival of a worker: Celery's threads pool with a task that only sleeps.

`celery -A bench.sleeper worker`. What a call costs beyond it is what judging costs.
"""

import os
import time

import redis
from celery import Celery

from heartbeat.jobs import celery_settings

#: Names the variable with the server's URL.
URL = "BENCH_REDIS_URL"
#: Key of the count of tasks that have ended.
DONE = "bench:slept"
THREADS = 200
SECONDS = 1.0


def make_app(url: str) -> Celery:
    """Return an app with one task, and Celery's own settings for consuming."""
    made = Celery("sleeper", set_as_current=False)
    made.conf.update(
        celery_settings(url), worker_pool="threads", worker_concurrency=THREADS
    )
    client = redis.Redis.from_url(url, max_connections=2 * THREADS)

    @made.task(name="sleep")
    def sleep() -> None:
        time.sleep(SECONDS)
        client.incr(DONE)

    return made


if URL in os.environ:
    app = make_app(os.environ[URL])
