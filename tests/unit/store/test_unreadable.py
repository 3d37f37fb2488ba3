"""A heartbeat that beat cannot read: told once, seen, and resolved when it goes on."""

import json

import pytest

from heartbeat.errors import NotFound
from heartbeat.store import keys
from heartbeat.store.unreadable import Unreadable
from tests.unit.store.ledger import OWNER, Fleet, a_config

UID = "ann:disk"
#: What a newer version might have stored.
NEWER = '{"heartbeatId":"ann:disk","timezone":"UTC","moonPhase":"full"}'
NO_ZONE = '{"heartbeatId":"ann:disk","cron":"0 * * * *","timezone":"Mars/Base"}'


def timing(fleet: Fleet) -> str:
    return str(fleet.server.ask(lambda c: c.hget(keys.heartbeat(UID), "timing")))


def put(fleet: Fleet, field: str, text: str) -> None:
    fleet.server.ask(lambda c: c.hset(keys.heartbeat(UID), field, text))


def let_beat_look(fleet: Fleet, *, minutes: int) -> None:
    for _ in range(minutes):
        fleet.server.pass_time(minutes=1)
        fleet.beat()


def told(fleet: Fleet) -> list[tuple[str, str]]:
    messages = [json.loads(text) for text in fleet.pushes()]
    return [(one["type"], one["kind"]) for one in messages]


@pytest.fixture(params=[NEWER, NO_ZONE], ids=["newer", "no zone"])
def spoilt(fleet: Fleet, request: pytest.FixtureRequest) -> Fleet:
    """A fleet whose one heartbeat was due an hour ago and cannot be read."""
    fleet.configure(a_config(every=60))
    put(fleet, "timing", request.param)
    fleet.server.pass_time(minutes=60)
    fleet.beat()
    fleet.messages.clear()
    fleet.server.pass_time(minutes=60)
    fleet.beat()
    return fleet


def test_its_owner_is_told_once_when_it_lasts(spoilt: Fleet) -> None:
    assert told(spoilt) == []
    let_beat_look(spoilt, minutes=30)
    assert told(spoilt) == [("heartbeat.alert", "config")]
    [check] = json.loads(spoilt.pushes()[0])["checks"]
    assert check["actionNeeded"]


def test_it_goes_on_and_is_resolved_once_it_can_be_read(spoilt: Fleet) -> None:
    good = a_config(every=60).timing.model_dump_json(by_alias=True, exclude_none=True)
    let_beat_look(spoilt, minutes=70)
    put(spoilt, "timing", good)
    let_beat_look(spoilt, minutes=2)
    assert told(spoilt) == [
        ("heartbeat.alert", "config"),
        ("heartbeat.resolved", "config"),
    ]
    assert '"missed"' in spoilt.untold()[UID]
    spoilt.run()
    assert spoilt.fates()[0] == "ok"


def test_a_short_trouble_is_told_to_nobody(spoilt: Fleet) -> None:
    good = a_config(every=60).timing.model_dump_json(by_alias=True, exclude_none=True)
    let_beat_look(spoilt, minutes=1)
    put(spoilt, "timing", good)
    let_beat_look(spoilt, minutes=5)
    assert told(spoilt) == []
    assert spoilt.server.ask(lambda c: c.hlen(keys.UNREADABLE)) == 0


def test_configuring_it_again_resolves_it_at_once(spoilt: Fleet) -> None:
    let_beat_look(spoilt, minutes=5)
    spoilt.configure(a_config(every=7 * 24 * 60))
    spoilt.beat()
    assert told(spoilt)[-1] == ("heartbeat.resolved", "config")


def test_it_is_counted_and_listed_with_a_warning(spoilt: Fleet) -> None:
    assert spoilt.statistics.lag().unreadable == 0
    let_beat_look(spoilt, minutes=5)
    assert spoilt.statistics.lag().unreadable == 1
    [trouble] = Unreadable(spoilt.server).of(OWNER)
    assert trouble.startswith("disk: The stored heartbeat cannot be read")
    spoilt.heartbeats.pause(OWNER, "disk", note=None)
    assert spoilt.statistics.lag().unreadable == 0


def test_one_that_is_deleted_is_forgotten(spoilt: Fleet) -> None:
    let_beat_look(spoilt, minutes=5)
    spoilt.heartbeats.delete(OWNER, "disk")
    assert spoilt.server.ask(lambda c: c.hlen(keys.UNREADABLE)) == 0
    with pytest.raises(NotFound):
        spoilt.stored()


def test_a_version_that_cannot_be_read_is_told_too(fleet: Fleet) -> None:
    fleet.configure(a_config(every=60))
    put(fleet, "version", "x")
    fleet.server.pass_time(minutes=60)
    let_beat_look(fleet, minutes=5)
    assert told(fleet) == [("heartbeat.alert", "config")]


def test_a_config_that_cannot_be_read_is_missed_in_no_list(fleet: Fleet) -> None:
    fleet.configure(a_config(every=60))
    put(fleet, "config", "{")
    assert fleet.heartbeats.owned_by(OWNER) == []
    troubles = Unreadable(fleet.server).of(OWNER)
    assert troubles == ["disk is not listed: its record cannot be read here"]


def test_an_open_slot_that_cannot_be_read_is_told_as_lost(fleet: Fleet) -> None:
    fleet.configure(a_config(every=60))
    fleet.server.pass_time(minutes=60)
    fleet.beat()
    fleet.server.ask(lambda c: c.set(keys.open_slot(UID), "{"))
    fleet.server.pass_time(minutes=1)
    fleet.beat()
    assert '"lost"' in fleet.untold()[UID]
