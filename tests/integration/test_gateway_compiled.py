"""Rules that a model has made, as `heartbeat.get` shows them."""

from datetime import UTC, datetime
from pathlib import Path

from heartbeat.checklist import parse_checklist
from heartbeat.compiled import CompiledItem, CompiledItems, digest_of
from heartbeat.instants import to_ms
from heartbeat.store.compiled import Compiled
from heartbeat.store.server import Server
from tests.integration.gateway_fixtures import Frame, Running, a_root, play

LIST = "- [ ] The disk has room {#disk}\n- [ ] All is well {#all}\n"
RULE = "disk / used_percent < 90%"


def compiled(server_url: str, uid: str, checklist: str) -> None:
    """Store a rule of one item and why the other has none, as the worker does."""
    now_ms = to_ms(datetime.now(UTC))
    items = {
        item.key: CompiledItem(
            item=digest_of(item),
            made_with="m",
            probes=(RULE,) if item.key == "disk" else (),
            why="its words",
            made_ms=now_ms,
            tried_ms=now_ms,
            until_ms=now_ms,
        )
        for item in parse_checklist(checklist).items
    }
    server = Server.connect(server_url, name="test")
    Compiled(server).save(uid, CompiledItems(items=items))
    server.close()


def test_a_rule_is_shown_next_to_its_item_until_the_item_changes(
    server_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        client = await running.client()
        made = await client.configure(content=LIST)
        name = made["scheduleId"]
        compiled(server_url, f"local:{name}", LIST)

        async def shown() -> tuple[Frame, Frame]:
            disk, all_ = (await client.ask("heartbeat.get", scheduleId=name))["items"]
            return disk, all_

        disk, all_ = await shown()
        assert (disk["compiled"], all_["compiled"]) == ([RULE], [])
        assert disk["compilation"]["runsToFullCheck"] == 288
        assert all_["compilation"]["why"] == "its words"
        assert "runsToFullCheck" not in all_["compilation"]
        await client.configure(content=LIST.replace("has room", "is half empty"))
        disk, all_ = await shown()
        assert (disk["compiled"], disk.get("compilation")) == ([], None)
        assert all_["compilation"]["why"] == "its words"

    play(server_url, a_root(tmp_path), story)


def test_a_list_may_be_of_one_checklist(server_url: str, tmp_path: Path) -> None:
    async def story(running: Running) -> None:
        client = await running.client()
        for name, path in (("a", "HEARTBEAT.md"), ("b", "other.md"), ("c", "other.md")):
            await client.configure(path, scheduleId=name)
        listed = await client.ask("heartbeat.list", heartbeatPath="other.md")
        assert [one["scheduleId"] for one in listed["heartbeats"]] == ["b", "c"]
        none = await client.ask("heartbeat.list", heartbeatPath="none.md")
        assert none["heartbeats"] == []

    play(server_url, a_root(tmp_path, other=LIST), story)
