"""Wiring of beat: `celery -A beat_schedule.app beat`. Run as many as you like."""

import os
import socket
import sys

from celery import Celery, signals
from dotenv import dotenv_values

from beat_schedule.dispatch import Dispatcher
from beat_schedule.lanes import Lanes
from beat_schedule.publisher import CeleryQueues
from beat_schedule.scheduler import Collaborators, LedgerScheduler
from heartbeat.collector import settle_collector
from heartbeat.errors import InvalidSettings
from heartbeat.instants import from_ms
from heartbeat.jobs import celery_settings
from heartbeat.logs import configure_logging
from heartbeat.settings import Settings
from heartbeat.store.processes import Processes
from heartbeat.store.server import Server
from heartbeat.store.slots import Slots
from heartbeat.store.wakeup import WakeUp

#: Dispatchers of one beat: while one computes, Redis works for the other.
LANES = 3

try:
    settings = Settings.from_env({**dotenv_values(".env"), **os.environ})
except InvalidSettings as error:
    sys.exit(f"beat: {error}")

app = Celery("heartbeat.beat")
app.conf.update(
    celery_settings(settings.broker),
    beat_scheduler="beat_schedule.app:WiredScheduler",
    beat_max_loop_interval=1,
)


class WiredScheduler(LedgerScheduler):
    """The scheduler of this process's settings."""

    def collaborators(self) -> Collaborators:
        """Connect lazily: nothing is sent before the first pass."""
        server = Server.connect(settings.redis_url.get_secret_value(), name="beat")
        slots = Slots(server)
        lanes = [
            Dispatcher(
                slots, CeleryQueues(app, slots), now=lambda: from_ms(server.now_ms())
            )
            for _ in range(LANES)
        ]
        settle_collector()
        return Collaborators(
            lanes=Lanes(lanes),
            slots=slots,
            wake_up=WakeUp(server),
            processes=Processes(server),
            host=socket.gethostname(),
            pid=os.getpid(),
        )


@signals.setup_logging.connect(weak=False)
def set_up_logging(loglevel: int, logfile: str | None, **_: object) -> None:
    """Log our way: Celery leaves it to us when this is connected."""
    configure_logging(loglevel, file=logfile)
