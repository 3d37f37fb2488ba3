"""Any record that is read back may be garbage: nothing dies, the others go on."""

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.delivery import Delivery
from gateway.present import heartbeat as shown
from gateway.watcher import Watcher
from heartbeat.errors import HeartbeatError
from heartbeat.feed import BEGINNING
from heartbeat.store import keys
from heartbeat.store.compiled import Compiled
from heartbeat.store.cursors import Cursors
from heartbeat.store.feed import FeedReader
from heartbeat.store.gates import Gates
from heartbeat.store.processes import Processes
from heartbeat.store.runs import Begun
from heartbeat.store.spending import Account, Spending
from heartbeat.store.unreadable import Unreadable
from heartbeat.store.watch import Watch
from heartbeat.usage import Usage
from tests.faults.spoiling import (
    BAD,
    DAY,
    GOOD,
    PLACES,
    Place,
    Spoiling,
    WrongType,
    a_fleet_with_history,
    spoil,
    spoilings,
)
from tests.unit.store.ledger import OWNER, ClockedServer, Fleet, a_config

HOURS = 3


@pytest.fixture(scope="module")
def server(shared_server_url: str) -> Iterator[ClockedServer]:
    found = ClockedServer.connect(shared_server_url, name="test")
    yield found
    found.close()


@pytest.fixture(scope="module")
def shared_server_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue("shared_server").url
    return url


def test_every_key_that_is_read_back_is_spoiled() -> None:
    assert {place.sort for place in PLACES} == set(keys.KINDS)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    spoiled=st.lists(
        st.sampled_from(PLACES).flatmap(spoilings), min_size=1, max_size=3
    ),
    is_open=st.booleans(),
)
def test_garbage_in_one_heartbeats_records_stops_no_other(
    server: ClockedServer,
    shared_server_url: str,
    spoiled: list[tuple[Place, Spoiling]],
    is_open: bool,
) -> None:
    _play(server, shared_server_url, spoiled, is_open=is_open)


@pytest.mark.parametrize(
    "place", {place.sort: place for place in PLACES}.values(), ids=lambda one: one.name
)
def test_a_key_of_another_type_stops_nobody(
    server: ClockedServer, shared_server_url: str, place: Place
) -> None:
    _play(server, shared_server_url, [(place, WrongType())], is_open=True)


def _play(
    server: ClockedServer,
    url: str,
    spoiled: list[tuple[Place, Spoiling]],
    *,
    is_open: bool,
) -> None:
    fleet = a_fleet_with_history(server, is_open=is_open)
    for place, what in spoiled:
        spoil(server, place, what)
    before = sum(claim.uid == GOOD for claim in fleet.sent)
    claims = len(fleet.sent)
    watcher = Watcher(Watch(server), fleet.heartbeats, holder="test")
    for hour in range(HOURS):
        server.pass_time(minutes=60)
        _beat(fleet)
        assert fleet.finish(fleet.begun("good"), f'{{"n": {hour + 1}}}') is None
        _run_bad(fleet)
        watcher.look(hour * 3600.0)
    assert sum(claim.uid == GOOD for claim in fleet.sent) - before == HOURS
    _read_all(fleet)
    asyncio.run(_follow(url, newest=f'{{"n": {HOURS}}}'))
    assert _is_accounted_for(fleet, claims)
    _heal(fleet)


def _beat(fleet: Fleet) -> None:
    """Let beat look twice, since what stops it half-way ends with the claim's lease."""
    for seconds in (0.0, 3.0):
        fleet.server.pass_time(seconds=seconds)
        fleet.slots.ahead.look_on()
        fleet.slots.next_due_ms()
        fleet.beat()


def _is_accounted_for(fleet: Fleet, claims: int) -> bool:
    """Say whether the bad one was sent, told of, or is not shown as going on."""
    if any(claim.uid == BAD for claim in fleet.sent[claims:]):
        return True
    try:
        if fleet.stored("bad").state != "active":
            return True
    except HeartbeatError:
        return True
    noted = fleet.server.ask(lambda client: client.hexists(keys.UNREADABLE, BAD))
    entries = fleet.server.ask(lambda client: client.xrange(keys.feed(OWNER)))
    return noted or any('"bad"' in entry.get("payload", "") for _, entry in entries)


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
    """Read all that is shown or kept; only what is bad may be missing."""
    listed = [one.config.schedule_id for one in fleet.heartbeats.owned_by(OWNER)]
    assert "good" in listed
    assert len(fleet.history("good")) == HOURS + 1
    for name in ("bad", "good"):
        try:
            shown(fleet.stored(name), None)
            fleet.history(name)
        except HeartbeatError as error:
            _check_names_the_key(error)
    server = fleet.server
    Cursors(server).get(OWNER, "phone")
    Cursors(server).may_have_had(OWNER, "phone")
    Cursors(server).may_have_had(OWNER, "another")
    Cursors(server).advance(OWNER, "another", "1-1")
    Processes(server).seen()
    Compiled(server).load(BAD)
    Gates(server).read("key", "key:model")
    Gates(server).closed()
    Unreadable(server).of(OWNER)
    Watch(server).is_any_silent()
    fleet.runs.newest([BAD, GOOD])
    fleet.statistics.read()
    fleet.statistics.last_finished_ms()
    fleet.statistics.lag()
    _spend(Spending(server))


def _spend(spending: Spending) -> None:
    added = Usage(calls=1)
    spent = spending.add({Account(OWNER, "bad"): added}, DAY)
    assert spent.fleet.calls >= 1
    spending.of_fleet(DAY)
    spending.of_owner(OWNER, [DAY])


async def _follow(url: str, *, newest: str) -> None:
    """Read the feed as a connection does, and get to its end."""
    reader = FeedReader(url, on_push=lambda *_: None, on_reset=lambda: None)
    delivery = Delivery(BEGINNING, window=256, page_bytes=1 << 20)
    read, got = delivery.begin(), list[str]()
    while read is not None:
        head = await reader.head(OWNER)
        found = await reader.read(OWNER, after=read.after, limit=read.limit)
        step = delivery.page(found, head)
        got += [entry.payload for entry in step.send]
        read = step.read
    await reader.close()
    assert newest in got


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
