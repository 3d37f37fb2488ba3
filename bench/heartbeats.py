"""Heartbeats for a bench: configured straight into the store, many and alike."""

from datetime import UTC, datetime, timedelta

from celery import Celery

from beat_schedule.dispatch import Dispatcher
from beat_schedule.publisher import CeleryQueues
from heartbeat.asked import Asked
from heartbeat.front_matter import FrontMatter
from heartbeat.instants import from_ms
from heartbeat.jobs import celery_settings
from heartbeat.resolve import Bounds, Identity, resolve
from heartbeat.store.heartbeats import Heartbeats
from heartbeat.store.server import Server
from heartbeat.store.slots import Slots

OWNER = "local"


def configure(server: Server, count: int, **fields: object) -> list[str]:
    """Configure so many heartbeats with these fields; return their ids."""
    heartbeats = Heartbeats(server)
    ids = [f"bench-{number}" for number in range(count)]
    for schedule_id in ids:
        resolved = resolve(
            Asked.model_validate({"heartbeat_path": schedule_id, **fields}),
            FrontMatter(),
            identity=Identity(owner=OWNER, schedule_id=schedule_id, path=schedule_id),
            bounds=Bounds(min_interval=timedelta(seconds=1)),
            now=datetime.now(UTC),
        )
        heartbeats.configure(resolved.config, max_per_owner=count)
    return ids


def make_dispatcher(server: Server, redis_url: str) -> Dispatcher:
    """Return beat's core over this server, in this process."""
    slots = Slots(server)
    app = Celery("bench", set_as_current=False)
    app.conf.update(celery_settings(redis_url))
    return Dispatcher(
        slots, CeleryQueues(app, slots), now=lambda: from_ms(server.now_ms())
    )
