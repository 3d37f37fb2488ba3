"""Histories with more than one frame holds: any client gets each run, once."""

from pathlib import Path

import pytest

from gateway.pages import PAGE_BYTES
from heartbeat.client import connect
from heartbeat.runs import RunItem, RunRecord, RunStatus
from heartbeat.store import keys
from heartbeat.store.heartbeats import Heartbeats
from heartbeat.store.server import Server
from heartbeat.verdict import MAX_DETAILS, By, Verdict
from tests.builders import a_config
from tests.integration.gateway_fixtures import Frame, Running, play

#: Of items that say much: some eight times what clients take unasked.
RUNS, ITEMS = 200, 20
DETAILS = "\N{SNOWMAN}" * MAX_DETAILS


def a_run(number: int, *, items: int = ITEMS, name: str = "Volume") -> RunRecord:
    """Return a run in which every item has much to tell."""
    return RunRecord(
        run_id=f"local:hb-1@{number}",
        slot_ms=number,
        status=RunStatus.OK,
        items=tuple(
            RunItem(
                item_key=f"item{item}",
                description=f"{name} {item}",
                status=Verdict.OK,
                details=DETAILS,
                by=By.RULE,
            )
            for item in range(items)
        ),
    )


def fill(url: str, *runs: RunRecord) -> None:
    """Give a heartbeat these runs, the last one the newest."""
    server = Server.connect(url, name="test")
    Heartbeats(server).configure(a_config("hb-1"), max_per_owner=1)
    texts = [run.dump() for run in runs]
    server.ask(lambda client: client.lpush(keys.runs("local:hb-1"), *texts))
    server.close()


async def walk(running: Running, **fields: object) -> list[list[Frame]]:
    """Follow the pages; return the runs of each."""
    client = await running.client()
    found: list[list[Frame]] = []
    after: dict[str, object] = {}
    while True:
        reply = await client.ask(
            "heartbeat.history", scheduleId="hb-1", **fields, **after
        )
        found.append(reply["runs"])
        if "next" not in reply:
            return found
        after = {"after": reply["next"]}


@pytest.fixture
def long_url(server_url: str) -> str:
    fill(server_url, *(a_run(number) for number in range(RUNS)))
    return server_url


@pytest.mark.parametrize("fields", [{}, {"limit": RUNS}, {"limit": 7}])
def test_the_pages_have_each_run_once_newest_first(
    long_url: str, tmp_path: Path, fields: dict[str, object]
) -> None:
    async def story(running: Running) -> None:
        pages = await walk(running, **fields)
        ids = [run["runId"] for page in pages for run in page]
        assert ids == [f"local:hb-1@{number}" for number in reversed(range(RUNS))]

    play(long_url, tmp_path, story)


def test_a_run_larger_than_a_page_is_shown_alone(
    server_url: str, tmp_path: Path
) -> None:
    huge = a_run(2, items=1, name="x" * PAGE_BYTES)
    fill(server_url, a_run(1), huge, a_run(3))

    async def story(running: Running) -> None:
        pages = await walk(running)
        assert [[run["slot"][-4:-1] for run in page] for page in pages] == [
            ["003"],
            ["002"],
            ["001"],
        ]

    play(server_url, tmp_path, story)


def test_a_run_that_is_not_kept_is_no_place_to_go_on(
    long_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        client = await running.client()
        reply = await client.ask(
            "heartbeat.history", scheduleId="hb-1", after="local:hb-1@999"
        )
        assert reply["code"] == "invalid_message"
        assert "after" in reply["message"]

    play(long_url, tmp_path, story)


@pytest.mark.parametrize("limit", [1, 20, 45, RUNS])
def test_the_client_library_follows_the_pages_as_far_as_asked(
    long_url: str, tmp_path: Path, limit: int
) -> None:
    async def story(running: Running) -> None:
        async with connect(running.url) as client:
            history = await client.history("hb-1", limit=limit)
            assert len({run.run_id for run in history.runs}) == limit
            assert len(history.runs) == limit
            assert history.next is None

    play(long_url, tmp_path, story)
