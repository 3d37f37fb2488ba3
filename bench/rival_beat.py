"""The rival of beat: RedBeat on the same server with the same broker options.

Run as a script it is its beat, as `celery beat` starts it.
"""

import logging
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from celery import Celery
from celery.schedules import schedule
from redbeat import (  # type: ignore[import-untyped]  # it has no types
    RedBeatScheduler,
    RedBeatSchedulerEntry,
)

from heartbeat.jobs import TASK, celery_settings

#: Names the variable with the server's URL.
URL = "BENCH_REDIS_URL"
_EVERY = schedule(run_every=timedelta(hours=1))


def make_app(url: str) -> Celery:
    """Return an app that differs from ours only in its scheduler."""
    app = Celery("redbeat", set_as_current=False)
    app.conf.update(
        celery_settings(url),
        redbeat_redis_url=url,
        beat_scheduler=RedBeatScheduler,
        beat_max_loop_interval=1,
    )
    return app


def fill(url: str, count: int, *, last_run: datetime | None = None) -> None:
    """Save entries; those that have never run are due at once."""
    app = make_app(url)
    for number in range(count):
        RedBeatSchedulerEntry(
            f"entry-{number}",
            TASK,
            _EVERY,
            args=(f"local:bench-{number}", "run"),
            last_run_at=last_run or datetime.fromtimestamp(0, UTC),
            app=app,
        ).save()


def idle_tick(url: str) -> Callable[[], object]:
    """Return a tick with nothing due, which may be called again and again."""
    app = make_app(url)
    app.conf.redbeat_lock_key = None  # only a whole beat can have the lock
    tick: Callable[[], object] = RedBeatScheduler(app=app, lazy=False).tick
    return tick


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    make_app(os.environ[URL]).Beat(loglevel="WARNING", quiet=True).run()
