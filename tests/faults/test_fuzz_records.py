"""Any record that is read back may be garbage: nothing dies, the others go on."""

import json
from collections.abc import Iterator, Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.present import heartbeat as shown
from gateway.watcher import Watcher
from heartbeat.errors import HeartbeatError
from heartbeat.store import keys
from heartbeat.store.cursors import Cursors
from heartbeat.store.processes import Processes
from heartbeat.store.runs import Begun
from heartbeat.store.watch import Watch
from tests.unit.store.ledger import OWNER, START_MS, ClockedServer, Fleet, a_config

BAD, GOOD = "ann:bad", "ann:good"
HOURS = 3
#: Where garbage is put: a key and, in a hash, a field of it.
PLACES: list[tuple[str, str | None]] = [
    *(
        (keys.heartbeat(BAD), field)
        for field in (
            "config", "content", "timing", "queue", "owner", "enabled", "version",
            "plan", "last_slot", "paused", "updated",
        )
    ),
    (keys.book(BAD), "book"),
    (keys.book(BAD), "revision"),
    (keys.UNTOLD, BAD),
    (keys.cursors(OWNER), "phone"),
    (keys.PROCESSES, "worker one 7"),
    (keys.open_slot(BAD), None),
    (keys.runs(BAD), None),
]  # fmt: skip

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
#: Either all of it is garbage, or one field of what was there.
garbage = st.text(max_size=40) | anything.map(json.dumps)
changes = st.tuples(st.integers(0, 30), anything)


@pytest.fixture(scope="module")
def server(shared_server_url: str) -> Iterator[ClockedServer]:
    found = ClockedServer.connect(shared_server_url, name="test")
    yield found
    found.close()


@pytest.fixture(scope="module")
def shared_server_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue("shared_server").url
    return url


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    spoiled=st.dictionaries(
        st.sampled_from(PLACES), garbage | changes, min_size=1, max_size=3
    ),
    is_open=st.booleans(),
)
def test_garbage_in_one_heartbeats_records_stops_no_other(
    server: ClockedServer,
    spoiled: dict[tuple[str, str | None], str | tuple[int, object]],
    is_open: bool,
) -> None:
    fleet = _fleet_with_history(server, is_open=is_open)
    for (key, field), what in spoiled.items():
        _spoil(server, key, field, what)
    before = sum(claim.uid == GOOD for claim in fleet.sent)
    watcher = Watcher(Watch(server), fleet.heartbeats, holder="test")
    for hour in range(HOURS):
        server.pass_time(minutes=60)
        fleet.beat()
        fleet.run("good")
        _run_bad(fleet)
        watcher.look(hour * 3600.0)
    assert sum(claim.uid == GOOD for claim in fleet.sent) - before == HOURS
    _read_all(fleet)
    _heal(fleet)


def _fleet_with_history(server: ClockedServer, *, is_open: bool) -> Fleet:
    """Return a fleet in which every kind of record exists."""
    server.ask(lambda client: client.flushall())
    server.clock_ms = START_MS
    fleet = Fleet(server)
    fleet.configure(a_config("bad", every=60), a_config("good", every=60))
    server.pass_time(minutes=60)
    fleet.beat()
    fleet.run("good")
    if not is_open:
        fleet.run("bad")
    server.pass_time(minutes=1)
    Cursors(server).advance(OWNER, "phone", "1-1")
    Processes(server).report("worker", host="one", pid=7, queues=("heartbeat",))
    return fleet


def _spoil(
    server: ClockedServer,
    key: str,
    field: str | None,
    what: str | tuple[int, object],
) -> None:
    is_list = key == keys.runs(BAD)
    if field is not None:
        found = server.ask(lambda client: client.hget(key, field))
    elif is_list:
        found = server.ask(lambda client: client.lindex(key, 0))
    else:
        found = server.ask(lambda client: client.get(key))
    text = what if isinstance(what, str) else _changed(str(found or ""), *what)
    if field is not None:
        server.ask(lambda client: client.hset(key, field, text))
    elif is_list:
        server.ask(lambda client: client.lpush(key, text))
    else:
        server.ask(lambda client: client.set(key, text))


def _changed(text: str, index: int, value: object) -> str:
    """Return a stored record with another value in one of its fields."""
    try:
        record = json.loads(text)
    except ValueError:
        return json.dumps(value)
    if not isinstance(record, Mapping) or not record:
        return json.dumps(value)
    names = sorted(record)
    return json.dumps({**record, names[index % len(names)]: value})


def _run_bad(fleet: Fleet) -> None:
    """Let a worker try; a record that cannot be read may refuse it by name."""
    if not any(claim.uid == BAD for claim in fleet.messages):
        return
    try:
        begun = fleet.begin("bad")
        if isinstance(begun, Begun):
            fleet.finish(begun)
    except HeartbeatError as error:
        _check_names_the_key(error)


def _read_all(fleet: Fleet) -> None:
    """Read all that a gateway shows; only what is bad may be missing."""
    listed = [one.config.schedule_id for one in fleet.heartbeats.owned_by(OWNER)]
    assert "good" in listed
    assert len(fleet.history("good")) == HOURS + 1
    for name in ("bad", "good"):
        try:
            shown(fleet.stored(name), None)
            fleet.history(name)
        except HeartbeatError as error:
            _check_names_the_key(error)
    Cursors(fleet.server).get(OWNER, "phone")
    Processes(fleet.server).seen()
    fleet.statistics.read()
    fleet.statistics.lag()


def _check_names_the_key(error: HeartbeatError) -> None:
    assert BAD in str(error), error


def _heal(fleet: Fleet) -> None:
    """Deleting and configuring again brings it back."""
    fleet.server.ask(lambda client: client.delete(keys.open_slot(BAD)))
    fleet.server.ask(lambda client: client.delete(keys.heartbeat(BAD)))
    fleet.configure(a_config("bad", every=60))
    fleet.messages.clear()
    fleet.server.pass_time(minutes=60)
    fleet.beat()
    fleet.run("bad")
