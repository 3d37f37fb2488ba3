"""A mount that hangs: whose checklists lie there is told so, and nobody else waits."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import checklists
from gateway.commands import THREADS
from heartbeat.checklist_file import ChecklistFile, read_checklist
from tests.integration.gateway_fixtures import Running, a_root, play, tokens_file

#: How long the mount hangs if no test mends it.
HANGS_SECONDS = 30.0


@pytest.fixture
def mended(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Let whatever is called `hangs` hang until this is set."""
    mended = threading.Event()

    def read(path: str, *, root: Path) -> ChecklistFile:
        if path == "hangs.md":
            mended.wait(HANGS_SECONDS)
        return read_checklist(path, root=root)

    monkeypatch.setattr(checklists, "read_checklist", read)
    yield mended
    mended.set()


def test_one_owners_mount_that_hangs_keeps_no_other_owner_waiting(
    server_url: str, tmp_path: Path, mended: threading.Event
) -> None:
    for owner in ("ann", "bob"):
        (tmp_path / owner).mkdir()
        a_root(tmp_path / owner, hangs="- [ ] One thing\n")
    tokens = tokens_file(tmp_path, ["ann", "bob"])

    async def story(running: Running) -> None:
        waiting = [await running.ready(token="annann") for _ in range(2 * THREADS)]
        for client in waiting:
            await client.send("heartbeat.configure", id="1", heartbeatPath="hangs.md")
        client = await running.ready(token="bobbob", clientId="phone")
        made = await client.configure()
        assert made["outcome"] == "created"
        again = await client.ask("heartbeat.get", scheduleId=made["scheduleId"])
        assert again["items"]
        listed = await running.ready(token="annann")
        assert (await listed.ask("heartbeat.list"))["heartbeats"] == []
        mended.set()
        answers = [await client.receive() for client in waiting]
        assert [answer["type"] for answer in answers] == (
            ["heartbeat.configured"] * len(waiting)
        )

    play(server_url, tmp_path, story, tokens_file=tokens)


def test_a_checklist_that_is_not_read_in_time_is_unreadable(
    server_url: str,
    tmp_path: Path,
    mended: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story(running: Running) -> None:
        client = await running.ready()
        made = await client.configure("hangs.md")
        assert made["type"] == "heartbeat.configured"
        mended.clear()
        monkeypatch.setattr(checklists, "READ_SECONDS", 0.1)
        refused = await client.configure("hangs.md")
        assert refused["code"] == "checklist_unavailable"
        assert "within" in refused["message"]
        shown = await client.ask("heartbeat.get", scheduleId=made["scheduleId"])
        assert shown["items"] == []
        assert shown["problem"] == refused["message"]
        async with asyncio.timeout(HANGS_SECONDS / 2):
            await running.stop()  # though the mount still hangs

    mended.set()
    play(server_url, a_root(tmp_path, hangs="- [ ] One thing\n"), story)
