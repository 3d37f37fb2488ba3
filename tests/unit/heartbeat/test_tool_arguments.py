from datetime import timedelta

import pytest

from heartbeat.tool_arguments import (
    RedisServer,
    Window,
    parse_redis_server,
    parse_window,
)


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("90s", timedelta(seconds=90)),
        ("10m", timedelta(minutes=10)),
        ("2h", timedelta(hours=2)),
        ("7d", timedelta(days=7)),
        ("1line", 1),
        ("500lines", 500),
    ],
)
def test_a_window_is_a_time_or_a_number_of_lines(text: str, window: Window) -> None:
    assert parse_window(text) == window


@pytest.mark.parametrize(
    "text", ["", "10", "m", "0m", "-5m", "1.5h", "8d", "200h", "100001lines", "10 m"]
)
def test_it_refuses_other_windows(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected .*, got "):
        parse_window(text)


@pytest.mark.parametrize(
    ("text", "host", "port", "database"),
    [
        ("cache:6380", "cache", 6380, 0),
        ("cache", "cache", 6379, 0),
        ("10.0.0.5:6379", "10.0.0.5", 6379, 0),
        ("[::1]:6379", "::1", 6379, 0),
        ("redis://cache:6380/2", "cache", 6380, 2),
        ("redis://cache", "cache", 6379, 0),
    ],
)
def test_a_server_has_a_host_a_port_and_a_database(
    text: str, host: str, port: int, database: int
) -> None:
    assert parse_redis_server(text) == RedisServer(
        host=host, port=port, database=database
    )


@pytest.mark.parametrize(
    "text",
    ["", ":6379", "cache:port", "cache:99999", "rediss://cache", "redis://cache/x",
     "cache:6379/-1", "http://cache/", "redis://cache/0#x"],
)  # fmt: skip
def test_it_refuses_other_servers(text: str) -> None:
    with pytest.raises(ValueError, match="expected host:port or redis://"):
        parse_redis_server(text)


@pytest.mark.parametrize(
    "text", ["redis://user:hunter2@cache/0", ":hunter2@cache:6379", "cache?p=hunter2"]
)
def test_it_refuses_credentials_without_repeating_them(text: str) -> None:
    with pytest.raises(ValueError, match="without credentials") as caught:
        parse_redis_server(text)
    assert "hunter2" not in str(caught.value)
