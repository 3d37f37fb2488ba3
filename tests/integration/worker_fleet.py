"""What the tests of real workers share: heartbeats, and what became of them."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from heartbeat.asked import Asked
from heartbeat.checklist import parse_checklist
from heartbeat.resolve import Bounds, Identity, resolve
from heartbeat.runs import RunRecord
from heartbeat.store.heartbeats import Heartbeats
from heartbeat.store.runs import Runs
from heartbeat.store.server import Server
from heartbeat.store.slots import Slots
from tests.acceptance.processes import eventually
from tests.conftest import RunningServer
from worker.loop import EventLoopThread

#: Judged by rule within milliseconds.
QUICK = "- [ ] the load is low\n  - probe: load load1 < 10000\n"


class Heart:
    """The store of a fleet under test, as its client sees it."""

    def __init__(self, server: RunningServer) -> None:
        self.server = Server.connect(server.url, name="test")
        self._slots = Slots(self.server)
        self._runs = Runs(self.server)

    def configure(
        self, schedule_id: str, content: str = QUICK, **asked: object
    ) -> None:
        """Store a heartbeat whose next slot on the grid is far away."""
        fields: dict[str, object] = {
            "heartbeatPath": schedule_id,
            "interval": 240,
            "content": content,
            **asked,
        }
        config = resolve(
            Asked.model_validate(fields),
            parse_checklist(content).front_matter,
            identity=Identity(owner="local", schedule_id=schedule_id, path=schedule_id),
            bounds=Bounds(),
            now=datetime.now(UTC),
        ).config
        Heartbeats(self.server).configure(config, max_per_owner=100_000)

    def run(self, schedule_id: str) -> str:
        """Ask for a run now; return its id."""
        return self._slots.request_run("local", schedule_id)

    def history(self, schedule_id: str) -> list[RunRecord]:
        """Return its runs, newest first."""
        return list(self._runs.history("local", schedule_id))

    def is_running(self, schedule_id: str) -> bool:
        """Say whether a run of it is going on."""
        return Heartbeats(self.server).get("local", schedule_id).running

    def result(self, schedule_id: str, *, within: float = 30.0) -> RunRecord:
        """Wait for its first run and return it."""
        what = f"a run of {schedule_id}"
        return eventually(lambda: self.history(schedule_id), what, within=within)[0]

    def statistic(self, name: str) -> int:
        """Return one of the ledger's counters."""
        key = "{hb}:statistics"
        return int(self.server.ask(lambda client: client.hget(key, name)) or 0)


@dataclass
class SlowSite:
    """A checklist that asks a slow page, and how often that was asked."""

    checklist: str = ""
    asked: int = 0


@contextmanager
def slow_site(*delays: float) -> Iterator[SlowSite]:
    """Serve a page that takes so many seconds, one request after the other.

    The last delay holds for all that come later.
    """
    site = SlowSite()

    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError, asyncio.CancelledError):
            await reader.readuntil(b"\r\n\r\n")
            site.asked += 1
            await asyncio.sleep(delays[min(site.asked, len(delays)) - 1])
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            await writer.drain()
        writer.transport.abort()

    async def listen() -> asyncio.Server:
        return await asyncio.start_server(answer, "127.0.0.1", 0, backlog=200)

    thread = EventLoopThread(threads=1)
    server = thread.submit(listen()).result()
    try:
        port = server.sockets[0].getsockname()[1]
        probe = f"http http://127.0.0.1:{port}/ status == 200"
        site.checklist = f"- [ ] it answers\n  - probe: {probe}\n"
        yield site
    finally:
        thread.call(server.close)
        thread.close()
