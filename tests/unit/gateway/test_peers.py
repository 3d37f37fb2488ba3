"""What gateways tell each other, and what they make of it."""

import asyncio

import pytest

from gateway.limits import Failures, per_minute
from gateway.names import Names
from gateway.peers import MAX_ON_THE_WAY, Peers
from heartbeat.errors import StoreUnavailable

HERE = "10.0.0.1"


class Site:
    """Gateways that hear each other, and themselves."""

    def __init__(self, count: int) -> None:
        self.failures = [Failures(2) for _ in range(count)]
        self.configures = [per_minute(2) for _ in range(count)]
        self.names = [Names() for _ in range(count)]
        self.said: list[str] = []
        self.is_away = False
        self.peers = [
            Peers(
                self._publish,
                names=self.names[number],
                failures=self.failures[number],
                configures=self.configures[number],
                clock=lambda: 0.0,
            )
            for number in range(count)
        ]

    async def _publish(self, text: str) -> None:
        if self.is_away:
            raise StoreUnavailable("away")
        self.said.append(text)
        for peer in self.peers:
            peer.heard(text)


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_what_counts_at_one_counts_at_all_and_once() -> None:
    async def story(site: Site) -> None:
        for _ in range(2):
            site.failures[0].add(HERE, 0.0)
            site.peers[0].failed(HERE)
        assert site.configures[0].take("alice", 0.0)
        site.peers[0].configured("alice")
        await settled()

    site = Site(2)
    asyncio.run(story(site))

    assert site.failures[1].is_blocked(HERE, 0.0)
    assert not site.failures[1].is_blocked("10.0.0.2", 0.0)
    for buckets in site.configures:  # one of two is left at each
        assert [buckets.take("alice", 0.0) for _ in range(2)] == [True, False]


def test_while_redis_is_away_each_counts_for_itself() -> None:
    async def story(site: Site) -> None:
        site.is_away = True
        site.peers[0].failed(HERE)
        await settled()

    site = Site(2)
    asyncio.run(story(site))

    assert site.said == []


def test_a_flood_is_not_told_on() -> None:
    async def story(site: Site) -> None:
        for _ in range(10 * MAX_ON_THE_WAY):
            site.peers[0].failed(HERE)
        await settled()

    site = Site(1)
    asyncio.run(story(site))

    assert len(site.said) == MAX_ON_THE_WAY


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name x alice phone",
        "name 5 alice phone more",
        "name -5 alice phone",
        "failed one",
        "configured one alice more",
        "of a newer gateway",
        "failed  ",
    ],
)
def test_what_is_not_understood_changes_nothing(text: str) -> None:
    site = Site(1)

    site.peers[0].heard(text)

    assert not site.failures[0].is_blocked(HERE, 0.0)
    assert site.configures[0].take("alice", 0.0)
