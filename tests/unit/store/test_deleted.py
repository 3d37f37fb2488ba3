"""What is left of a heartbeat that was deleted, and for how long."""

from collections.abc import Callable, Mapping
from typing import cast

from redis import Redis

from heartbeat.book import Book, Incident
from heartbeat.compiled import CompiledItem, CompiledItems
from heartbeat.instants import from_ms
from heartbeat.store import keys
from heartbeat.store.compiled import Compiled
from heartbeat.store.runs import Fenced
from heartbeat.store.spending import Account, Spending
from heartbeat.usage import Usage
from heartbeat.verdict import By, Severity
from tests.unit.store.ledger import OWNER, START_MS, Fleet, a_config

UID = "ann:disk"
RULE = CompiledItem(item="a", made_with="b", made_ms=1, tried_ms=2, until_ms=3)
RULES = CompiledItems(items={"disk": RULE})
TROUBLE = Book(
    incidents={
        "disk": Incident(
            item_key="disk",
            description="The disk",
            details="full",
            by=By.RULE,
            severity=Severity.WARNING,
            known_severity=Severity.WARNING,
            opened_ms=START_MS,
            told_ms=START_MS,
        )
    }
)
DAY = 86_400
#: What has an age of its own, with that age.
KEPT = {
    "runs:ann:disk": 7 * DAY,
    "runs-bytes:ann:disk": 7 * DAY,
    "finished:ann:disk": DAY,
    "feed:ann": 7 * DAY,
    "left:ann": 7 * DAY,
}

READERS: Mapping[str, Callable[[Redis, str], object]] = {
    "hash": lambda client, key: client.hgetall(key),
    "list": lambda client, key: client.lrange(key, 0, -1),
    "set": lambda client, key: client.smembers(key),
    "stream": lambda client, key: client.xrange(key),
    "string": lambda client, key: client.get(key),
    "zset": lambda client, key: client.zrange(key, 0, -1),
}


def traces(fleet: Fleet) -> dict[str, int]:
    """Return every key that names the heartbeat, and for how long it is kept."""

    def look(client: Redis) -> dict[str, int]:
        found = {}
        for key in map(str, client.scan_iter()):
            read = READERS[str(client.type(key))]
            if UID in key or UID in str(read(client, key)):
                found[key.removeprefix(keys.ROOT)] = cast(int, client.ttl(key))
        return found

    return fleet.server.ask(look)


def assert_only_kept_is_left(fleet: Fleet) -> None:
    left = traces(fleet)
    assert set(left) <= set(KEPT)
    assert all(0 < left[key] <= KEPT[key] for key in left)


def a_life(fleet: Fleet) -> None:
    """Let a heartbeat leave behind all that one can."""
    fleet.configure(a_config(every=60))
    fleet.server.pass_time(minutes=60)
    fleet.beat()
    fleet.finish(fleet.begun(), '{"runId":"ann:disk"}', book=TROUBLE)
    Compiled(fleet.server).save(UID, RULES)
    fleet.server.pass_time(minutes=200)
    fleet.beat()  # slots were missed, which nobody was told of
    fleet.heartbeats.pause(OWNER, "disk", note="quiet")
    fleet.heartbeats.resume(OWNER, "disk")


def test_only_what_has_an_age_of_its_own_stays(fleet: Fleet) -> None:
    a_life(fleet)
    for key in ("heartbeat", "book", "compiled", "untold"):
        assert any(name.startswith(key) for name in traces(fleet)), key
    fleet.heartbeats.delete(OWNER, "disk")
    assert_only_kept_is_left(fleet)


def test_a_run_that_goes_on_leaves_no_more_when_it_ends(fleet: Fleet) -> None:
    a_life(fleet)
    fleet.server.pass_time(minutes=60)
    fleet.beat()
    begun = fleet.begun()
    fleet.heartbeats.delete(OWNER, "disk")
    Compiled(fleet.server).save(UID, RULES)
    fleet.finish(begun, book=TROUBLE)
    assert_only_kept_is_left(fleet)


def test_a_run_whose_worker_dies_leaves_no_more_either(fleet: Fleet) -> None:
    a_life(fleet)
    fleet.server.pass_time(minutes=60)
    fleet.beat()
    fleet.begun()
    fleet.heartbeats.delete(OWNER, "disk")
    fleet.server.pass_time(minutes=60)
    fleet.beat()
    assert_only_kept_is_left(fleet)


def test_a_message_on_a_queue_of_before_leaves_no_more_either(fleet: Fleet) -> None:
    fleet.configure(a_config(every=60, run_on="db"))
    fleet.server.pass_time(minutes=60)
    fleet.beat()
    fleet.configure(a_config(every=60))
    fleet.heartbeats.delete(OWNER, "disk")
    assert_only_kept_is_left(fleet)


def test_what_it_has_cost_outlives_it(fleet: Fleet) -> None:
    now = from_ms(START_MS)
    fleet.configure(a_config())
    usage = Usage(calls=1, input_tokens=7)
    Spending(fleet.server).add({Account(OWNER, "disk"): usage}, now)
    fleet.heartbeats.delete(OWNER, "disk")
    (day,) = Spending(fleet.server).of_owner(OWNER, [now], schedule_id="disk")
    assert day["disk"] == usage


def test_one_that_is_made_again_does_not_wait_for_a_run_of_before(
    fleet: Fleet,
) -> None:
    fleet.configure(a_config(every=60))
    fleet.server.pass_time(minutes=60)
    fleet.beat()
    old = fleet.begun()
    fleet.heartbeats.delete(OWNER, "disk")
    fleet.configure(a_config(every=60))
    fleet.server.pass_time(minutes=60)
    fleet.runs.renew(old.lease)
    assert len(fleet.beat()) == 1
    assert fleet.finish(old, '{"of": "before"}') is Fenced.FENCED
    fleet.run()
    assert fleet.fates() == ["ok", "skipped(deleted)"]
    assert fleet.pushes() == []


def test_one_that_is_made_again_can_be_run_at_once(fleet: Fleet) -> None:
    fleet.configure(a_config(every=60))
    fleet.server.pass_time(minutes=60)
    fleet.beat()
    old = fleet.begun()
    fleet.heartbeats.delete(OWNER, "disk")
    fleet.configure(a_config(every=60))
    run_id = fleet.slots.request_run(OWNER, "disk")
    assert fleet.beat() == [run_id]
    assert not fleet.runs.renew(old.lease)
    fleet.run()
    assert fleet.fates() == ["ok", "skipped(deleted)"]
