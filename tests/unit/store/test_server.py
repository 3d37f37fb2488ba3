"""The connection to Redis: scripts by name, and errors in our words."""

from importlib import resources

import fakeredis
import pytest
from redis.exceptions import (
    ConnectionError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)

from heartbeat.errors import StoreError, StoreFull, StoreUnavailable
from heartbeat.store.server import PRELUDE, Server


class Forgetful(fakeredis.FakeRedis):
    """A server that has forgotten every script by the time it is asked for it."""

    def evalsha(self, *_: object) -> object:
        raise NoScriptError("No matching script")


def test_a_script_that_is_forgotten_again_and_again_runs_all_the_same() -> None:
    server = Server(Forgetful(decode_responses=True))
    assert server.run("take_watch", "me", 1_000, keys=("{hb}:watch",)) == 1
    assert server.run("take_watch", "you", 1_000, keys=("{hb}:watch",)) == 0


def test_every_part_of_the_prelude_is_put_before_the_scripts() -> None:
    folder = resources.files("heartbeat.store") / "lua" / "prelude"
    assert sorted(one.name for one in folder.iterdir()) == sorted(
        f"{part}.lua" for part in PRELUDE
    )


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(ConnectionError("gone"), StoreUnavailable, id="away"),
        pytest.param(ReadOnlyError("a replica"), StoreUnavailable, id="read-only"),
        pytest.param(
            ResponseError("UNBLOCKED force unblock"), StoreUnavailable, id="demoted"
        ),
        pytest.param(OutOfMemoryError("no memory"), StoreFull, id="full"),
        pytest.param(
            ResponseError("NOREPLICAS Not enough good replicas to write."),
            StoreFull,
            id="without replicas",
        ),
        pytest.param(ResponseError("MISCONF no disk"), StoreFull, id="no disk"),
        pytest.param(ResponseError("WRONGTYPE"), StoreError, id="ours"),
    ],
)
def test_an_error_says_whether_trying_again_helps(
    error: RedisError, expected: type[StoreError]
) -> None:
    def fail(_: object) -> object:
        raise error

    with pytest.raises(StoreError) as raised:
        Server(fakeredis.FakeRedis(decode_responses=True)).ask(fail)
    assert type(raised.value) is expected
