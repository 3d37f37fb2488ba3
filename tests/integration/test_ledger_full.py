"""A server that is out of memory refuses each step as a whole, and loses nothing."""

from collections.abc import Callable, Iterator
from functools import partial

import pytest
import redis

from heartbeat.book import Book
from heartbeat.errors import StoreFull
from heartbeat.store import keys
from heartbeat.store.runs import Begun
from heartbeat.store.watch import Settling, Watch
from tests.conftest import running_server
from tests.unit.store.ledger import OWNER, ClockedServer, Fleet, a_config

_DEBUG = ("--enable-debug-command", "yes")


@pytest.fixture(scope="module")
def full_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClockedServer]:
    with running_server(tmp_path_factory.mktemp("full"), *_DEBUG) as server:
        clocked = ClockedServer.connect(server.url, name="test")
        yield clocked
        clocked.close()


class Scene(Fleet):
    """A fleet with one run under way, or about to be."""

    begun_run: Begun

    def waiting(self) -> None:
        self.configure(a_config(every=1), a_config("other", every=1))
        self.server.pass_time(minutes=1)
        self.beat()

    def claim(self) -> object:
        return self.slots.claim(most=9, queue_lengths={})

    def overdue(self) -> None:
        self.waiting()
        self.server.pass_time(minutes=2)

    def running(self) -> None:
        self.waiting()
        self.begun_run = self.begun()

    def dead(self) -> None:
        self.running()
        self.server.pass_time(minutes=10)

    def paused(self) -> None:
        self.waiting()
        self.heartbeats.pause(OWNER, "disk", note=None)
        self.server.pass_time(minutes=5)

    def told_together(self) -> None:
        self.waiting()
        self.server.ask(lambda client: client.sadd(keys.TOGETHER, "ann:disk"))

    def set_back(self) -> None:
        self.waiting()
        self.server.pass_time(minutes=-10)


Step = Callable[[Scene], object]


def settle(scene: Scene) -> object:
    found = Settling(uid="ann:disk", book=Book(), revision="0", told="together")
    return Watch(scene.server).settle(OWNER, [found], ["{}"])


def settle_end(scene: Scene) -> object:
    return Watch(scene.server).settle_over(OWNER, ["ann:disk"], "{}")


def go_back(scene: Scene) -> object:
    scene.slots.ahead.look_on()
    return scene.claim()


@pytest.mark.parametrize(
    ("prepare", "act"),
    [
        pytest.param(Scene.overdue, lambda one: one.claim(), id="miss"),
        pytest.param(Scene.dead, lambda one: one.claim(), id="lose"),
        pytest.param(Scene.waiting, lambda one: one.begin(), id="begin"),
        pytest.param(
            Scene.running,
            lambda one: one.finish(one.begun_run, "{}"),
            id="finish",
        ),
        pytest.param(
            Scene.running,
            lambda one: one.runs.hand_back(one.begun_run.lease),
            id="hand back",
        ),
        pytest.param(
            Scene.waiting, lambda one: one.configure(a_config(every=5)), id="configure"
        ),
        pytest.param(
            Scene.waiting,
            lambda one: one.heartbeats.pause(OWNER, "disk", note=None),
            id="pause",
        ),
        pytest.param(
            Scene.paused,
            lambda one: one.heartbeats.resume(OWNER, "disk"),
            id="resume",
        ),
        pytest.param(
            Scene.waiting,
            lambda one: one.heartbeats.delete(OWNER, "disk"),
            id="delete",
        ),
        pytest.param(Scene.waiting, settle, id="tell overdue"),
        pytest.param(Scene.told_together, settle_end, id="tell their end"),
        pytest.param(Scene.set_back, go_back, id="go back"),
    ],
)
def test_a_full_server_changes_nothing_and_says_so(
    full_server: ClockedServer, prepare: Step, act: Step
) -> None:
    full_server.ask(lambda client: client.flushall())
    scene = Scene(full_server)
    prepare(scene)
    full_server.ask(lambda client: client.config_set("maxmemory", 1))
    before = everything(full_server)
    try:
        with pytest.raises(StoreFull):
            act(scene)
        assert everything(full_server) == before
    finally:
        full_server.ask(lambda client: client.config_set("maxmemory", 0))


def everything(server: ClockedServer) -> dict[str, object]:
    """Return every key with its content."""
    names = server.ask(lambda client: sorted(str(name) for name in client.keys("*")))
    return {name: server.ask(partial(_dump, name)) for name in names}


def _dump(name: str, client: redis.Redis) -> object:
    return client.execute_command("DEBUG", "DIGEST-VALUE", name)  # type: ignore[no-untyped-call]  # redis-py has not typed it
