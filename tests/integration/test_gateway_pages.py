"""Owners with more than one frame holds: any client is told, and loses nothing."""

from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest

from gateway.pages import READY_INCIDENTS
from heartbeat.asked import Notify
from heartbeat.cli.output import Output
from heartbeat.cli.watch import follow
from heartbeat.client import connect
from heartbeat.incidents import settle_run
from heartbeat.notices import Policy
from heartbeat.store.books import Books
from heartbeat.store.heartbeats import Heartbeats
from heartbeat.store.server import Server
from heartbeat.verdict import By, ItemResult, Severity, Verdict
from tests.builders import a_config
from tests.integration.gateway_fixtures import Frame, Running, play

#: A thousand of their incidents are more than the 1 MiB that clients take unasked.
HEARTBEATS, ITEMS = 150, 10
DETAILS = "used 97%, expected at most 90%; " * 20
NAME = "of the shop in the old town " * 30


def results(severity: Severity) -> list[ItemResult]:
    return [
        ItemResult(
            item_key=f"item{number}",
            description=f"Volume {number} {NAME}has room",
            verdict=Verdict.ACTION_NEEDED,
            details=DETAILS,
            by=By.RULE,
            severity=severity,
        )
        for number in range(ITEMS)
    ]


def fill(url: str) -> None:
    """Give the owner heartbeats in trouble, the one in the middle in the worst."""
    server = Server.connect(url, name="test")
    heartbeats = Heartbeats(server)
    for number in range(HEARTBEATS):
        name = f"hb-{number:03}"
        heartbeats.configure(a_config(name), max_per_owner=HEARTBEATS)
        is_worst = number == HEARTBEATS // 2
        open_incidents(
            server, name, Severity.CRITICAL if is_worst else Severity.WARNING
        )
    server.close()


def open_incidents(server: Server, name: str, severity: Severity) -> None:
    """Settle a run in which every item needs action."""
    found = results(severity)
    policy = Policy(notify=Notify.CHANGES, repeat=timedelta(hours=4))
    Books(server).change(
        "local",
        name,
        lambda book, now: settle_run(
            book,
            found,
            present={one.item_key for one in found},
            disabled=(),
            policy=policy,
            now=now,
        ),
    )


@pytest.fixture
def crowded_url(server_url: str) -> str:
    fill(server_url)
    return server_url


async def walk(running: Running, kind: str, of: str, **fields: object) -> list[Frame]:
    """Follow the pages as a client with default limits does; return the entries."""
    client = await running.client()
    found: list[Frame] = []
    after: dict[str, object] = {}
    while True:
        reply = await client.ask(kind, **fields, **after)
        found += reply[of]
        if "next" not in reply:
            return found
        after = {"after": reply["next"]}


def test_ready_tells_the_worst_and_how_many_there_are(
    crowded_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        client = await running.client()
        ready = await client.hello()
        told = ready["incidents"]
        assert ready["incidentsTotal"] == HEARTBEATS * ITEMS
        assert len(told) == READY_INCIDENTS
        assert [one["severity"] for one in told[: ITEMS + 1]] == [
            *["critical"] * ITEMS,
            "warning",
        ]
        assert (await client.ask("ping"))["type"] == "pong"

    play(crowded_url, tmp_path, story)


@pytest.mark.parametrize("fields", [{}, {"limit": 1_000}, {"limit": 7}])
def test_the_pages_have_each_incident_once(
    crowded_url: str, tmp_path: Path, fields: dict[str, object]
) -> None:
    async def story(running: Running) -> None:
        found = await walk(running, "heartbeat.incidents", "incidents", **fields)
        seen = {(one["scheduleId"], one["itemKey"]) for one in found}
        assert len(found) == len(seen) == HEARTBEATS * ITEMS
        one = {"scheduleId": "hb-075", **fields}
        found = await walk(running, "heartbeat.incidents", "incidents", **one)
        assert [incident["scheduleId"] for incident in found] == ["hb-075"] * ITEMS

    play(crowded_url, tmp_path, story)


def test_the_pages_of_a_list_have_each_heartbeat_once(
    crowded_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        found = await walk(running, "heartbeat.list", "heartbeats", limit=40)
        ids = [one["scheduleId"] for one in found]
        assert ids == [f"hb-{number:03}" for number in range(HEARTBEATS)]
        only = {"heartbeatPath": "hb-149.md", "limit": 1}
        (one,) = await walk(running, "heartbeat.list", "heartbeats", **only)
        assert one["scheduleId"] == "hb-149"

    play(crowded_url, tmp_path, story)


def test_a_place_that_cannot_be_read_and_a_limit_beyond_are_refused(
    server_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        client = await running.client()
        for fields in ({"after": "hb-1"}, {"limit": 0}, {"limit": 1_001}):
            reply = await client.ask("heartbeat.incidents", **fields)
            assert reply["code"] == "invalid_message"

    play(server_url, tmp_path, story)


def test_the_client_library_follows_the_pages(crowded_url: str, tmp_path: Path) -> None:
    async def story(running: Running) -> None:
        async with connect(running.url) as client:
            listed = await client.list()
            assert len(listed.heartbeats) == HEARTBEATS
            incidents = await client.incidents()
            assert len(incidents.incidents) == HEARTBEATS * ITEMS
            assert listed.next is incidents.next is None
            assert client.ready.incidents_total == HEARTBEATS * ITEMS

    play(crowded_url, tmp_path, story)


def test_who_watches_is_told_that_more_is_open(
    crowded_url: str, tmp_path: Path
) -> None:
    said = StringIO()
    output = Output(out=said, errors=said, as_json=False, no_color=True)

    async def story(running: Running) -> None:
        async with connect(running.url) as client:
            await running.tell("trouble")
            await follow(client, output, most=1)

    play(crowded_url, tmp_path, story)
    assert "and 1300 more" in said.getvalue()
