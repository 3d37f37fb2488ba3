"""The watcher tells of slots that beat and workers did not see through."""

import json
import math

import pytest

from gateway.watcher import LOOK_SECONDS, STALL_SECONDS, Watcher
from heartbeat.store import keys
from heartbeat.store.heartbeats import Heartbeats
from heartbeat.store.server import Server
from heartbeat.store.slots import Slots
from heartbeat.store.watch import Watch
from tests.builders import a_config

MINUTE_MS = 60_000
#: Grace of a heartbeat of one minute: its period, and its run limit of 48 s.
GRACE_MS = 108_000


class Scene:
    """A watcher over a store whose time the test sets."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.heartbeats = Heartbeats(server)
        self.slots = Slots(server)
        self.now_ms = server.now_ms()
        self.clock = 0.0
        self.watcher = self.a_watcher("gateway-1")

    def a_watcher(self, holder: str) -> Watcher:
        watch = Watch(self.server, now_ms=lambda: self.now_ms)
        return Watcher(watch, self.heartbeats, holder=holder)

    def configure(self, *names: str) -> None:
        for name in names:
            self.heartbeats.configure(a_config(name), max_per_owner=100)

    def look_for(self, seconds: float) -> int:
        """Look as often as a gateway does, for that long; return what was found."""
        found = 0
        for _ in range(math.ceil(seconds / LOOK_SECONDS) + 1):
            found += self.watcher.look(self.clock)
            self.clock += LOOK_SECONDS
        return found

    def told(self) -> list[dict[str, object]]:
        entries = self.server.ask(lambda client: client.xrange(keys.feed("local")))
        return [json.loads(fields["payload"]) for _, fields in entries]


@pytest.fixture
def scene(server: Server) -> Scene:
    return Scene(server)


def test_it_is_quiet_while_slots_are_in_time(scene: Scene) -> None:
    scene.configure("hb-1")
    assert scene.look_for(120) == 0
    assert scene.told() == []


def test_it_tells_when_no_beat_claims_a_slot(scene: Scene) -> None:
    scene.configure("hb-1")
    scene.now_ms += GRACE_MS + MINUTE_MS + 1
    scene.look_for(GRACE_MS / 1000)
    (alert,) = scene.told()
    assert alert["kind"] == "overdue"
    assert "no beat has claimed it" in str(alert["checks"])


def test_it_tells_when_no_worker_begins_a_slot(scene: Scene) -> None:
    scene.configure("hb-1")
    scene.now_ms += MINUTE_MS
    (claim,) = scene.slots.claim(most=1, queue_lengths={}, now_ms=scene.now_ms)
    scene.now_ms = claim.slot_ms + GRACE_MS + 1
    scene.look_for(GRACE_MS / 1000)
    assert any("no beat has sent it" in str(one["checks"]) for one in scene.told())


def test_it_tells_an_overdue_slot_once(scene: Scene) -> None:
    scene.configure("hb-1")
    scene.now_ms += GRACE_MS + MINUTE_MS + 1
    scene.look_for(GRACE_MS / 1000)
    scene.look_for(GRACE_MS / 1000)
    assert len(scene.told()) == 1


def test_it_believes_its_eyes_only_after_the_grace(scene: Scene) -> None:
    scene.configure("hb-1")
    scene.now_ms += GRACE_MS + MINUTE_MS + 1
    assert scene.look_for(GRACE_MS / 1000 - 2 * LOOK_SECONDS) == 0


def test_a_stall_of_its_own_begins_the_watch_anew(scene: Scene) -> None:
    scene.configure("hb-1")
    scene.look_for(GRACE_MS / 1000)
    scene.now_ms += GRACE_MS + MINUTE_MS + 1
    scene.clock += STALL_SECONDS + 1
    assert scene.look_for(0) == 0


def test_only_one_gateway_watches(scene: Scene) -> None:
    other = scene.a_watcher("gateway-2")
    scene.configure("hb-1")
    scene.look_for(0)
    scene.now_ms += GRACE_MS + MINUTE_MS + 1
    for clock in range(0, 200, 5):
        assert other.look(float(clock)) == 0


def test_missed_slots_are_told_with_their_count(scene: Scene) -> None:
    scene.configure("hb-1")
    noted = {"missed": {"count": 3, "from": scene.now_ms, "to": scene.now_ms + 2}}
    scene.server.ask(
        lambda client: client.hset(keys.UNTOLD, "local:hb-1", json.dumps(noted))
    )
    scene.look_for(0)
    (alert,) = scene.told()
    assert "missed" in str(alert["checks"])
    assert "3, " in str(alert["checks"])
    assert scene.server.ask(lambda client: client.hlen(keys.UNTOLD)) == 0


def test_slots_noted_in_another_order_are_told_all_the_same(scene: Scene) -> None:
    scene.configure("hb-1")
    noted = {"missed": {"count": 2, "from": scene.now_ms, "to": scene.now_ms - 2_000}}
    scene.server.ask(
        lambda client: client.hset(keys.UNTOLD, "local:hb-1", json.dumps(noted))
    )
    scene.look_for(0)
    (alert,) = scene.told()
    assert "2, " in str(alert["checks"])


def test_an_outage_of_many_is_one_alert(scene: Scene) -> None:
    scene.configure(*(f"hb-{number}" for number in range(25)))
    scene.now_ms += GRACE_MS + MINUTE_MS + 1
    scene.look_for(GRACE_MS / 1000)
    (alert,) = scene.told()
    assert "25 heartbeats" in str(alert["checks"])
    assert "scheduleId" not in alert


def test_a_heartbeat_that_cannot_be_read_hides_no_other(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.configure("hb-1", "hb-2")
    key = keys.heartbeat("local:hb-1")
    scene.server.ask(lambda client: client.hset(key, "config", "{"))
    scene.now_ms += 60_000 + GRACE_MS + MINUTE_MS
    assert scene.look_for(GRACE_MS / 1000 + LOOK_SECONDS) == 1
    [problem] = [one for one in caplog.messages if "not watched" in one]
    assert key in problem
