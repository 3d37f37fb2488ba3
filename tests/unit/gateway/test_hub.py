"""Who listens to what: isolation, names, one subscription an owner, cursors, looks."""

import asyncio

import pytest

from gateway.cursors import Cursors
from gateway.hub import Hub
from gateway.pings import Wheel
from gateway.subscriptions import Subscriptions
from heartbeat.errors import LimitReached, StoreUnavailable
from heartbeat.feed import Entry
from tests.unit.gateway.feeds import an_entry


class Ear:
    """A connection that notes what it hears."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    def pushed(self, entry: Entry) -> None:
        self.heard.append(entry.alert_id)

    def reset(self) -> None:
        self.heard.append("reset")

    def state_lost(self) -> None:
        self.heard.append("state lost")

    def compare_head(self, head: str | None) -> None:
        self.heard.append(("head", head))


class SlowFeed:
    """A feed whose answers come a turn of the loop later, in the order of the calls."""

    def __init__(self) -> None:
        self.subscribed: set[str] = set()
        self.calls: list[str] = []
        self.is_away = False

    async def subscribe(self, owner: str) -> None:
        self.calls.append(f"+{owner}")
        await asyncio.sleep(0)
        if self.is_away:
            raise StoreUnavailable("away")
        self.subscribed.add(owner)

    async def unsubscribe(self, owner: str) -> None:
        self.calls.append(f"-{owner}")
        await asyncio.sleep(0)
        if self.is_away:
            raise StoreUnavailable("away")
        self.subscribed.discard(owner)

    async def read(self, owner: str, *, after: str | None, limit: int) -> list[Entry]:
        return []

    async def head(self, owner: str) -> str | None:
        return None


def test_an_owner_s_entries_reach_its_listeners_only() -> None:
    hub, ears = Hub(max_per_owner=5), [Ear(), Ear(), Ear()]
    for owner, ear in zip(("alice", "alice", "bob"), ears, strict=True):
        hub.add(owner, ear)
    hub.pushed("alice", an_entry(1))
    hub.pushed("carol", an_entry(2))
    hub.compare_head("bob", "1-9")
    assert [ear.heard for ear in ears] == [["1-1"], ["1-1"], [("head", "1-9")]]


def test_a_reset_and_a_loss_reach_everybody() -> None:
    hub, ears = Hub(max_per_owner=5), [Ear(), Ear()]
    hub.add("alice", ears[0])
    hub.add("bob", ears[1])
    hub.reset()
    hub.state_lost()
    assert [ear.heard for ear in ears] == [["reset", "state lost"]] * 2


def test_who_has_left_hears_nothing_more() -> None:
    hub, ear = Hub(max_per_owner=5), Ear()
    hub.add("alice", ear)
    hub.remove("alice", ear)
    hub.remove("alice", ear)
    hub.pushed("alice", an_entry(1))
    assert ear.heard == []
    assert hub.owners() == ()


def test_an_owner_has_so_many_connections_and_no_more() -> None:
    hub = Hub(max_per_owner=1)
    hub.add("alice", Ear())
    hub.add("bob", Ear())
    with pytest.raises(LimitReached, match="MAX_CONNECTIONS_PER_OWNER"):
        hub.add("alice", Ear())


def test_an_owner_is_subscribed_once_and_until_the_last_has_left() -> None:
    async def story() -> list[str]:
        feed = SlowFeed()
        subscriptions = Subscriptions(feed)
        await asyncio.gather(*(subscriptions.hold("alice") for _ in range(3)))
        assert feed.subscribed == {"alice"}
        for _ in range(3):
            await subscriptions.release("alice")
        return feed.calls

    assert asyncio.run(story()) == ["+alice", "-alice"]


def test_who_comes_while_the_last_one_leaves_is_subscribed() -> None:
    async def story() -> set[str]:
        feed = SlowFeed()
        subscriptions = Subscriptions(feed)
        await subscriptions.hold("alice")
        await asyncio.gather(
            subscriptions.release("alice"), subscriptions.hold("alice")
        )
        return feed.subscribed

    assert asyncio.run(story()) == {"alice"}


def test_a_subscription_that_failed_is_tried_by_the_next() -> None:
    async def story() -> set[str]:
        feed = SlowFeed()
        subscriptions = Subscriptions(feed)
        feed.is_away = True
        with pytest.raises(StoreUnavailable):
            await subscriptions.hold("alice")
        feed.is_away = False
        await subscriptions.hold("alice")
        return feed.subscribed

    assert asyncio.run(story()) == {"alice"}


def test_leaving_does_not_need_the_server() -> None:
    async def story() -> None:
        feed = SlowFeed()
        subscriptions = Subscriptions(feed)
        await subscriptions.hold("alice")
        feed.is_away = True
        await subscriptions.release("alice")

    asyncio.run(story())


@pytest.mark.parametrize(
    ("unsaved", "stored", "expected"),
    [
        (None, None, None),
        (None, "1-3", "1-3"),
        ("1-4", None, "1-4"),
        ("1-4", "1-3", "1-4"),
        ("1-4", "2-1", "2-1"),
        ("1-10", "1-9", "1-10"),
    ],
)
def test_the_newest_cursor_counts(
    unsaved: str | None, stored: str | None, expected: str | None
) -> None:
    cursors = Cursors()
    if unsaved is not None:
        cursors.move("alice", "phone", unsaved)
    assert cursors.newest("alice", "phone", stored) == expected


def test_what_moved_while_it_was_stored_is_stored_again() -> None:
    cursors = Cursors()
    cursors.move("alice", "phone", "1-1")
    cursors.move("alice", "tablet", "1-1")
    stored = cursors.unsaved()
    cursors.move("alice", "phone", "1-2")
    cursors.saved(stored)
    assert cursors.unsaved() == {("alice", "phone"): "1-2"}


def test_what_is_due_comes_once_and_earliest_first() -> None:
    wheel: Wheel[str] = Wheel()
    wheel.put("late", 9.0)
    wheel.put("later", 20.0)
    wheel.put("early", 1.0)
    assert wheel.take_due(0.5) == ()
    assert wheel.take_due(10.0) == ("early", "late")
    assert wheel.take_due(10.0) == ()
    assert wheel.take_due(20.2) == ("later",)


def test_putting_again_moves_and_removing_forgets() -> None:
    wheel: Wheel[str] = Wheel()
    wheel.put("one", 1.0)
    wheel.put("one", 5.0)
    wheel.put("other", 1.0)
    wheel.remove("other")
    wheel.remove("other")
    assert wheel.take_due(2.0) == ()
    assert wheel.take_due(6.0) == ("one",)


def test_nothing_is_due_early() -> None:
    wheel: Wheel[str] = Wheel()
    wheel.put("one", 1.05)
    assert wheel.take_due(1.04) == ()
    assert wheel.take_due(1.2) == ("one",)
