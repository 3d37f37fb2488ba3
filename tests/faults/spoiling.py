"""Every place in Redis that is read back, and ways to put garbage there."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, cast

from hypothesis import strategies as st
from redis import Redis

from heartbeat.compiled import CompiledItems
from heartbeat.instants import from_ms
from heartbeat.jobs import QUEUE
from heartbeat.store import keys
from heartbeat.store.compiled import Compiled
from heartbeat.store.cursors import Cursors
from heartbeat.store.gates import Closed, Gates
from heartbeat.store.processes import Processes
from heartbeat.store.spending import TOTAL, Account, Spending
from heartbeat.usage import Usage
from heartbeat.verdict import Cause
from tests.unit.store.ledger import OWNER, START_MS, ClockedServer, Fleet, a_config

BAD, GOOD = "ann:bad", "ann:good"
DAY = from_ms(START_MS)
_USAGE = f"usage:{DAY:%Y-%m-%d}"


class Place(NamedTuple):
    """A key without its root, and the field or member of it that is spoiled."""

    name: str
    member: str = ""

    @property
    def key(self) -> str:
        return keys.ROOT + self.name

    @property
    def kind(self) -> str:
        """Return the Redis type that it should have."""
        return keys.KINDS[self.sort]

    @property
    def sort(self) -> str:
        """Return the name up to where it varies."""
        first, colon, _ = self.name.partition(":")
        return first + colon


def _fields(name: str, *members: str) -> list[Place]:
    return [Place(name, member) for member in members]


PLACES: list[Place] = [
    *_fields(
        *(f"heartbeat:{BAD}", "config", "timing", "queue", "owner", "enabled"),
        *("version", "plan", "last_slot", "planned", "ahead", "paused", "updated"),
        *("content", "unheard"),
    ),
    Place(f"owner:{OWNER}"),
    Place("versions"),
    Place("tokens"),
    Place("due", BAD),
    Place("open", BAD),
    Place("unbegun", BAD),
    Place(f"open:{BAD}"),
    Place(f"waiting:{QUEUE}"),
    Place(f"left:{OWNER}"),
    Place("queues"),
    Place(f"runs:{BAD}"),
    Place(f"runs-bytes:{BAD}"),
    Place(f"requested:{BAD}@now:2027-01-15T09:00:00.000Z"),
    Place(f"finished:{BAD}"),
    *_fields(f"book:{BAD}", "book", "revision"),
    Place(f"compiled:{BAD}"),
    *_fields("untold", BAD, "nobody"),
    Place("together"),
    *_fields("unreadable", BAD, "nobody"),
    *_fields("unreadable-config", BAD, "nobody"),
    Place(f"feed:{OWNER}"),
    *_fields(f"feed-head:{OWNER}", "epoch", "n", "last", "server"),
    *_fields(f"cursors:{OWNER}", "phone", "*"),
    Place(f"names:{OWNER}", "phone"),
    Place("watch"),
    *_fields("statistics", "claimed", "told", "finished", "last_finished_ms", "odd"),
    *_fields(_USAGE, TOTAL),
    *_fields(f"{_USAGE}:{OWNER}", TOTAL, "bad"),
    Place("gate:key"),
    Place("gate:key:model"),
    Place("gates", "key"),
    Place("processes", "worker one 7"),
]


@dataclass(frozen=True)
class WrongType:
    """Another type than the one that belongs there."""


@dataclass(frozen=True)
class Change:
    """Another value in one field of the record that is there."""

    index: int
    value: object


@dataclass(frozen=True)
class Score:
    """A score of the member that is there, or of a name."""

    at: float
    name: str | None


Spoiling = str | bytes | WrongType | Change | Score | dict[str, str]

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
numbers = st.sampled_from(
    ["0", "-1", "1.5", "1e999", "nan", "9" * 14, "9" * 15, str(2**63 - 1), "9" * 30]
)
#: Either all of it is garbage, or one field of what was there.
texts = (
    st.text(max_size=40) | anything.map(json.dumps) | numbers | st.binary(max_size=9)
)
records = texts | st.builds(Change, st.integers(0, 30), anything)
instants = st.sampled_from([0.0, -1.0, START_MS + 1e9, 1e300]) | st.floats(
    allow_nan=False
)
scores = st.builds(Score, instants, st.none() | st.text(max_size=20))
entries = st.dictionaries(
    st.sampled_from(["prev", "payload", "x"]),
    st.text(max_size=20) | st.sampled_from(["", "7-1", '{"a": 1}', "{}", "{"]),
    min_size=1,
)
_WAYS = {"zset": scores, "stream": entries, "set": texts}


def spoilings(place: Place) -> st.SearchStrategy[tuple[Place, Spoiling]]:
    """Return the ways to spoil a place."""
    ways = _WAYS.get(place.kind, records)
    return st.tuples(st.just(place), st.builds(WrongType) | ways | ways | ways)


def a_fleet_with_history(server: ClockedServer, *, is_open: bool) -> Fleet:
    """Return a fleet in which every kind of record exists."""
    server.ask(lambda client: client.flushall())
    server.clock_ms = START_MS
    fleet = Fleet(server)
    fleet.configure(a_config("bad", every=60), a_config("good", every=60))
    server.pass_time(minutes=60)
    fleet.beat()
    assert fleet.finish(fleet.begun("good"), '{"n": 0}') is None
    if not is_open:
        fleet.run("bad")
    server.pass_time(minutes=1)
    Cursors(server).advance(OWNER, "phone", "1-1")
    Processes(server).report("worker", host="one", pid=7, queues=(QUEUE,))
    Compiled(server).save(BAD, CompiledItems())
    Spending(server).add({Account(OWNER, "bad"): Usage(calls=1)}, DAY)
    for name in ("key", "key:model"):
        closed = Closed(cause=Cause.MODEL_LIMITED, why="a test", ms=60_000)
        Gates(server).close(name, closed)
    return fleet


def spoil(server: ClockedServer, place: Place, what: Spoiling) -> None:
    """Put garbage in a place."""
    if isinstance(what, Change):
        what = _changed(server.ask(partial(_found, place)), what)
    server.ask(partial(_write, place, what))


def _found(place: Place, client: Redis) -> str:
    """Return the record that is there; '' for none."""
    if client.type(place.key) not in {place.kind, "none"}:
        return ""
    read: dict[str, Callable[[], object]] = {
        "hash": lambda: client.hget(place.key, place.member),
        "list": lambda: client.lindex(place.key, 0),
        "string": lambda: client.get(place.key),
    }
    return str(read[place.kind]() or "")


def _changed(text: str, change: Change) -> str:
    """Return a stored record with another value in one of its fields."""
    try:
        record = json.loads(text)
    except ValueError:
        return json.dumps(change.value)
    if not isinstance(record, Mapping) or not record:
        return json.dumps(change.value)
    names = sorted(record)
    return json.dumps({**record, names[change.index % len(names)]: change.value})


def _write(place: Place, what: Spoiling, client: Redis) -> None:
    key, kind = place.key, place.kind
    if isinstance(what, WrongType):
        client.delete(key)
        kind, what = "list" if kind == "string" else "string", "another type"
    elif client.type(key) not in {kind, "none"}:
        return  # it was given another type
    if isinstance(what, Score):
        client.zadd(key, {place.member if what.name is None else what.name: what.at})
    elif isinstance(what, dict):
        client.xadd(key, what, id=_next_id(client, key))  # type: ignore[arg-type]  # a plain mapping
    else:
        text = cast(str, what)
        write: dict[str, Callable[[], object]] = {
            "hash": lambda: client.hset(key, place.member, text),
            "list": lambda: client.lpush(key, text),
            "set": lambda: client.sadd(key, text),
            "string": lambda: client.set(key, text),
        }
        write[kind]()


def _next_id(client: Redis, key: str) -> str:
    """Return the id that follows in a feed, so that it is the next to be read."""
    [(newest, _)] = client.xrevrange(key, count=1) or [("1-1", {})]
    epoch, _, n = str(newest).partition("-")
    return f"{epoch}-{int(n) + 1}"
