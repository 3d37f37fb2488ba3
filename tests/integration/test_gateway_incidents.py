"""Incidents as a client sees and silences them."""

import asyncio
from datetime import timedelta
from pathlib import Path

from heartbeat.asked import Notify
from heartbeat.incidents import settle_run
from heartbeat.notices import Policy
from heartbeat.store.books import Books
from heartbeat.store.server import Server
from heartbeat.verdict import By, ItemResult, Verdict
from tests.integration.gateway_fixtures import Frame, Running, a_root, play


def open_an_incident(url: str, schedule_id: str) -> None:
    """Settle a run in which the item `memory` needs action."""
    bad = ItemResult(
        item_key="memory",
        description="Memory is left",
        verdict=Verdict.ACTION_NEEDED,
        details="97% are used",
        by=By.RULE,
    )
    policy = Policy(notify=Notify.CHANGES, repeat=timedelta(hours=4))
    server = Server.connect(url, name="test")
    Books(server).change(
        "local",
        schedule_id,
        lambda book, now: settle_run(
            book, [bad], present={"memory"}, disabled=(), policy=policy, now=now
        ),
    )
    server.close()


def test_an_incident_can_be_seen_and_silenced(server_url: str, tmp_path: Path) -> None:
    async def story(running: Running) -> None:
        client = await running.client()
        name = (await client.configure())["scheduleId"]
        item = {"scheduleId": name, "itemKey": "memory"}
        assert (await client.ask("heartbeat.acknowledge", **item))["code"] == (
            "not_found"
        )
        await asyncio.to_thread(open_an_incident, server_url, name)
        (alert,) = await client.told(1)
        assert alert["checks"][0]["itemKey"] == "memory"

        async def state(**fields: object) -> str:
            found: list[Frame] = (await client.ask("heartbeat.incidents", **fields))[
                "incidents"
            ]
            (one,) = found
            assert one["details"] == "97% are used"
            return str(one["state"])

        assert await state() == await state(scheduleId=name) == "open"
        snoozed = await client.ask("heartbeat.snooze", minutes=5, **item)
        assert str(snoozed["until"]).endswith("Z")
        assert await state() == "snoozed"
        assert (await client.ask("heartbeat.unsnooze", **item))["itemKey"] == "memory"
        assert await state() == "open"
        await client.ask("heartbeat.acknowledge", **item)
        assert await state() == "acknowledged"
        await client.ask("heartbeat.snooze", minutes=5, **item)
        await client.ask("heartbeat.unsnooze", **item)
        assert await state() == "acknowledged"
        ready = await (await running.client()).hello()
        assert [one["itemKey"] for one in ready["incidents"]] == ["memory"]
        (view,) = (await client.ask("heartbeat.list"))["heartbeats"]
        assert view["openIncidents"] == 1
        for minutes in (0, -1, 1e9, "soon", None):
            refused = await client.ask("heartbeat.snooze", minutes=minutes, **item)
            assert refused["code"] == "invalid_message"
        await client.send("heartbeat.delete", id="gone", scheduleId=name)
        told = {(await client.receive())["type"] for _ in range(2)}
        assert told == {"heartbeat.delete.result", "heartbeat.resolved"}

    play(server_url, a_root(tmp_path), story)
