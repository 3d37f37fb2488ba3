"""What the watch makes of slots that are open, of their grace, and of its own eyes."""

import json
from collections.abc import Callable, Iterator

import fakeredis
import pytest

from gateway.watcher import LOOK_SECONDS, Watcher
from heartbeat.errors import StoreUnavailable
from heartbeat.store.watch import Watch
from tests.unit.store.ledger import OWNER, ClockedServer, Fleet, a_config

#: Grace of a slot of an hourly heartbeat: 5 minutes to begin, 10 minutes to run.
GRACE_SECONDS = 900


class FarWatch(Watch):
    """A watch of a store that may be away."""

    is_away = False

    def take(self, holder: str, *, lease_ms: int) -> bool:
        if self.is_away:
            raise StoreUnavailable("the store is away")
        return super().take(holder, lease_ms=lease_ms)


class Watched:
    """A fleet, and its watcher, whose own clock is another than the fleet's."""

    def __init__(self, server: ClockedServer) -> None:
        self.fleet = Fleet(server)
        self.watch = FarWatch(server)
        self._watcher = Watcher(self.watch, self.fleet.heartbeats, holder="gateway-1")
        self._clock = 0.0

    def configure(self, *names: str) -> None:
        """Configure these, and stop where the first slot of each is due."""
        self.fleet.configure(*(a_config(name) for name in names))
        self.fleet.server.pass_time(minutes=60)

    def look(self) -> int:
        """Look once more; return how many heartbeats were found overdue."""
        self._clock += LOOK_SECONDS
        return self._watcher.look(self._clock)

    def look_for_its_grace(self) -> int:
        """Look until the watcher may believe that a slot of its time is overdue."""
        return sum(self.look() for _ in range(int(GRACE_SECONDS // LOOK_SECONDS) + 1))

    def told(self) -> list[str]:
        """Return the checks of each alert."""
        return [str(json.loads(one)["checks"]) for one in self.fleet.pushes()]


@pytest.fixture(params=["fake", "real"])
def watched(request: pytest.FixtureRequest) -> Iterator[Watched]:
    if request.param == "fake":
        yield Watched(ClockedServer(fakeredis.FakeRedis(decode_responses=True)))
        return
    server = ClockedServer.connect(request.getfixturevalue("server_url"), name="test")
    yield Watched(server)
    server.close()


def test_an_hourly_slot_is_told_5_minutes_and_its_run_limit_after_it(
    watched: Watched,
) -> None:
    watched.configure("disk")
    watched.look_for_its_grace()
    watched.fleet.server.pass_time(seconds=GRACE_SECONDS)
    assert watched.look() == 0
    watched.fleet.server.pass_time(seconds=0.001)
    assert watched.look() == 1


def test_a_run_that_its_worker_does_not_finish_is_told(watched: Watched) -> None:
    watched.configure("disk")
    watched.fleet.beat()
    watched.fleet.begun()
    watched.fleet.server.pass_time(seconds=GRACE_SECONDS + 1)
    watched.look_for_its_grace()
    [told] = watched.told()
    assert "its worker has not finished it" in told


def test_a_slot_whose_message_no_worker_takes_is_told(watched: Watched) -> None:
    watched.configure("disk")
    watched.fleet.beat()
    watched.fleet.server.pass_time(seconds=GRACE_SECONDS + 1)
    watched.look_for_its_grace()
    [told] = watched.told()
    assert "no worker has begun it" in told


def _delete(fleet: Fleet) -> None:
    fleet.heartbeats.delete(OWNER, "disk")


def _pause(fleet: Fleet) -> None:
    fleet.heartbeats.pause(OWNER, "disk", note=None)


def _disable(fleet: Fleet) -> None:
    fleet.configure(a_config("disk", enabled=False))


@pytest.mark.parametrize("change", [_delete, _pause, _disable])
def test_a_run_that_its_owner_no_longer_wants_is_never_overdue(
    watched: Watched, change: Callable[[Fleet], None]
) -> None:
    watched.configure("disk")
    watched.fleet.beat()
    watched.fleet.begun()
    change(watched.fleet)
    watched.fleet.server.pass_time(seconds=GRACE_SECONDS + 1)
    assert watched.look_for_its_grace() == 0
    assert watched.told() == []


def test_a_run_of_a_heartbeat_that_was_reconfigured_is_told(watched: Watched) -> None:
    watched.configure("disk")
    watched.fleet.beat()
    watched.fleet.begun()
    watched.fleet.configure(a_config("disk", name="another name"))
    watched.fleet.server.pass_time(seconds=GRACE_SECONDS + 1)
    assert watched.look_for_its_grace() == 1


@pytest.mark.parametrize(
    ("many", "alerts"),
    [pytest.param(20, 20, id="singly"), pytest.param(21, 1, id="as-one")],
)
def test_more_than_20_overdue_heartbeats_of_an_owner_are_told_as_one(
    watched: Watched, many: int, alerts: int
) -> None:
    watched.configure(*(f"hb-{number}" for number in range(many)))
    watched.fleet.server.pass_time(seconds=GRACE_SECONDS + 1)
    assert watched.look_for_its_grace() == many
    assert len(watched.told()) == alerts


def test_who_has_lost_sight_of_redis_begins_anew(watched: Watched) -> None:
    watched.configure("disk")
    watched.look_for_its_grace()
    watched.watch.is_away = True
    with pytest.raises(StoreUnavailable):
        watched.look()
    watched.watch.is_away = False
    watched.fleet.server.pass_time(seconds=GRACE_SECONDS + 1)
    assert watched.look() == 0
    assert watched.look_for_its_grace() == 1


def test_all_that_is_silent_is_found_once_each(watched: Watched) -> None:
    watched.configure("hb-0", "hb-1")
    watched.fleet.beat()
    watched.fleet.server.pass_time(minutes=60)
    watched.fleet.configure(*(a_config(f"hb-{number}") for number in range(2, 6)))
    watched.fleet.server.pass_time(minutes=80)
    found = [(one.uid, one.state) for one in watched.watch.all_silent(most=1)]
    assert sorted(found) == [
        ("ann:hb-0", "published"),
        ("ann:hb-0", "scheduled"),
        ("ann:hb-1", "published"),
        ("ann:hb-1", "scheduled"),
        *((f"ann:hb-{number}", "scheduled") for number in range(2, 6)),
    ]
