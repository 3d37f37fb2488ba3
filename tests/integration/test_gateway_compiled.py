"""Rules that a model has made, as `heartbeat.get` shows them."""

from pathlib import Path

from heartbeat.checklist import parse_checklist
from heartbeat.compiled import CompiledItem, CompiledItems, digest_of
from heartbeat.store.compiled import Compiled
from heartbeat.store.server import Server
from tests.integration.gateway_fixtures import Running, a_root, play

LIST = "- [ ] The disk has room {#disk}\n- [ ] All is well {#all}\n"
RULE = "disk / used_percent < 90%"


def compiled(server_url: str, uid: str, checklist: str) -> None:
    """Store a rule for each item, as the worker does."""
    items = {
        item.key: CompiledItem(
            item=digest_of(item),
            made_with="m",
            probes=(RULE,) if item.key == "disk" else (),
            made_ms=0,
            tried_ms=0,
            until_ms=0,
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

        async def shown() -> list[list[str] | None]:
            found = await client.ask("heartbeat.get", scheduleId=name)
            return [item.get("compiled") for item in found["items"]]

        assert await shown() == [[RULE], []]
        await client.configure(content=LIST.replace("has room", "is half empty"))
        assert await shown() == [[], []]

    play(server_url, a_root(tmp_path), story)
