"""From a slot's instant to the alert at its client, against a bare PUBLISH."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from redis.asyncio import Redis

from bench.figures import Figure, percentile
from heartbeat.asked import Notify
from heartbeat.client import connect
from heartbeat.instants import from_text
from heartbeat.told import Alert
from tests.acceptance.processes import Fleet, running_fleet
from tests.conftest import free_port, running_server

#: 20 slots a second, spread by the phase of each heartbeat.
HEARTBEATS, EVERY_SECONDS = 100, 5
SLOTS = 400
#: Slots at the start, while processes and scripts warm up, that are not measured.
WARM_UP = HEARTBEATS
CHECKLIST = "- [ ] Always told\n  - probe: load load1 < 0\n"
CHANNEL = "bench:bare"
GOAL_P99_MS = 500.0

SETTINGS = {
    "HEARTBEAT_MIN_INTERVAL_SECONDS": "1",
    "HEARTBEAT_MAX_COMMANDS_PER_SECOND": "1000",
    "HEARTBEAT_MAX_CONFIGURES_PER_MINUTE": "1000",
}


def measure(folder: Path) -> Iterator[Figure]:
    """Time both on the same server, the one after the other."""
    with (
        running_server(folder, "--appendonly", "yes") as server,
        running_fleet(server.url, folder, **SETTINGS) as fleet,
    ):
        alerts = asyncio.run(_alerts(fleet))
        bare = asyncio.run(_bare(server.url))
    for percent in (50, 99):
        here, theirs = percentile(alerts, percent), percentile(bare, percent)
        is_goal = percent == 99
        yield Figure(
            what=f"latency: slot due to alert, p{percent} of {len(alerts)}",
            here=f"{here:.1f} ms",
            rival=f"PUBLISH to SUBSCRIBE {theirs:.2f} ms",
            ratio=here / theirs,
            goal=f"< {GOAL_P99_MS:g} ms" if is_goal else "-",
            is_met=here < GOAL_P99_MS if is_goal else None,
        )


async def _alerts(fleet: Fleet) -> list[float]:
    """Return how long after its slot each alert came, in ms."""
    port = free_port()
    fleet.gateway(port=port)
    fleet.beat()
    fleet.worker()
    lags: list[float] = []
    async with connect(f"ws://127.0.0.1:{port}/ws") as client:
        for number in range(HEARTBEATS):
            await client.configure(
                f"bench {number}",
                content=CHECKLIST,
                interval=EVERY_SECONDS / 60,
                notify=Notify.EVERY_RUN,
            )
        async for message in client.alerts():
            if isinstance(message, Alert) and message.slot is not None:
                slot = from_text(message.slot).timestamp()
                lags.append((time.time() - slot) * 1000)
            if len(lags) == WARM_UP + SLOTS:
                break
    return lags[WARM_UP:]


async def _bare(url: str) -> list[float]:
    """Return how long a bare message takes from one client to another, in ms."""
    lags: list[float] = []
    async with _subscription(url) as pubsub, Redis.from_url(url) as publisher:
        for _ in range(SLOTS):
            sent = time.perf_counter()
            await publisher.publish(CHANNEL, "x")
            await anext(pubsub)
            lags.append((time.perf_counter() - sent) * 1000)
            await asyncio.sleep(0.005)
    return lags


@asynccontextmanager
async def _subscription(url: str) -> AsyncIterator[AsyncIterator[object]]:
    async with Redis.from_url(url) as client, client.pubsub() as pubsub:
        await pubsub.subscribe(CHANNEL)
        messages = pubsub.listen()
        await anext(messages)  # that it is subscribed
        yield messages
