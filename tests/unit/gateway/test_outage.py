"""When clients are told that no alert can reach them."""

from datetime import UTC, datetime, timedelta

from gateway.health import Health
from gateway.metrics import Metrics
from gateway.outage import Outage
from heartbeat.told import Status

START = datetime(2026, 11, 26, 12, tzinfo=UTC)


class Site:
    """A gateway's health over time, in seconds, and what clients hear."""

    def __init__(self) -> None:
        self.health = Health(Metrics(), redis_away_seconds=30, now=0)
        self.outage = Outage(self.health)

    def look(self, at: float) -> Status | None:
        return self.outage.look(clock=at, now=START + timedelta(seconds=at))


def test_a_short_silence_of_redis_is_not_told() -> None:
    site = Site()
    site.health.redis_served(0)
    site.health.redis_failed("Redis is away")
    assert site.look(30) is None
    site.health.redis_served(31)
    assert site.look(31) is None


def test_a_long_one_is_told_once_and_so_is_its_end() -> None:
    site = Site()
    site.health.redis_served(0)
    site.health.redis_failed("Redis is away: refused")

    told = site.look(31)

    assert told is not None
    assert (told.state, told.since) == ("held_up", "2026-11-26T12:00:00.000Z")
    assert "Redis is away: refused" in (told.reason or "")
    assert site.outage.told is told
    assert site.look(32) is None
    site.health.redis_served(90)
    over = site.look(90)
    assert over == Status(state="served", since="2026-11-26T12:01:30.000Z")
    assert site.outage.told is None
    assert site.look(91) is None


def test_a_redis_that_never_served_is_told_of_as_long_after_the_start() -> None:
    site = Site()
    assert site.look(1) is None
    site.health.redis_failed("Redis cannot write: OOM")
    assert site.look(30) is None

    told = site.look(31)

    assert told is not None
    assert told.since == "2026-11-26T12:00:00.000Z"
