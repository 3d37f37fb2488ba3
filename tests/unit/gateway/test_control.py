"""What looking at heartbeats costs the store."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from redis import Connection, ConnectionPool, Redis

from gateway.control import Controls
from gateway.store import Store
from heartbeat.requests import ListHeartbeats
from heartbeat.runs import RunStatus
from tests.unit.store.ledger import OWNER, ClockedServer, Fleet, a_config

NOW = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
LIST = ListHeartbeats(type="heartbeat.list", id="1")


class CountingConnection(Connection):
    """Counts what is sent: a pipeline and a script are one each."""

    sent = 0

    def send_packed_command(self, command: object, check_health: bool = True) -> None:
        CountingConnection.sent += 1
        super().send_packed_command(command, check_health)


@pytest.fixture
def fleet(server_url: str) -> Iterator[Fleet]:
    pool = ConnectionPool.from_url(
        server_url, connection_class=CountingConnection, decode_responses=True
    )
    yield Fleet(ClockedServer(Redis(connection_pool=pool)))
    pool.disconnect()


def controls(fleet: Fleet) -> Controls:
    return Controls(Store.on(fleet.server))


def round_trips_of_a_list(fleet: Fleet) -> int:
    before = CountingConnection.sent
    controls(fleet).list(OWNER, LIST, NOW)
    return CountingConnection.sent - before


def test_a_long_list_takes_no_more_round_trips_than_a_short_one(fleet: Fleet) -> None:
    fleet.configure(a_config("hb-0"))
    assert round_trips_of_a_list(fleet) == 5
    fleet.configure(*(a_config(f"hb-{n}") for n in range(200)))
    assert len(controls(fleet).list(OWNER, LIST, NOW).heartbeats) == 200
    assert round_trips_of_a_list(fleet) == 5


def test_an_owner_without_heartbeats_has_an_empty_list(fleet: Fleet) -> None:
    assert controls(fleet).list(OWNER, LIST, NOW).heartbeats == ()


def test_each_is_listed_with_its_own_newest_run(fleet: Fleet) -> None:
    fleet.configure(a_config("ran"), a_config("idle", every=1_000))
    for _ in range(2):
        fleet.server.pass_time(minutes=60)
        (newest,) = fleet.beat()
        fleet.run("ran")
    idle, ran = controls(fleet).list(OWNER, LIST, NOW).heartbeats
    assert idle.last_run is None
    assert ran.last_run is not None
    assert (ran.last_run.run_id, ran.last_run.status) == (newest, RunStatus.OK)


def test_a_run_that_cannot_be_read_is_as_good_as_none(fleet: Fleet) -> None:
    fleet.configure(a_config())
    fleet.server.ask(lambda client: client.lpush("{hb}:runs:ann:disk", "{"))
    (listed,) = controls(fleet).list(OWNER, LIST, NOW).heartbeats
    assert listed.last_run is None
