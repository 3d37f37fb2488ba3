"""Arguments of tools that are more than a word: a window of a log, a server."""

import re
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from heartbeat.phrases import shown

#: The last part of a log: what was written since then, or that many lines.
Window = timedelta | int

#: More than what is worth reading again at every slot.
MAX_WINDOW = timedelta(days=7)
MAX_WINDOW_LINES = 100_000

_WINDOW = re.compile(r"([0-9]{1,7})(s|m|h|d|lines?)")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}

REDIS_PORT = 6379


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisServer:
    """A Redis or Valkey server, and which of its databases."""

    host: str
    port: int
    database: int


def is_url(source: str) -> bool:
    """Say whether a source is asked over HTTP; else it is a path."""
    return source.lower().startswith(("http://", "https://"))


def parse_window(text: str) -> Window:
    """Read `10m` or `500lines`. Raises ValueError."""
    found = _WINDOW.fullmatch(text)
    if found is None or int(found[1]) == 0:
        raise ValueError(
            f"expected a window like 90s, 10m, 2h, 1d or 500lines, got {shown(text)}"
        )
    count, unit = int(found[1]), found[2]
    if unit not in _SECONDS:
        if count > MAX_WINDOW_LINES:
            raise ValueError(
                f"expected at most {MAX_WINDOW_LINES} lines, got {shown(text)}"
            )
        return count
    if count * _SECONDS[unit] > MAX_WINDOW.total_seconds():
        raise ValueError(
            f"expected a window of at most {MAX_WINDOW.days}d, got {shown(text)}"
        )
    return timedelta(seconds=count * _SECONDS[unit])


def parse_redis_server(text: str) -> RedisServer:
    """Read `host:port` or `redis://host:port/database`. Raises ValueError.

    Credentials are refused, and left out of the message: a checklist is no place for
    them.
    """
    expected = "expected host:port or redis://host:port/database"
    try:
        url = urlsplit(text if "://" in text else f"redis://{text}")
        host, port = url.hostname, url.port
    except ValueError as error:
        raise ValueError(f"{expected}, got {shown(text)}") from error
    if url.username is not None or url.password is not None or url.query:
        raise ValueError(f"{expected} without credentials, got one for {shown(host)}")
    database = url.path.removeprefix("/") or "0"
    is_number = database.isascii() and database.isdecimal() and len(database) < 6
    if url.scheme != "redis" or not host or url.fragment or not is_number:
        raise ValueError(f"{expected}, got {shown(text)}")
    return RedisServer(host=host, port=port or REDIS_PORT, database=int(database))
