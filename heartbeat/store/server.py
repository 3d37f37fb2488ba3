"""The connection to Redis: scripts by name, and its errors in our words."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import resources
from typing import Self, TypeVar

import redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ConnectionError,
    NoPermissionError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TimeoutError,
)
from redis.retry import Retry

from heartbeat.errors import StoreError, StoreFull, StoreUnavailable
from heartbeat.store.mending import mend

#: A server that is silent for longer is taken for away, in seconds.
SOCKET_TIMEOUT = 5.0
#: Tries after the first, within about half a second: bridges a dropped connection and
#: not an outage. Every script gives the same answer when it is asked twice
#: or an answer that does no harm.
RETRIES = 2

#: What is put before every script; each part may use those before it.
PRELUDE = (
    "keys",
    "records",
    "messages",
    "open_slot",
    "fates",
    "schedule",
    "feed",
    "unreadable",
)

_FOLDER = resources.files("heartbeat.store") / "lua"
_T = TypeVar("_T")
_REFUSALS = ("OOM", "MISCONF", "NOREPLICAS")
_PASSING = ("READONLY", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "UNBLOCKED", "BUSY ")

Argument = str | int | float


@contextmanager
def in_our_words() -> Iterator[None]:
    """Translate what redis-py raises, once, at the border."""
    try:
        yield
    except (AuthenticationError, NoPermissionError) as error:
        raise StoreError(f"Redis refuses this client: {error}") from error
    except (BusyLoadingError, ReadOnlyError, ConnectionError, TimeoutError) as error:
        raise StoreUnavailable(f"Redis is away: {error}") from error
    except OutOfMemoryError as error:
        raise StoreFull(f"Redis cannot write: {error}") from error
    except ResponseError as error:
        raise _translated(error) from error
    except RedisError as error:
        raise StoreError(f"Redis: {error}") from error


def _translated(error: ResponseError) -> StoreError:
    text = str(error)
    if any(word in text for word in _REFUSALS):
        return StoreFull(f"Redis cannot write: {text}")
    if text.startswith(_PASSING):
        return StoreUnavailable(f"Redis is away: {text}")
    return StoreError(f"Redis: {text}")


class Server:
    """One process's way to Redis; may be used by any number of threads."""

    def __init__(self, client: "redis.Redis") -> None:
        self._client = client
        prelude = "\n".join(_read("prelude", f"{part}.lua") for part in PRELUDE)
        self._scripts = {
            name: _Script(f"{prelude}\n{_read(f'{name}.lua')}") for name in _names()
        }

    @classmethod
    def connect(
        cls,
        url: str,
        *,
        name: str,
        timeout: float = SOCKET_TIMEOUT,
        retries: int = RETRIES,
    ) -> Self:
        """Make a client; nothing is sent yet. `name` shows in `CLIENT LIST`."""
        client = redis.Redis.from_url(
            url,
            client_name=name,
            decode_responses=True,
            encoding_errors="replace",
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            socket_keepalive=True,
            health_check_interval=30,
            retry=Retry(ExponentialWithJitterBackoff(base=0.05, cap=0.3), retries),
        )
        return cls(client)

    def run(
        self, script: str, *arguments: Argument, keys: tuple[str, ...] = ()
    ) -> object:
        """Run a script by name; raises StoreError and its kinds.

        A server that has forgotten it gets the text to run, and not only to keep: it
        could forget it once more in between.
        """
        with in_our_words():
            return self._past_wrong_types(lambda: self._run(script, keys, arguments))

    def ask(self, command: Callable[["redis.Redis"], _T]) -> _T:
        """Run one command of the client; raises StoreError and its kinds."""
        with in_our_words():
            return self._past_wrong_types(lambda: command(self._client))

    def now_ms(self) -> int:
        """Return the one clock of the system: Redis TIME in milliseconds."""
        seconds, micros = self.ask(lambda client: client.time())
        return int(seconds) * 1000 + int(micros) // 1000

    def _run(
        self, script: str, keys: tuple[str, ...], arguments: tuple[Argument, ...]
    ) -> object:
        known = self._scripts[script]
        try:
            return self._client.evalsha(known.sha, len(keys), *keys, *arguments)
        except NoScriptError:
            return self._client.eval(known.text, len(keys), *keys, *arguments)

    def _past_wrong_types(self, act: Callable[[], _T]) -> _T:
        """Act, and once more if a key of another type than its own was in the way."""
        try:
            return act()
        except ResponseError as error:
            if "WRONGTYPE" not in str(error):
                raise
        mend(lambda script, *arguments: self._run(script, (), arguments))
        return act()

    def close(self) -> None:
        """Close every connection; the server can be used again afterwards."""
        self._client.close()


class _Script:
    """A script, and what a server that knows it calls it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _names() -> list[str]:
    files = [file.name for file in _FOLDER.iterdir() if file.is_file()]
    return sorted(name.removesuffix(".lua") for name in files)


def _read(*path: str) -> str:
    return _FOLDER.joinpath(*path).read_text(encoding="utf-8")
