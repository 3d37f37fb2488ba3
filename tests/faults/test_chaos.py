"""Faults of all kinds on all processes under load: nothing is lost, doubled or silent.

`make soak` runs the long form.
"""

import asyncio
import hashlib
import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from heartbeat.asked import Notify
from heartbeat.config import unique_id
from heartbeat.runs import RunRecord
from tests.acceptance.processes import Fleet, running_fleet
from tests.conftest import RunningServer, free_port, running_server
from tests.faults.account import FINISHED, Account
from tests.faults.chaos import GATEWAYS, Chaos, Services
from tests.faults.clients import Balancer, Listener
from tests.faults.conftest import Soak
from tests.faults.report import Report
from tests.faults.truth import Truth

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(3600)]

OWNERS = ("ada", "bob", "eve")
HEARTBEATS_OF_EACH = 13
INTERVALS_MS = (2_000, 2_500, 3_000, 4_000)
QUICK = "- [ ] The flag is up {#flag}\n  - probe: file flag-up exists == true\n"
#: Runs of this one take a second, so that faults find some that go on.
SLOW = "- [ ] The site is up {{#site}}\n  - probe: http {url} status == 200\n"
SLOW_OF_EACH = 3
SLOW_SECONDS = 1.0
SETTINGS = {
    "HEARTBEAT_MIN_INTERVAL_SECONDS": "1",
    "HEARTBEAT_MAX_CONFIGURES_PER_MINUTE": "1000",
    "HEARTBEAT_MAX_COMMANDS_PER_SECOND": "1000",
    "HEARTBEAT_PING_SECONDS": "2",
    "HEARTBEAT_DRAIN_SECONDS": "1",
    "HEARTBEAT_SHUTDOWN_SECONDS": "2",
    "HEARTBEAT_WORKER_THREADS": "10",
}
#: Longest time from the last fault until all is settled: a worker's lease, the wait
#: for a lost message, and the start of processes on a busy machine; in seconds.
DRAIN_SECONDS = 100.0


def test_every_slot_and_every_alert_is_accounted_for(
    tmp_path: Path, soak: Soak, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        print(f"\nchaos: {soak.faults} faults of seed {soak.seed}", flush=True)
    site = f"127.0.0.1:{free_port()}"
    settings = {
        **SETTINGS,
        "HEARTBEAT_TOKENS_FILE": str(_tokens(tmp_path)),
        "HEARTBEAT_PRIVATE_HOSTS": site,
    }
    persistent = ("--appendonly", "yes", "--appendfsync", "always")
    with (
        running_server(tmp_path, *persistent) as server,
        running_fleet(server.url, tmp_path, **settings) as fleet,
    ):
        report = asyncio.run(_told(fleet, server, site, soak))
    with capsys.disabled():
        print(report, flush=True)
    assert report.problems == []


async def _told(fleet: Fleet, server: RunningServer, site: str, soak: Soak) -> Report:
    chance = random.Random(soak.seed)
    slow = await asyncio.start_server(_answer_slowly, *site.split(":"))
    ports = [free_port() for _ in range(GATEWAYS)]
    services = Services(fleet, server, ports, chance)
    balancer = Balancer(ports)
    url = await balancer.start()
    clients = {
        owner: [
            Listener(url, token=owner, name="accountant"),
            Listener(
                f"ws://127.0.0.1:{ports[number % GATEWAYS]}/ws", token=owner, name=None
            ),
        ]
        for number, owner in enumerate(OWNERS)
    }
    everybody = [one for listeners in clients.values() for one in listeners]
    for listener in everybody:
        await listener.start()
    intervals = {
        uid: interval
        for owner, listeners in clients.items()
        for uid, interval in (
            await _configure(owner, listeners[0], f"http://{site}/", chance)
        ).items()
    }
    truth = Truth(server.url, uids=intervals, owners=OWNERS)
    services.keep()
    following = asyncio.create_task(truth.follow())
    chaos = Chaos(services, balancer, everybody, url=server.url, chance=chance)
    began = time.monotonic()
    await chaos.run(soak.faults)
    await services.settle()
    lasted = time.monotonic() - began
    drained = await _drain(truth, intervals, clients)
    following.cancel()
    for listener in everybody:
        await listener.stop()
    await services.close()
    await balancer.close()
    slow.close()
    account = _account(truth, intervals, clients)
    truth.close()
    return Report(
        seed=soak.seed,
        injected=chaos.injected,
        lasted=lasted,
        drained=drained,
        account=account,
        own_ends=services.own_ends,
    )


async def _configure(
    owner: str, listener: Listener, url: str, chance: random.Random
) -> dict[str, int]:
    """Configure an owner's heartbeats; return their intervals by uid."""
    assert listener.client is not None  # it was started
    intervals = {}
    for number in range(HEARTBEATS_OF_EACH):
        interval_ms = chance.choice(INTERVALS_MS)
        reply = await listener.client.configure(
            f"checklist {number}",
            content=SLOW.format(url=url) if number < SLOW_OF_EACH else QUICK,
            interval=interval_ms / 60_000,
            notify=Notify.EVERY_RUN,
        )
        intervals[unique_id(owner, reply.schedule_id)] = interval_ms
    return intervals


async def _answer_slowly(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    with suppress(OSError, asyncio.IncompleteReadError):
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(SLOW_SECONDS)
        writer.write(b"HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
    writer.close()


async def _drain(
    truth: Truth, intervals: dict[str, int], clients: dict[str, list[Listener]]
) -> float:
    """Wait until every heartbeat runs again and all is told; return how long it took.

    Then all are paused, so that what is accounted for stands still.
    """
    began = time.monotonic()
    since_ms = await asyncio.to_thread(truth.now_ms)

    def unsettled() -> list[str]:
        truth.read()
        runs = truth.runs
        return [uid for uid in intervals if not _ran_since(runs[uid], since_ms)]

    await _until_none(unsettled, "every heartbeat to run again")
    for listeners in clients.values():
        client = listeners[0].client
        assert client is not None  # it was started
        for heartbeat in (await client.list()).heartbeats:
            await client.pause(heartbeat.schedule_id)

    def untold() -> list[str]:
        truth.read()
        still = [uid for uid, slot in truth.open_slots().items() if slot is not None]
        return [*still, *truth.untold()]

    await _until_none(untold, "no open slot and nothing untold")
    drained = time.monotonic() - began

    def behind() -> list[str]:
        return [
            owner
            for owner, listeners in clients.items()
            for listener in listeners
            if len(listener.told) < len(truth.feeds[owner])
        ]

    with suppress(AssertionError):  # the account says which
        await _until_none(behind, "every client to have been told everything")
    return drained


def _ran_since(runs: Sequence[RunRecord], since_ms: int) -> bool:
    return any(one.status in FINISHED and one.slot_ms > since_ms for one in runs)


async def _until_none(look: Callable[[], list[str]], what: str) -> None:
    deadline = time.monotonic() + DRAIN_SECONDS
    while found := await asyncio.to_thread(look):
        assert time.monotonic() < deadline, f"expected {what}, got {found}"
        await asyncio.sleep(0.2)


def _account(
    truth: Truth, intervals: dict[str, int], clients: dict[str, list[Listener]]
) -> Account:
    account = Account()
    runs = truth.runs
    for uid, interval_ms in intervals.items():
        account.runs_of(uid, runs[uid], interval_ms=interval_ms)
    for owner, entries in truth.feeds.items():
        own = [one for uid in runs if uid.startswith(f"{owner}:") for one in runs[uid]]
        account.feed_of(owner, entries, own)
        for number, listener in enumerate(clients[owner]):
            who = f"{owner}'s client {number}"
            account.client_of(who, listener.told, entries)
            account.doubled += [f"{who}: {one}" for one in listener.doubled]
            account.unexplained += [f"{who}: {one!r}" for one in listener.lost]
    return account


def _tokens(folder: Path) -> Path:
    """Write a tokens file in which each owner's token is its name."""
    for owner in OWNERS:
        (folder / owner).mkdir()
    path = folder / "tokens"
    hashes = (hashlib.sha256(owner.encode()).hexdigest() for owner in OWNERS)
    lines = [f"{one} {owner}\n" for one, owner in zip(hashes, OWNERS, strict=True)]
    path.write_text("".join(lines))
    return path
