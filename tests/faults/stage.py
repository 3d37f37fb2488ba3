"""A whole system under load: begun, disturbed, drained, and accounted for."""

import asyncio
import hashlib
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Unpack

from heartbeat.asked import Notify
from heartbeat.client import ConfigureFields
from heartbeat.config import unique_id
from heartbeat.runs import RunRecord
from tests.acceptance.processes import Fleet, running_fleet
from tests.conftest import RunningServer, free_port, running_server
from tests.faults.account import FINISHED, Account
from tests.faults.chaos import GATEWAYS, Chaos, Services
from tests.faults.clients import Balancer, Listener
from tests.faults.report import Report
from tests.faults.truth import Truth

OWNERS = ("ada", "bob", "eve")
HEARTBEATS_OF_EACH = 13
INTERVALS_MS = (2_000, 2_500, 3_000, 4_000)
QUICK = "- [ ] The flag is up {#flag}\n  - probe: file flag-up exists == true\n"
#: Runs of this one take a second, so that faults find some that go on.
SLOW = "- [ ] The site is up {{#site}}\n  - probe: http http://{site}/ status == 200\n"
SLOW_OF_EACH = 3
#: When a heartbeat that is done is due again.
FAR = "0 0 29 2 *"
SLOW_SECONDS = 1.0
SETTINGS = {
    "HEARTBEAT_MIN_INTERVAL_SECONDS": "1",
    "HEARTBEAT_MAX_CONFIGURES_PER_MINUTE": "1000",
    "HEARTBEAT_MAX_COMMANDS_PER_SECOND": "1000",
    "HEARTBEAT_PING_SECONDS": "2",
    "HEARTBEAT_DRAIN_SECONDS": "1",
    "HEARTBEAT_SHUTDOWN_SECONDS": "2",
    "HEARTBEAT_WORKER_THREADS": "10",
    "HEARTBEAT_RUN_LEASE_SECONDS": "3",  # shorter than most freezes: many are fenced
}
#: Longest time from the last fault until all is settled: the wait for a lost message,
#: a worker's lease, and the start of processes on a busy machine; in seconds.
DRAIN_SECONDS = 100.0


Disturb = Callable[[Chaos], Awaitable[None]]


def play(folder: Path, *, seed: int, disturb: Disturb) -> Report:
    """Run a system, disturb it, and account for all of it."""
    site = f"127.0.0.1:{free_port()}"
    settings = {
        **SETTINGS,
        "HEARTBEAT_TOKENS_FILE": str(_tokens(folder)),
        "HEARTBEAT_PRIVATE_HOSTS": site,
    }
    persistent = ("--appendonly", "yes", "--appendfsync", "always")
    with (
        running_server(folder, *persistent) as server,
        running_fleet(server.url, folder, **settings) as fleet,
    ):
        return asyncio.run(_told(fleet, server, site, seed=seed, disturb=disturb))


async def _told(
    fleet: Fleet, server: RunningServer, site: str, *, seed: int, disturb: Disturb
) -> Report:
    chance = random.Random(seed)
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
        for uid, interval in (await _begin(owner, listeners[0], site, chance)).items()
    }
    truth = Truth(server.url, uids=intervals, owners=OWNERS)
    services.keep()
    following = asyncio.create_task(truth.follow())
    chaos = Chaos(services, balancer, everybody, url=server.url, chance=chance)
    began = time.monotonic()
    await disturb(chaos)
    await services.settle()
    lasted = time.monotonic() - began
    drained = await _drain(truth, intervals, clients, site)
    following.cancel()
    for listener in everybody:
        await listener.stop()
    await services.close()
    await balancer.close()
    slow.close()
    account = _account(truth, intervals, clients)
    truth.close()
    return Report(
        seed=seed,
        injected=chaos.injected,
        lasted=lasted,
        drained=drained,
        account=account,
        own_ends=services.own_ends,
    )


async def _begin(
    owner: str, listener: Listener, site: str, chance: random.Random
) -> dict[str, int]:
    """Configure an owner's heartbeats; return their intervals by uid."""
    intervals = {}
    for number in range(HEARTBEATS_OF_EACH):
        interval_ms = chance.choice(INTERVALS_MS)
        schedule_id = await _configure(
            listener, number, site, interval=interval_ms / 60_000
        )
        intervals[unique_id(owner, schedule_id)] = interval_ms
    return intervals


async def _configure(
    listener: Listener, number: int, site: str, **when: Unpack[ConfigureFields]
) -> str:
    """Configure one heartbeat of an owner; return its id."""
    assert listener.client is not None  # it was started
    when["content"] = SLOW.format(site=site) if number < SLOW_OF_EACH else QUICK
    when["notify"] = Notify.EVERY_RUN
    reply = await listener.client.configure(f"checklist {number}", **when)
    return reply.schedule_id


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
    truth: Truth,
    intervals: dict[str, int],
    clients: dict[str, list[Listener]],
    site: str,
) -> float:
    """Wait until every heartbeat runs again and all is told; return how long it took.

    Then none has slots any more, so that what is accounted for stands still. A pause
    would keep the runs that go on from being told.
    """
    began = time.monotonic()
    since_ms = await asyncio.to_thread(truth.now_ms)

    def unsettled() -> list[str]:
        truth.read()
        runs = truth.runs
        return [uid for uid in intervals if not _ran_since(runs[uid], since_ms)]

    await _until_none(unsettled, "every heartbeat to run again")
    for listeners in clients.values():
        for number in range(HEARTBEATS_OF_EACH):
            await _configure(listeners[0], number, site, cron_expression=FAR)

    def untold() -> list[str]:
        still = [uid for uid, slot in truth.open_slots().items() if slot is not None]
        waiting = [*still, *truth.untold()]
        truth.read()  # after that look, so that nothing it saw settled is missing
        return waiting

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
