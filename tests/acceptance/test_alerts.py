"""From configure to alert, over real processes."""

from pathlib import Path

import pytest

from heartbeat.asked import Notify
from heartbeat.told import Alert, Resolved
from tests.acceptance.fleet import (
    FAILING,
    JUDGE,
    NEEDS_MODEL,
    System,
    finished,
    listening,
    raw,
    run_once,
    story,
    until,
)

pytestmark = pytest.mark.acceptance


def test_a_client_that_knows_only_the_first_messages_is_alerted_on_its_socket(
    system: System,
) -> None:
    path = system.write("plain/HEARTBEAT.md", FAILING)

    async def told() -> None:
        async with raw(system.url) as client:
            await client.send(
                type="heartbeat.configure",
                id="1",
                heartbeatPath=path,
                interval=0.03,
                timezone="Europe/Berlin",
                activeHours={"start": "00:00", "end": "24:00"},
                enabled=True,
            )
            configured = await client.receive("heartbeat.configured", id="1")
            schedule_id = configured["scheduleId"]
            alert = await client.receive("heartbeat.alert", scheduleId=schedule_id)
            (check,) = alert["checks"]
            assert check["description"] == "The flag is up"
            assert check["actionNeeded"] is True
            assert "exists is false" in check["details"]
            assert alert["timestamp"]
            await client.send(type="schedule.list", id="2")
            listed = await client.receive("schedule.list.result", id="2")
            assert schedule_id in [one["id"] for one in listed["schedules"]]
            await client.send(type="schedule.delete", id="3", scheduleId=schedule_id)
            await client.receive("schedule.updated", id="3")

    story(told())


def test_an_alert_comes_once_and_its_end_once(system: System) -> None:
    path = system.write("flag/HEARTBEAT.md", FAILING)

    async def told() -> None:
        async with listening(system.url) as (client, heard):
            reply = await client.configure(path, run_now=True)
            alert = await heard.next_of(reply.schedule_id)
            assert isinstance(alert, Alert)
            assert (alert.kind, alert.run_id) == ("action", reply.run_id)
            again = await run_once(client, reply.schedule_id)
            assert again.status == "alert"
            system.write("flag/flag-up", "")
            assert (await run_once(client, reply.schedule_id)).status == "ok"
            ended = await heard.next_of(reply.schedule_id)
            assert isinstance(ended, Resolved)
            assert [item.item_key for item in ended.items] == ["flag"]

    story(told())


def test_without_a_model_an_item_is_told_once_as_unknown(system: System) -> None:
    async def told() -> None:
        async with listening(system.url) as (client, heard):
            reply = await client.configure(
                "no-model", content=NEEDS_MODEL + FAILING, run_now=True
            )
            first = [await heard.next_of(reply.schedule_id) for _ in range(2)]
            assert {one.kind for one in first} == {"action", "degraded"}
            degraded = next(one for one in first if one.kind == "degraded")
            assert isinstance(degraded, Alert)
            assert "no model configured" in (degraded.checks[0].details or "")
            run = await run_once(client, reply.schedule_id)
            causes = {item.item_key: item.cause for item in run.items}
            assert causes == {"busy": "no_model", "flag": None}
            await client.delete(reply.schedule_id)
            ends = [await heard.next_of(reply.schedule_id) for _ in range(2)]
            assert all(isinstance(one, Resolved) for one in ends)

    story(told())


@pytest.mark.parametrize(
    # A rule is asked for, then the item is looked at and judged; an ok is read again.
    ("item", "verdict", "calls"),
    [
        ("The load is fine", "ok", 4),
        ("The load is fine, or FAIL", "action_needed", 3),
    ],
    ids=["fine", "not fine"],
)
def test_with_a_model_the_item_is_judged_by_what_a_tool_showed(
    system: System, item: str, verdict: str, calls: int
) -> None:
    async def told() -> None:
        async with listening(system.url) as (client, heard):
            reply = await client.configure(
                f"judged {verdict}",
                content=f"- [ ] {item}\n",
                run_on=JUDGE,
                run_now=True,
            )
            assert reply.run_id is not None
            run = await finished(client, reply.schedule_id, reply.run_id)
            (judged,) = run.items
            assert (judged.status, judged.by) == (verdict, "model")
            assert run.usage is not None
            assert run.usage.calls == calls
            if verdict == "action_needed":
                alert = await heard.next_of(reply.schedule_id)
                assert isinstance(alert, Alert)
                assert alert.checks[0].by == "model"

    story(told())


def test_a_client_that_was_away_gets_what_it_missed_exactly_once(
    system: System,
) -> None:
    async def told() -> None:
        async with listening(system.url, client_id="traveller") as (client, heard):
            reply = await client.configure(
                "resumed", content=FAILING, notify=Notify.EVERY_RUN, run_now=True
            )
            schedule_id = reply.schedule_id
            await heard.next_of(schedule_id)
            handled = (await run_once(client, schedule_id)).run_id
            await heard.next_of(schedule_id)
            cursor = client.cursor
        async with listening(system.url) as (client, _):
            missed = [(await run_once(client, schedule_id)).run_id for _ in range(3)]
        async with listening(system.url, client_id="traveller") as (client, heard):
            assert client.ready.resumed
            now = (await run_once(client, schedule_id)).run_id
            # What it had in hand when it went was not acknowledged: it comes again.
            expected = [handled, *missed, now]
            got = [await heard.next_of(schedule_id) for _ in expected]
            assert [one.run_id for one in got if isinstance(one, Alert)] == expected
        async with raw(system.url) as plain:
            await plain.send(type="hello", id="h", resume=cursor)
            ready = await plain.receive("ready")
            assert ready["resumed"] is True
            for run_id in expected:
                await plain.receive("heartbeat.alert", runId=run_id)

    story(told())


def test_changed_front_matter_holds_from_the_next_run_on(system: System) -> None:
    def text(minutes: int) -> str:
        return f"---\ninterval: {minutes}\n---\n{FAILING}"

    path = system.write("front/HEARTBEAT.md", text(30))

    async def told() -> None:
        async with listening(system.url) as (client, _):
            reply = await client.configure(path)
            assert reply.config.interval == 30
            Path(system.root, path).write_text(text(5), encoding="utf-8")
            await run_once(client, reply.schedule_id)
            found = await until(
                lambda: client.get(reply.schedule_id),
                lambda got: got.config.interval == 5,
                "an interval of 5 minutes",
            )
            assert found.config.sources["interval"] == "file"
            assert found.next_runs != reply.next_runs

    story(told())
