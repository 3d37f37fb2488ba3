"""A whole system under load: begun, disturbed, drained, and accounted for."""

import asyncio
import hashlib
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Unpack

from heartbeat.asked import Notify
from heartbeat.client import ConfigureFields
from heartbeat.config import unique_id
from heartbeat.runs import RunRecord
from tests.acceptance.processes import Fleet, running_fleet
from tests.conftest import RunningServer, free_port, running_server
from tests.faults.account import FINISHED, Account
from tests.faults.chaos import GATEWAYS, Chaos, Services
from tests.faults.clients import Balancer, Listener
from tests.faults.configuring import FAR, Configuring
from tests.faults.report import Report
from tests.faults.truth import Truth

OWNERS = ("ada", "bob", "eve")
HEARTBEATS_OF_EACH = 13
INTERVALS_MS = (2_000, 2_500, 3_000, 4_000)
QUICK = "- [ ] The flag is up {#flag}\n  - probe: file flag-up exists == true\n"
#: Runs of this one take a second, so that faults find some that go on.
SLOW = (
    "- [ ] The site is up {{#site}}\n"
    "  - probe: http http://{site}/{page} status == 200\n"
)
SLOW_OF_EACH = 3
SLOW_SECONDS = 1.0
#: A page that takes longer than a worker that is told to end waits for its runs.
LONG, LONG_SECONDS = "long", 8.0
LONG_INTERVAL_MS = 20_000
#: How long a run of such a heartbeat may take.
SHORTEST_RUN_LIMIT_MS = 30_000
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the system has to do: intervals to draw from, long runs of each owner."""

    intervals_ms: tuple[int, ...] = INTERVALS_MS
    long_of_each: int = 0
    settings: Mapping[str, str] = field(default_factory=dict)


#: Slots are closer together than any fault is long.
BUSY = Load()
#: Nothing that is asked to end keeps a slot from being begun in time, and no pause of a
#: busy machine is as long as a lease.
STEADY = Load(
    intervals_ms=(10_000, 12_000, 15_000),
    long_of_each=5,
    settings={"HEARTBEAT_RUN_LEASE_SECONDS": "30"},
)


def play(folder: Path, *, seed: int, disturb: Disturb, load: Load = BUSY) -> Report:
    """Run a system, disturb it, and account for all of it."""
    site = f"127.0.0.1:{free_port()}"
    settings = {
        **SETTINGS,
        **load.settings,
        "HEARTBEAT_TOKENS_FILE": str(_tokens(folder)),
        "HEARTBEAT_PRIVATE_HOSTS": site,
    }
    persistent = ("--appendonly", "yes", "--appendfsync", "always")
    with (
        running_server(folder, *persistent) as server,
        running_fleet(server.url, folder, **settings) as fleet,
    ):
        return asyncio.run(_told(fleet, server, _Play(seed, disturb, load, site)))


class _Play(NamedTuple):
    seed: int
    disturb: Disturb
    load: Load
    site: str

    def interval_ms(self, number: int, chance: random.Random) -> int:
        """Return that of an owner's heartbeat with this number; long runs come last."""
        is_long = number >= HEARTBEATS_OF_EACH - self.load.long_of_each
        return LONG_INTERVAL_MS if is_long else chance.choice(self.load.intervals_ms)

    def content(self, number: int) -> str:
        """Return the checklist of the heartbeat with this number."""
        if number >= HEARTBEATS_OF_EACH - self.load.long_of_each:
            return SLOW.format(site=self.site, page=LONG)
        return SLOW.format(site=self.site, page="") if number < SLOW_OF_EACH else QUICK


async def _told(fleet: Fleet, server: RunningServer, play: _Play) -> Report:
    chance = random.Random(play.seed)
    slow = await asyncio.start_server(_answer_slowly, *play.site.split(":"))
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
    await services.until_up()
    for listener in everybody:
        await listener.start()
    intervals = {
        uid: interval
        for owner, listeners in clients.items()
        for uid, interval in (await _begin(owner, listeners[0], play, chance)).items()
    }
    truth = Truth(server.url, uids=intervals, owners=OWNERS)
    services.keep()
    configuring = Configuring(url, token=OWNERS[0])
    following = asyncio.create_task(truth.follow())
    asking = asyncio.create_task(configuring.go_on())
    chaos = Chaos(services, balancer, everybody, url=server.url, chance=chance)
    began = time.monotonic()
    await play.disturb(chaos)
    await services.settle()
    lasted = time.monotonic() - began
    await _end(asking)
    drained = await _drain(truth, intervals, clients, play)
    following.cancel()
    missing = await configuring.missing()
    for listener in everybody:
        await listener.stop()
    await services.close()
    await balancer.close()
    slow.close()
    account = _account(truth, intervals, clients)
    account.acknowledged = len(configuring.acknowledged)
    account.lost += [f"{one} was acknowledged and is not listed" for one in missing]
    account.counted = truth.statistics()
    truth.close()
    return Report(
        seed=play.seed,
        injected=chaos.injected,
        lasted=lasted,
        drained=drained,
        account=account,
        own_ends=services.own_ends,
    )


async def _end(task: asyncio.Task[None]) -> None:
    """End a task; raise what ended it before."""
    if not task.done():
        task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _begin(
    owner: str, listener: Listener, play: _Play, chance: random.Random
) -> dict[str, int]:
    """Configure an owner's heartbeats; return their intervals by uid."""
    intervals = {}
    for number in range(HEARTBEATS_OF_EACH):
        interval_ms = play.interval_ms(number, chance)
        schedule_id = await _configure(
            listener, number, play, interval=interval_ms / 60_000
        )
        intervals[unique_id(owner, schedule_id)] = interval_ms
    return intervals


async def _configure(
    listener: Listener, number: int, play: _Play, **when: Unpack[ConfigureFields]
) -> str:
    """Configure one heartbeat of an owner; return its id."""
    assert listener.client is not None  # it was started
    when["content"] = play.content(number)
    when["notify"] = Notify.EVERY_RUN
    reply = await listener.client.configure(f"checklist {number}", **when)
    return reply.schedule_id


async def _answer_slowly(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    with suppress(OSError, asyncio.IncompleteReadError):
        request = await reader.readuntil(b"\r\n\r\n")
        is_long = f"/{LONG} ".encode() in request
        await asyncio.sleep(LONG_SECONDS if is_long else SLOW_SECONDS)
        writer.write(b"HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
    writer.close()


async def _drain(
    truth: Truth,
    intervals: dict[str, int],
    clients: dict[str, list[Listener]],
    play: _Play,
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
            await _configure(listeners[0], number, play, cron_expression=FAR)

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
    runs, still = truth.runs, truth.overdue()
    for uid, interval_ms in intervals.items():
        account.runs_of(uid, runs[uid], interval_ms=interval_ms)
        account.overdue_of(
            uid,
            truth.feeds[uid.partition(":")[0]],
            runs[uid],
            still=still.get(uid, 0),
            grace_ms=min(interval_ms, 300_000) + SHORTEST_RUN_LIMIT_MS,
        )
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
