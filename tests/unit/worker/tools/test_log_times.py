import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from worker.tools.log_times import stamp_of

NOW = datetime(2026, 11, 24, 16, 30, tzinfo=UTC)
FOUR = datetime(2026, 11, 24, 16, tzinfo=UTC)


@pytest.fixture
def _berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-24T16:00:00Z ERROR boom",
        "2026-11-24T17:00:00.123456+01:00 ERROR",
        "2026-11-24 17:00:00,123 +0100 [main] ERROR",
        "[2026-11-24 16:00:00.5 UTC] ERROR",
        '10.0.0.1 - - [24/Nov/2026:17:00:00 +0100] "GET / HTTP/1.1" 500',
        '{"level":"error","ts":1795536000.123,"msg":"boom"}',
        '{"level":50,"time":1795536000123,"msg":"boom"}',
        '{"log":"' + "x" * 500 + '","time":"2026-11-24T16:00:00.123Z"}',
    ],
)
def test_a_time_with_a_zone_is_that_instant(line: str) -> None:
    stamp = stamp_of(line.encode(), now=NOW)

    assert stamp is not None
    assert (stamp.at, stamp.has_zone) == (FOUR, True)


@pytest.mark.parametrize(
    "line",
    [
        "2026/11/24 17:00:00 [error] 7#7: boom",
        "2026-11-24 17:00:00,123 ERROR boom",
        "Nov 24 17:00:00 web-1 app[7]: boom",
        "<11>Nov 24 17:00:00 web-1 app[7]: boom",
        "[Tue Nov 24 17:00:00.123456 2026] [core:error] boom",
    ],
)
@pytest.mark.usefixtures("_berlin")
def test_a_time_without_a_zone_is_local(line: str) -> None:
    stamp = stamp_of(line.encode(), now=NOW)

    assert stamp is not None
    assert (stamp.at, stamp.has_zone) == (FOUR, False)


@pytest.mark.parametrize(
    ("line", "now", "year"),
    [
        (b"Dec 31 23:59:59 web-1 app: x", datetime(2027, 1, 1, 1, tzinfo=UTC), 2026),
        (b"Jan  1 00:00:01 web-1 app: x", datetime(2026, 12, 31, 23, tzinfo=UTC), 2027),
        (b"Feb 29 12:00:00 web-1 app: x", datetime(2028, 3, 1, tzinfo=UTC), 2028),
        (b"Nov 30 12:00:00 web-1 app: x", NOW, 2025),
    ],
)
def test_a_year_that_is_not_said_is_the_nearest_past(
    line: bytes, now: datetime, year: int
) -> None:
    stamp = stamp_of(line, now=now)

    assert stamp is not None
    assert stamp.at.astimezone().year == year


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"    at com.example.Main(Main.java:17)",
        b"build 12026-11-24T16:00:00Z",
        b"2026-02-31 10:00:00 there is no such day",
        b"Feb 29 25:00:00 no such hour",
        b"x" * 200 + b" 2026-11-24T16:00:00Z",
        b"\xff\xfe\x00",
    ],
)
def test_other_lines_have_no_time(line: bytes) -> None:
    assert stamp_of(line, now=NOW) is None


@pytest.mark.parametrize(
    "line",
    [
        "Nov 24 17:00:00 web-1 app[7]: ERROR expired on 2024-01-31 00:00:00",
        "Nov 24 17:00:00 web-1 app[7]: ERROR expired on 2024-01-31T00:00:00Z",
        '10.0.0.1 - - [24/Nov/2026:17:00:00 +0100] "GET /?since=2024-01-31T00:00:00Z"',
        '{"ts":1795536000.5,"msg":"restore of 2024-01-31T00:00:00Z failed"}',
        '{"msg":"restore of 2024-01-31T00:00:00Z failed","ts":1795536000.5}',
        '{"msg":"\\"ts\\":1700000000","@timestamp": "2026-11-24T16:00:00.5Z"}',
        "2026-11-24T16:00:00Z ERROR after Nov 23 12:00:00",
    ],
)
@pytest.mark.usefixtures("_berlin")
def test_a_time_that_a_line_is_about_is_not_its_own(line: str) -> None:
    stamp = stamp_of(line.encode(), now=NOW)

    assert stamp is not None
    assert stamp.at == FOUR


def test_a_value_that_is_no_time_is_not_replaced_by_another_of_the_line() -> None:
    line = b'{"time":"a while ago","user":"x","msg":"since 2024-01-31T00:00:00Z"}'

    assert stamp_of(line, now=NOW) is None
