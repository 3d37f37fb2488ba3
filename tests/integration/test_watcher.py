"""The watcher tells of slots that beat and workers did not see through."""

import json
import math
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar, cast

import pytest
from redis import Redis

from beat_schedule.dispatch import followed
from gateway.overdue import MOST_SINGLE
from gateway.watcher import LOOK_SECONDS, MOST_LOGGED, STALL_SECONDS, Watcher
from heartbeat.book import Book
from heartbeat.notices import Ending
from heartbeat.outages import end_overdue
from heartbeat.store import keys
from heartbeat.store.books import Books
from heartbeat.store.heartbeats import Heartbeats
from heartbeat.store.server import Argument, Server
from heartbeat.store.slots import Slots
from heartbeat.store.watch import Settling, Watch
from heartbeat.unreadable import UNREADABLE_MS
from tests.builders import a_config

T = TypeVar("T")

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

    def a_watcher(
        self, holder: str, *, server: Server | None = None, kind: type[Watch] = Watch
    ) -> Watcher:
        watch = kind(server or self.server, now_ms=lambda: self.now_ms)
        return Watcher(watch, self.heartbeats, holder=holder)

    def configure(self, *names: str) -> None:
        for name in names:
            self.heartbeats.configure(a_config(name), max_per_owner=100)
        self.now_ms = max(self.now_ms, self.server.now_ms())

    def note_missed(self, *names: str) -> None:
        """Let the ledger note a missed slot of each."""
        noted = {"missed": {"count": 1, "from": self.now_ms, "to": self.now_ms}}
        notes = {f"local:{name}": json.dumps(noted) for name in names}
        self.server.ask(lambda client: client.hset(keys.UNTOLD, mapping=notes))

    def recover(self, *names: str) -> None:
        """Let a run of each end: what was told of its slots is over."""
        books = Books(self.server)
        for name in names:
            books.change(
                "local", name, lambda book, _: end_overdue(book, Ending.RECOVERED)
            )

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


def test_the_log_names_a_few_of_those_that_are_overdue(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    names = [f"hb-{number}" for number in range(MOST_LOGGED + 2)]
    scene.configure(*names)
    scene.note_missed(*names)
    scene.look_for(0)
    (line,) = [one.getMessage() for one in caplog.records if "overdue" in one.msg]
    assert line.startswith("overdue of the owner local, 7 in all: hb-")
    assert line.endswith(" and 2 more")


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


class Killed(BaseException):
    """The end of a process, which nobody catches."""


class Mortal(Server):
    """A way to the server whose process dies after some scripts."""

    def __init__(self, server: Server, *, scripts: int) -> None:
        self._server, self._left = server, scripts

    def run(
        self, script: str, *arguments: Argument, keys: tuple[str, ...] = ()
    ) -> object:
        if self._left == 0:
            raise Killed
        self._left -= 1
        return self._server.run(script, *arguments, keys=keys)

    def ask(self, command: Callable[[Redis], T]) -> T:
        return self._server.ask(command)


@pytest.mark.parametrize("many", [3, 25], ids=["single", "grouped"])
@pytest.mark.parametrize("scripts", range(6))
def test_a_watcher_that_is_killed_at_any_step_leaves_each_slot_told_once(
    scene: Scene, scripts: int, many: int
) -> None:
    scene.configure(*(names := [f"hb-{number}" for number in range(many)]))
    scene.note_missed(*names)
    dying = Mortal(scene.server, scripts=scripts)
    with suppress(Killed):
        scene.a_watcher("gateway-1", server=dying).look(0.0)
    scene.look_for(LOOK_SECONDS)
    assert len(scene.told()) == (1 if many > MOST_SINGLE else many)
    assert scene.server.ask(lambda client: client.hlen(keys.UNTOLD)) == 0


def test_the_many_of_one_owner_hide_no_others(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While beat is away nothing moves: each look would find the same first ones."""
    monkeypatch.setattr("gateway.watcher.MOST", 10)
    scene.configure(*(f"hb-{number}" for number in range(30)))
    scene.heartbeats.configure(a_config("last", owner="zoe"), max_per_owner=1)
    scene.now_ms += 2 * MINUTE_MS + GRACE_MS
    assert scene.look_for(GRACE_MS / 1000 + 4 * LOOK_SECONDS) == 31
    assert Watch(scene.server, now_ms=lambda: scene.now_ms).is_any_silent()


MANY = [f"hb-{number}" for number in range(25)]


@pytest.fixture
def told_together(scene: Scene) -> Scene:
    """A scene with one alert about many heartbeats."""
    scene.configure(*MANY)
    scene.note_missed(*MANY)
    scene.look_for(0)
    assert len(scene.told()) == 1
    return scene


def test_the_ends_of_what_was_told_together_are_one_message(
    told_together: Scene,
) -> None:
    told_together.recover(*MANY)
    told_together.look_for(LOOK_SECONDS)
    (_, end) = told_together.told()
    assert (end["type"], end["kind"]) == ("heartbeat.resolved", "overdue")
    assert "scheduleId" not in end
    (item,) = cast(list[dict[str, str]], end["items"])
    assert item["reason"] == "recovered"
    assert "of 25 heartbeats: hb-0.md, " in item["description"]
    assert item["description"].endswith(" and 5 more")


def test_ends_are_told_as_they_come_with_what_is_left(told_together: Scene) -> None:
    for some in (MANY[:10], MANY[10:]):
        told_together.recover(*some)
        told_together.look_for(LOOK_SECONDS)
    first, second = (str(end["items"]) for end in told_together.told()[1:])
    assert "of 10 heartbeats: " in first
    assert "; 15 that were told with them have none yet" in first
    assert "of 15 heartbeats: " in second
    assert "yet" not in second


def test_a_heartbeat_that_is_deleted_meanwhile_is_told_as_removed(
    told_together: Scene,
) -> None:
    told_together.heartbeats.delete("local", "hb-3")
    told_together.recover("hb-4")
    told_together.look_for(LOOK_SECONDS)
    (_, end) = told_together.told()
    items = cast(list[dict[str, str]], end["items"])
    assert [one["reason"] for one in items] == ["recovered", "removed"]
    assert "of 1 heartbeat: hb-3;" in items[1]["description"]


def test_what_was_told_alone_ends_alone(scene: Scene) -> None:
    scene.configure("hb-1")
    scene.note_missed("hb-1")
    scene.look_for(0)
    scene.recover("hb-1")
    scene.look_for(LOOK_SECONDS)
    (_, end) = scene.told()
    assert (end["type"], end["name"]) == ("heartbeat.resolved", "hb-1.md")


def test_what_is_told_again_alone_ends_alone(told_together: Scene) -> None:
    told_together.now_ms += 4 * 60 * MINUTE_MS
    told_together.note_missed("hb-1")
    told_together.look_for(LOOK_SECONDS)
    told_together.recover("hb-1")
    told_together.look_for(LOOK_SECONDS)
    assert [(one["type"], one["name"]) for one in told_together.told()[1:]] == [
        ("heartbeat.alert", "hb-1.md"),
        ("heartbeat.resolved", "hb-1.md"),
    ]


@pytest.mark.parametrize("scripts", range(5))
def test_a_watcher_that_is_killed_at_any_step_leaves_each_end_told_once(
    told_together: Scene, scripts: int
) -> None:
    told_together.recover(*MANY)
    dying = Mortal(told_together.server, scripts=scripts)
    with suppress(Killed):
        told_together.a_watcher("gateway-1", server=dying).look(0.0)
    told_together.look_for(LOOK_SECONDS)
    assert len(told_together.told()) == 2


def test_an_end_that_another_gateway_has_told_is_not_told_again(
    told_together: Scene,
) -> None:
    watch = Watch(told_together.server)
    uids = [f"local:{name}" for name in MANY]
    assert watch.settle_over("local", uids[:5], "{}")
    assert not watch.settle_over("local", uids, "{}")
    assert len(told_together.told()) == 2


class Meddling(Watch):
    """Lets a run of one heartbeat end between looking and telling."""

    def settle(
        self, owner: str, settlings: Sequence[Settling], messages: Sequence[str]
    ) -> list[str]:
        uid, book = "local:hb-1", Book().dump()
        if settlings[0].revision == "0" and len(settlings) == 3:
            assert self._server.run("change_book", "", uid, 0, book) == "ok"
        return super().settle(owner, settlings, messages)


def test_what_changes_meanwhile_is_left_to_the_next_look(scene: Scene) -> None:
    scene.configure("hb-0", "hb-1", "hb-2")
    scene.note_missed("hb-0", "hb-1", "hb-2")
    watcher = scene.a_watcher("gateway-1", kind=Meddling)
    assert watcher.look(0.0) == 2
    assert [one["name"] for one in scene.told()] == ["hb-0.md", "hb-2.md"]
    assert watcher.look(LOOK_SECONDS) == 1
    assert [one["name"] for one in scene.told()] == [*("hb-0.md", "hb-2.md", "hb-1.md")]


def test_two_silent_slots_of_one_heartbeat_are_one_alert(scene: Scene) -> None:
    scene.configure("hb-1")
    scene.now_ms += MINUTE_MS
    [claim] = scene.slots.claim(most=1, queue_lengths={}, now_ms=scene.now_ms)
    scene.slots.commit(followed([claim]), now_ms=scene.now_ms)
    scene.now_ms += 2 * MINUTE_MS + GRACE_MS
    scene.look_for(GRACE_MS / 1000)
    (alert,) = scene.told()
    assert "2, " in str(alert["checks"])


@pytest.mark.parametrize("field", ["config", "version"])
def test_a_heartbeat_that_cannot_be_read_is_told_of_as_any_other(
    scene: Scene, field: str
) -> None:
    scene.configure("hb-1", "hb-2")
    key = keys.heartbeat("local:hb-1")
    scene.server.ask(lambda client: client.hset(key, field, "{"))
    scene.now_ms += 60_000 + GRACE_MS + MINUTE_MS
    assert scene.look_for(GRACE_MS / 1000 + LOOK_SECONDS) == 2
    name = "hb-1" if field == "config" else "hb-1.md"
    assert sorted(str(one["name"]) for one in scene.told()) == [name, "hb-2.md"]


def test_a_book_that_cannot_be_read_tells_no_end(told_together: Scene) -> None:
    key = keys.book("local:hb-1")
    told_together.server.ask(lambda client: client.hset(key, "book", '{"v":2}'))
    told_together.look_for(LOOK_SECONDS)
    assert len(told_together.told()) == 1


def test_what_no_worker_could_read_for_a_while_is_told(scene: Scene) -> None:
    scene.configure("hb-1")
    since = {"local:hb-1": str(scene.now_ms), "local:hb-2": "no instant"}
    scene.server.ask(lambda c: c.hset(keys.UNREADABLE_CONFIG, mapping=since))
    scene.look_for(LOOK_SECONDS)
    assert scene.told() == []
    scene.now_ms += UNREADABLE_MS
    scene.look_for(LOOK_SECONDS)
    (alert,) = scene.told()
    assert (alert["kind"], alert["name"]) == ("config", "hb-1")
