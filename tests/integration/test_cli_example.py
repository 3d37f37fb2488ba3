"""The checklist that `heartbeat up` begins with, against a scripted gateway."""

import asyncio
import io
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from heartbeat.cli.context import Context
from heartbeat.cli.output import Output
from heartbeat.cli.up.example import show_alerts
from heartbeat.settings import Settings
from tests.integration.scripted_gateway import Frame, Life, Peer, a_gateway

STORED: Frame = {"scheduleId": "hb-1", "name": "a", "path": "HEARTBEAT.md"}
RUN_ID = "hb-1@now"


def a_life(*stored: Frame) -> Life:
    """Answer what `up` asks of a gateway that keeps these heartbeats."""
    answers: dict[str, Frame] = {
        "heartbeat.list": {"type": "heartbeat.list.result", "heartbeats": stored},
        "heartbeat.configure": {
            "type": "heartbeat.configured", "scheduleId": "hb-1", "outcome": "created",
            "nextRuns": [], "items": [],
            "config": {"timezone": "UTC", "align": "spread", "enabled": True,
                       "notify": "changes", "repeatMinutes": 240, "sources": {}},
        },
        "heartbeat.run": {
            "type": "heartbeat.run.result", "scheduleId": "hb-1", "runId": RUN_ID,
        },
        "heartbeat.history": {
            "type": "heartbeat.history.result", "scheduleId": "hb-1",
            "runs": [{"runId": RUN_ID, "slot": "2026-11-24T16:00:00.000Z",
                      "status": "ok"}],
        },
    }  # fmt: skip

    async def life(peer: Peer) -> None:
        await peer.welcome()
        with suppress(ConnectionClosed):
            while True:
                request = await peer.receive_any()
                answer = answers.get(str(request["type"]))
                if answer is not None:
                    await peer.send(**answer, id=request["id"])

    return life


def asked(folder: Path, *stored: Frame, until: str) -> tuple[list[str], str]:
    """Return what `up` asked for until something was asked or said, and its output."""
    out = io.StringIO()

    async def scenario() -> list[str]:
        async with a_gateway(a_life(*stored)) as gateway, asyncio.timeout(10):
            context = Context(
                settings=Settings(), environ={}, folder=folder, now=datetime.now(UTC),
                output=Output(out=out, errors=out, as_json=False, no_color=True),
                here=None, url=gateway.url,
            )  # fmt: skip
            showing = asyncio.create_task(show_alerts(context, with_example=True))
            while not (gateway.received(until) or until in out.getvalue()):
                await asyncio.sleep(0.01)
            showing.cancel()
            await asyncio.wait([showing])
            return [str(frame["type"]) for frame in gateway.seen]

    return asyncio.run(scenario()), out.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "HEARTBEAT.md").write_text("- [ ] a\n")
    return tmp_path


def test_a_new_checklist_is_configured_and_run(folder: Path) -> None:
    seen, said = asked(folder, until="heartbeat.run")
    assert seen[1:4] == ["heartbeat.list", "heartbeat.configure", "heartbeat.run"]
    assert "created hb-1 from HEARTBEAT.md" in said


def test_one_that_is_stored_is_run_and_left_as_it_is(folder: Path) -> None:
    seen, said = asked(folder, STORED | {"state": "active"}, until="heartbeat.run")
    assert seen[1:3] == ["heartbeat.list", "heartbeat.run"]
    assert "hb-1 from HEARTBEAT.md is active" in said


@pytest.mark.parametrize("state", ["paused", "disabled"])
def test_one_that_somebody_stopped_stays_so(folder: Path, state: str) -> None:
    seen, said = asked(folder, STORED | {"state": state}, until=f"is {state}")
    assert "heartbeat.configure" not in seen
    assert "heartbeat.run" not in seen
    assert "was not run" not in said


def test_what_silence_means_is_said_once_when_the_first_run_is_over(
    folder: Path,
) -> None:
    _, said = asked(folder, until="silence from here on")
    assert said.count("checked, and fine but for") == 1
    assert "`heartbeat history hb-1` shows each run" in said
