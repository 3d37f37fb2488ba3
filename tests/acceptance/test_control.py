"""What a client can do with its heartbeats, and with nobody else's."""

import pytest

from heartbeat.client import connect
from heartbeat.errors import RequestRefused, Unauthorized
from heartbeat.told import Alert, Resolved
from tests.acceptance.fleet import (
    FAILING,
    TOKENS,
    System,
    finished,
    listening,
    run_once,
    story,
)

pytestmark = pytest.mark.acceptance


def test_a_paused_heartbeat_rests_until_it_is_resumed(system: System) -> None:
    async def told() -> None:
        async with listening(system.url) as (client, heard):
            reply = await client.configure("paused", content=FAILING, interval=0.02)
            schedule_id = reply.schedule_id
            await heard.next_of(schedule_id)
            assert (await client.pause(schedule_id)).changed
            assert not (await client.pause(schedule_id)).changed
            with pytest.raises(RequestRefused, match="active heartbeat"):
                await client.run(schedule_id)
            listed = {one.schedule_id: one for one in (await client.list()).heartbeats}
            assert listed[schedule_id].state == "paused"
            assert listed[schedule_id].open_incidents == 1
            resumed = await client.resume(schedule_id)
            assert resumed.changed
            assert resumed.next_runs
            run = await run_once(client, schedule_id)
            assert run.status == "alert"
            await client.delete(schedule_id)

    story(told())


def test_deleting_resolves_what_is_open_and_forgets_the_heartbeat(
    system: System,
) -> None:
    async def told() -> None:
        async with listening(system.url) as (client, heard):
            reply = await client.configure("deleted", content=FAILING, run_now=True)
            await heard.next_of(reply.schedule_id)
            await client.delete(reply.schedule_id)
            ended = await heard.next_of(reply.schedule_id)
            assert isinstance(ended, Resolved)
            assert ended.items[0].reason == "removed"
            with pytest.raises(RequestRefused) as refusal:
                await client.get(reply.schedule_id)
            assert refusal.value.code == "not_found"

    story(told())


def test_history_has_every_run_newest_first(system: System) -> None:
    async def told() -> None:
        async with listening(system.url) as (client, _):
            reply = await client.configure("history", content=FAILING)
            runs = [
                (await run_once(client, reply.schedule_id)).run_id for _ in range(3)
            ]
            found = (await client.history(reply.schedule_id)).runs
            assert [run.run_id for run in found] == runs[::-1]
            assert all(run.late_by is not None and run.host for run in found)

    story(told())


def test_configuring_the_same_again_changes_nothing(system: System) -> None:
    async def told() -> None:
        async with listening(system.url) as (client, _):
            replies = [
                await client.configure("same", content=FAILING, interval=minutes)
                for minutes in (5, 5, 6)
            ]
            outcomes = [reply.outcome for reply in replies]
            assert outcomes == ["created", "unchanged", "updated"]

    story(told())


def test_an_owner_sees_and_hears_only_its_own(system: System) -> None:
    ada_path = system.write("ada/HEARTBEAT.md", FAILING)

    async def told() -> None:
        async with (
            listening(system.tokens_url, token=TOKENS["ada"]) as (ada, ada_hears),
            listening(system.tokens_url, token=TOKENS["bob"]) as (bob, bob_hears),
        ):
            hers = await ada.configure("HEARTBEAT.md", run_now=True)
            his = await bob.configure("his", content=FAILING)
            with pytest.raises(RequestRefused):
                await bob.configure(f"../{ada_path}")
            for call in (bob.get, bob.run, bob.pause, bob.delete, bob.history):
                with pytest.raises(RequestRefused) as refusal:
                    await call(hers.schedule_id)
                assert refusal.value.code == "not_found"
            assert [one.schedule_id for one in (await bob.list()).heartbeats] == [
                his.schedule_id
            ]
            assert isinstance(await ada_hears.next_of(hers.schedule_id), Alert)
            await bob.run(his.schedule_id)
            heard = await bob_hears.next()
            assert heard.schedule_id == his.schedule_id
            await ada.delete(hers.schedule_id)

    story(told())


def test_a_wrong_token_is_turned_away(system: System) -> None:
    async def told() -> None:
        with pytest.raises(Unauthorized):
            async with connect(system.tokens_url, token="guessed"):
                pass

    story(told())


def test_a_placed_heartbeat_waits_for_a_worker_of_its_label(system: System) -> None:
    async def told() -> None:
        async with listening(system.url) as (client, _):
            placed = await client.configure("placed", content=FAILING, run_on="attic")
            asked = await client.run(placed.schedule_id)
            free = await client.configure("not placed", content=FAILING)
            await run_once(client, free.schedule_id)
            assert not (await client.history(placed.schedule_id)).runs
            system.fleet.worker("-Q", "heartbeat.attic")
            run = await finished(client, placed.schedule_id, asked.run_id)
            assert run.status == "alert"

    story(told())
