from collections.abc import Sequence

import pytest

from gateway.deadman import MOST_LAG_MS, check_url, find_trouble
from heartbeat.errors import InvalidSettings
from heartbeat.store.processes import ProcessKind, ProcessSeen
from heartbeat.store.statistics import Lag


def seen(kind: ProcessKind, *, is_alive: bool = True) -> ProcessSeen:
    return ProcessSeen(kind=kind, host="h", pid=1, last_seen_ms=0, is_alive=is_alive)


def a_lag(overdue_ms: int = 0) -> Lag:
    return Lag(scheduled=1, open=0, overdue_ms=overdue_ms)


ALL = [seen("beat"), seen("worker"), seen("gateway")]


def trouble(
    processes: Sequence[ProcessSeen] = ALL,
    *,
    is_any_silent: bool = False,
    lag: Lag | None = None,
    is_state_lost: bool = False,
) -> str | None:
    """Return what is wrong with a fleet that is well, but for this."""
    return find_trouble(
        processes,
        is_any_silent=is_any_silent,
        lag=lag or a_lag(),
        is_state_lost=is_state_lost,
    )


def test_it_pings_while_beats_fire_and_runs_finish() -> None:
    assert trouble() is None


@pytest.mark.parametrize(
    ("processes", "silent", "overdue_ms", "said"),
    [
        pytest.param([seen("worker")], False, 0, "no beat", id="no beat"),
        pytest.param([seen("beat")], False, 0, "no worker", id="no worker"),
        pytest.param(
            [seen("beat"), seen("worker", is_alive=False)],
            False,
            0,
            "no worker",
            id="gone",
        ),
        pytest.param(ALL, True, 0, "no finished run", id="a silent slot"),
        pytest.param(ALL, False, MOST_LAG_MS + 1, "for a beat", id="a slot that waits"),
    ],
)
def test_it_is_silent_when_something_is_wrong(
    processes: list[ProcessSeen], silent: bool, overdue_ms: int, said: str
) -> None:
    found = trouble(processes, is_any_silent=silent, lag=a_lag(overdue_ms))
    assert said in (found or "")


def test_it_is_silent_while_a_stored_heartbeat_cannot_be_read() -> None:
    lag = Lag(scheduled=1, open=0, overdue_ms=0, unreadable=1)
    assert "cannot be read" in (trouble(lag=lag) or "")


def test_it_is_silent_while_redis_has_lost_what_was_configured() -> None:
    assert "lost state" in (trouble(is_state_lost=True) or "")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://h/",
        "hc-ping.com/x",
        "http://",
        "file:///x",
        "http://[::1/x",
        "http://h/a b",
        "http://h/ä",
    ],
)
def test_an_address_that_cannot_be_pinged_is_refused_at_start(url: str) -> None:
    with pytest.raises(InvalidSettings, match="HEARTBEAT_DEADMAN_URL"):
        check_url(url)


def test_a_refused_address_is_not_repeated() -> None:
    with pytest.raises(InvalidSettings) as refused:
        check_url("hc-ping.com/3b1c9e6e")
    assert "3b1c9e6e" not in str(refused.value)
