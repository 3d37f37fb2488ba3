"""A whole system under faults: what is done to it, drawn from a seed."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import suppress

import redis

from heartbeat.store import keys
from tests.acceptance.processes import Fleet, RunningProcess
from tests.conftest import RunningServer
from tests.faults.clients import Balancer, Listener
from tests.faults.supervised import OwnEnd, Supervised, SupervisedServer, Target

GATEWAYS, BEATS, WORKERS = 2, 2, 3
#: Seconds between two faults, from and to.
PAUSE_SECONDS = 0.5, 1.5
#: Seconds that a process is frozen, from and to.
FREEZE_SECONDS = 1.0, 8.0
#: Longest wait for a process of some kind to be well, in seconds.
PATIENCE_SECONDS = 10.0
#: Longest time that a process takes to come up on a busy machine, in seconds.
START_SECONDS = 60.0
#: What a worker says once it takes messages; the others say something when they begin.
READY = {"worker": "ready for"}

_CELERY = ("-m", "celery", "-A")

Inject = Callable[[], Awaitable[bool]]
Command = tuple[str, ...]


class Services:
    """The processes of the system, each kept alive."""

    def __init__(
        self,
        fleet: Fleet,
        server: RunningServer,
        ports: list[int],
        chance: random.Random,
    ) -> None:
        def gateway(port: int) -> Callable[[], RunningProcess]:
            settings = {"HEARTBEAT_PORT": str(port)}
            return lambda: fleet.start("gateway", "-m", "gateway", **settings)

        def beat() -> RunningProcess:
            return fleet.start("beat", *_CELERY, "beat_schedule.app", "beat")

        def worker(number: int) -> Callable[[], RunningProcess]:
            command = (*_CELERY, "worker.app", "worker", "-n", f"worker{number}@%h")
            return lambda: fleet.start("worker", *command)

        self.gateways = [
            Supervised(f"gateway {port}", gateway(port), chance) for port in ports
        ]
        self.beats = [
            Supervised(f"beat {number}", beat, chance) for number in range(BEATS)
        ]
        self.workers = [
            Supervised(f"worker {number}", worker(number), chance)
            for number in range(WORKERS)
        ]
        self.server = SupervisedServer(server, chance)
        self._keeping: list[asyncio.Task[None]] = []

    @property
    def processes(self) -> list[Supervised]:
        return [*self.gateways, *self.beats, *self.workers]

    @property
    def own_ends(self) -> list[OwnEnd]:
        """Return the ends that nobody asked for."""
        return [end for one in self.processes for end in one.own_ends]

    async def until_up(self) -> None:
        """Wait until all of them do their work."""
        for process in self.processes:
            await _until_up(process)

    def keep(self) -> None:
        """Keep all alive from now on."""
        self._keeping = [asyncio.create_task(one.keep()) for one in self.processes]

    async def settle(self) -> None:
        """Wait until all run again."""
        while not (self.server.is_well and all(one.is_well for one in self.processes)):
            self.check()
            await asyncio.sleep(0.1)

    def check(self) -> None:
        """Raise what ended the keeping of a process."""
        for task in self._keeping:
            if task.done():
                task.result()

    async def close(self) -> None:
        """Keep them alive no longer."""
        for task in self._keeping:
            task.cancel()
        await asyncio.gather(*self._keeping, return_exceptions=True)


class Chaos:
    """Does one fault after the other; `injected` counts them by kind."""

    def __init__(
        self,
        services: Services,
        balancer: Balancer,
        clients: list[Listener],
        *,
        url: str,
        chance: random.Random,
    ) -> None:
        self.injected: Counter[str] = Counter()
        self._services = services
        self._balancer, self._clients = balancer, clients
        self._chance = chance
        self._client = redis.Redis.from_url(url, socket_timeout=5.0)
        self._thawing: set[asyncio.Task[None]] = set()
        servers: list[Target] = [services.server]
        gateways: list[Target] = [*services.gateways]
        beats: list[Target] = [*services.beats]
        workers: list[Target] = [*services.workers]
        self._kinds: dict[str, tuple[int, Inject]] = {
            "kill worker": (4, lambda: self._kill(workers)),
            "kill beat": (3, lambda: self._kill(beats)),
            "kill gateway": (3, lambda: self._kill(gateways)),
            "kill server": (3, lambda: self._kill(servers)),
            "freeze worker": (3, lambda: self._freeze(workers)),
            "freeze beat": (2, lambda: self._freeze(beats)),
            "freeze gateway": (2, lambda: self._freeze(gateways)),
            "freeze server": (2, lambda: self._freeze(servers)),
            "roll worker": (2, lambda: self._roll(services.workers)),
            "roll beat": (2, lambda: self._roll(services.beats)),
            "roll gateway": (2, lambda: self._roll(services.gateways)),
            "kill normal connections": (2, lambda: self._command(_KILL_NORMAL)),
            "kill pub/sub connections": (2, lambda: self._command(_KILL_PUBSUB)),
            "flush scripts": (2, lambda: self._command(("SCRIPT", "FLUSH"))),
            "refuse writes": (2, self._refuse_writes),
            "cut sockets": (2, self._cut),
            "restart client": (2, self._restart),
        }

    async def run(self, faults: int) -> None:
        """Do that many faults, each at a random moment."""
        kinds = self._deal()
        while sum(self.injected.values()) < faults:
            await asyncio.sleep(self._chance.uniform(*PAUSE_SECONDS))
            kind = next(kinds)
            if await self._kinds[kind][1]():
                self.injected[kind] += 1
        if self._thawing:
            await asyncio.wait(self._thawing)
        self._client.close()

    def _deal(self) -> Iterator[str]:
        """Give kinds as from a shuffled deck, so that few faults have most kinds."""
        deck = [
            kind for kind, (weight, _) in self._kinds.items() for _ in range(weight)
        ]
        while True:
            yield from self._chance.sample(deck, len(deck))

    async def roll_all(self) -> None:
        """Restart every process once, one after the other, as a deployment does."""
        for process in self._services.processes:
            process.terminate()
            self.injected[f"roll {process.name.split()[0]}"] += 1
            await self._services.settle()
            await _until_up(process)

    async def count(self, name: str) -> int:
        """Read one of the ledger's counters; the server must be well."""
        found = await asyncio.to_thread(self._client.hget, keys.STATISTICS, name)
        return int(found or 0)

    async def _kill(self, targets: list[Target]) -> bool:
        target = await self._well(targets)
        if target is not None:
            target.kill()
        return target is not None

    async def _freeze(self, targets: list[Target]) -> bool:
        target = await self._well(targets)
        if target is not None:
            seconds = self._chance.uniform(*FREEZE_SECONDS)
            self._thaw_later(target.freeze(seconds))
        return target is not None

    def _thaw_later(self, freezing: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(freezing)
        self._thawing.add(task)
        task.add_done_callback(self._thawing.discard)

    async def _roll(self, services: list[Supervised]) -> bool:
        wells = [one for one in services if one.is_well]
        if wells:
            self._chance.choice(wells).terminate()
        return bool(wells)

    async def _command(self, command: Command) -> bool:
        try:
            await asyncio.to_thread(self._client.execute_command, *command)
        except redis.RedisError:  # the server is away: that is another fault's work
            return False
        return True

    async def refuse(self, begin: Command, end: Command, *, seconds: float) -> None:
        """Let the server refuse writes for a while, whatever else is done to it."""
        if not await self._command(begin):
            return
        await asyncio.sleep(seconds)
        while not await self._command(end):
            await asyncio.sleep(0.1)

    async def load_slowly(self) -> None:
        """Let the server start again, with so much that it loads for a while."""
        await asyncio.to_thread(make_loading_slow, self._client)
        await self._kill([self._services.server])

    async def _refuse_writes(self) -> bool:
        begin, end = self._chance.choice(list(REFUSALS.values()))
        seconds = self._chance.uniform(*FREEZE_SECONDS)
        self._thaw_later(self.refuse(begin, end, seconds=seconds))
        return True

    async def _cut(self) -> bool:
        self._balancer.cut()
        return True

    async def _restart(self) -> bool:
        named = [client for client in self._clients if client.is_named]
        client = self._chance.choice(named)
        await client.stop()
        await client.start()
        return True

    async def _well(self, targets: list[Target]) -> Target | None:
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not (wells := [one for one in targets if one.is_well]):
                    await asyncio.sleep(0.05)
                return self._chance.choice(wells)
        return None


async def _until_up(process: Supervised) -> None:
    said = READY.get(process.name.split()[0], "\n")
    async with asyncio.timeout(START_SECONDS):
        while said not in process.process.output:
            await asyncio.sleep(0.1)
    assert process.process.is_running, process.process.output


#: How a server that answers refuses writes, and how it takes them again: after a
#: failover it is a replica (of nobody, so that it keeps what it has), it is full, it
#: has lost its replicas.
REFUSALS: dict[str, tuple[Command, Command]] = {
    "read-only": (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")),
    "full": (
        ("CONFIG", "SET", "maxmemory", "1"),
        ("CONFIG", "SET", "maxmemory", "0"),
    ),
    "without replicas": (
        ("CONFIG", "SET", "min-replicas-to-write", "1"),
        ("CONFIG", "SET", "min-replicas-to-write", "0"),
    ),
}

_KILL_NORMAL = ("CLIENT", "KILL", "TYPE", "normal")
_KILL_PUBSUB = ("CLIENT", "KILL", "TYPE", "pubsub")


def make_loading_slow(client: redis.Redis) -> None:
    """Let the server answer `LOADING` for about a second when it starts."""
    for start in range(0, 400_000, 40_000):
        pairs = {f"filler:{n}": "x" * 100 for n in range(start, start + 40_000)}
        client.mset(pairs)
