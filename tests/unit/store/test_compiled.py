"""Rules of a heartbeat's items, from run to run."""

import fakeredis
import pytest

from heartbeat.compiled import CompiledItem, CompiledItems
from heartbeat.store import keys
from heartbeat.store.compiled import KEPT_SECONDS, Compiled
from heartbeat.store.server import Server
from tests.unit.store.ledger import Fleet, a_config

UID = "ann:disk"
RULE = CompiledItem(
    item="a",
    made_with="b",
    probes=("disk / used_percent < 90%",),
    why="its words",
    made_ms=1,
    tried_ms=2,
    until_ms=3,
)
KNOWN = CompiledItems(items={"disk": RULE})


def test_what_is_saved_is_loaded(fleet: Fleet) -> None:
    fleet.configure(a_config())
    compiled = Compiled(fleet.server)
    assert compiled.load(UID) == CompiledItems()
    compiled.save(UID, KNOWN)
    assert compiled.load(UID) == KNOWN
    assert compiled.load("ann:load") == CompiledItems()


def test_nothing_is_kept_of_a_heartbeat_that_is_gone(fleet: Fleet) -> None:
    Compiled(fleet.server).save(UID, KNOWN)
    assert Compiled(fleet.server).load(UID) == CompiledItems()


def test_it_is_forgotten_after_a_week(fleet: Fleet) -> None:
    fleet.configure(a_config())
    Compiled(fleet.server).save(UID, KNOWN)
    left = fleet.server.ask(lambda client: client.ttl(keys.compiled(UID)))
    assert KEPT_SECONDS - 60 < left <= KEPT_SECONDS


@pytest.mark.parametrize("text", ["{", "[]", '{"v":2}', '{"v":1,"items":{"a":{}}}'])
def test_a_record_that_cannot_be_read_is_as_good_as_none(text: str) -> None:
    client = fakeredis.FakeRedis(decode_responses=True)
    client.set(keys.compiled(UID), text)
    assert Compiled(Server(client)).load(UID) == CompiledItems()


def test_a_hundred_rules_fit_into_a_quarter_of_a_megabyte() -> None:
    largest = RULE.but(probes=("x" * 250,) * 8, why="x" * 300)
    known = CompiledItems(items={f"{n:064}": largest for n in range(100)})
    assert len(known.dump()) < 262_144
