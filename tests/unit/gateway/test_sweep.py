"""Looks at connections: a failure of one, and a gateway that stood still itself."""

import asyncio
import itertools

import pytest

from gateway.auth import Gate, Tokens
from gateway.awake import LONGEST_STEP, AwakeClock
from gateway.closes import CloseCode
from gateway.decisions import Decision, Leave, Probe
from gateway.delivery import Delivery
from gateway.limits import Failures
from gateway.metrics import Metrics
from gateway.pings import RESOLUTION, Wheel
from gateway.session import Session
from gateway.sweep import Looked, Sweep
from heartbeat.settings import Settings

SETTINGS = Settings(ping_seconds=10, hello_seconds=5)
DEAD_SECONDS = SETTINGS.dead_after_seconds


class Scene:
    """A sweep whose time the test sets."""

    def __init__(self) -> None:
        self.time = 1_000.0
        self.clock = AwakeClock(lambda: self.time)
        self.wheel: Wheel[Looked] = Wheel()
        self.metrics, self.failed = Metrics(), list[str]()
        self.sweep = Sweep(
            self.wheel, self.clock, self.metrics, failed=self.failed.append
        )

    def goes_on(self, seconds: float) -> None:
        """Let the gateway run for a while."""
        for _ in range(round(seconds / RESOLUTION)):
            self.time += RESOLUTION
            self.sweep.look()

    def stands_still(self, seconds: float) -> None:
        """Stop the gateway for a while, and let it go on."""
        self.time += seconds
        self.sweep.look()


class Client:
    """A connection without a socket: what is decided about it."""

    def __init__(self, scene: Scene, *, is_known: bool = True) -> None:
        self._scene = scene
        self.session = Session(
            gate=Gate(None if is_known else Tokens({}), Failures(9)),
            address="::1",
            settings=SETTINGS,
            now=scene.clock(),
        )
        self.session.admit(None, scene.clock())
        if is_known:
            self.session.live(Delivery(None, window=9, page_bytes=999))
        self.heard = scene.clock()
        self.decisions: list[Decision] = []
        self.look(scene.clock())

    def look(self, now: float) -> None:
        self.decisions += self.session.check(now, heard=self.heard)
        self._scene.wheel.put(self, self.session.next_check(now, heard=self.heard))

    def fail(self) -> None:
        raise AssertionError

    @property
    def is_closed(self) -> bool:
        return any(isinstance(one, Leave) for one in self.decisions)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_silent_client_is_pinged_and_then_closed(scene: Scene) -> None:
    client = Client(scene)
    scene.goes_on(DEAD_SECONDS + 1)
    assert any(isinstance(one, Probe) for one in client.decisions)
    assert client.decisions[-1] == Leave(CloseCode.NO_PONG, "no answer to ping")


@pytest.mark.parametrize("still", [DEAD_SECONDS, 60.0, 86_400.0])
def test_no_client_is_closed_for_a_silence_of_the_gateway_s_own(
    scene: Scene, still: float
) -> None:
    client = Client(scene)
    scene.goes_on(SETTINGS.ping_seconds / 2)
    scene.stands_still(still)
    assert not client.is_closed
    scene.goes_on(SETTINGS.ping_seconds / 2)
    client.heard = scene.clock()
    scene.goes_on(SETTINGS.ping_seconds)
    assert not client.is_closed


def test_a_hello_that_came_while_the_gateway_stood_still_is_waited_for(
    scene: Scene,
) -> None:
    client = Client(scene, is_known=False)
    scene.stands_still(3_600)
    assert not client.is_closed
    scene.goes_on(SETTINGS.hello_seconds)
    assert client.is_closed


def test_a_dead_client_is_closed_after_a_freeze_as_late_as_without_one(
    scene: Scene,
) -> None:
    client = Client(scene)
    scene.goes_on(SETTINGS.ping_seconds / 2)
    scene.stands_still(3_600)
    scene.goes_on(DEAD_SECONDS - SETTINGS.ping_seconds / 2)
    assert client.is_closed


def test_what_is_heard_at_the_moment_of_waking_is_not_of_the_future(
    scene: Scene,
) -> None:
    client = Client(scene)
    scene.time += 3_600
    client.heard = scene.clock()  # before the sweep has noticed anything
    scene.sweep.look()
    scene.goes_on(DEAD_SECONDS + 1)
    assert client.is_closed


def test_the_clock_is_steady_and_loses_what_was_slept(scene: Scene) -> None:
    before = scene.clock()
    scene.goes_on(5)
    assert scene.clock() - before == pytest.approx(5)
    scene.stands_still(100)
    assert scene.clock() - before == pytest.approx(5 + LONGEST_STEP)
    scene.goes_on(5)
    assert scene.clock() - before == pytest.approx(10 + LONGEST_STEP)


def test_a_clock_that_goes_on_between_two_readings_does_not_stand_still() -> None:
    readings = itertools.count(start=1_000.0, step=0.001)
    clock = AwakeClock(lambda: next(readings))
    assert {clock.tick() for _ in range(100)} == {0.0}


def test_standing_still_is_counted_and_said(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.goes_on(5)
    scene.stands_still(61)
    scene.goes_on(5)
    assert b"stood_still_seconds_total 60.0" in scene.metrics.text()
    assert caplog.messages == ["stood still for 60.0 s"]


class Bomb:
    """A connection that cannot be looked at."""

    is_closed = False

    def look(self, now: float) -> None:
        raise ZeroDivisionError

    def fail(self) -> None:
        self.is_closed = True


def test_a_connection_that_cannot_be_looked_at_is_ended_and_hides_no_other(
    scene: Scene,
) -> None:
    bomb, client = Bomb(), Client(scene)
    scene.wheel.put(bomb, scene.clock())
    scene.goes_on(DEAD_SECONDS + 1)
    assert scene.failed == ["sweep"]
    assert bomb.is_closed
    assert client.is_closed


def test_it_looks_until_it_is_cancelled() -> None:
    scene, looks = Scene(), asyncio.Queue[float]()

    class Eager(Bomb):
        def look(self, now: float) -> None:
            looks.put_nowait(now)
            scene.time += RESOLUTION
            scene.wheel.put(self, now)

    async def story() -> None:
        scene.wheel.put(Eager(), 0)
        scene.time += 2 * RESOLUTION
        running = asyncio.create_task(scene.sweep.run())
        async with asyncio.timeout(10):
            assert await looks.get() < await looks.get()
        running.cancel()

    asyncio.run(story())
    assert b"loop_lag_seconds" in scene.metrics.text()
