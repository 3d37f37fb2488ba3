"""What plain GETs are answered, and that each metric declared is one that is shown."""

import pytest

from gateway.__main__ import check_exposure
from gateway.health import Health
from gateway.metrics import METRICS, PREFIX, Metrics
from heartbeat.errors import InvalidSettings
from heartbeat.settings import Settings
from heartbeat.store.statistics import Lag


def a_health() -> Health:
    return Health(Metrics(), redis_away_seconds=30, now=0.0)


def status(health: Health, path: str, now: float = 0.0) -> int:
    answer = health.answer(path, now)
    assert answer is not None
    return int(answer.status)


def test_the_socket_s_path_is_not_answered() -> None:
    assert a_health().answer("/ws", 0.0) is None
    assert a_health().answer("/ws?x=1", 0.0) is None


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/healthz", 200), ("/metrics", 200), ("/", 200), ("/etc", 404), ("/ws/", 404)],
)
def test_other_paths_are_answered(path: str, expected: int) -> None:
    assert status(a_health(), path) == expected


def test_it_is_ready_for_a_while_after_redis_has_served_it() -> None:
    health = a_health()
    assert status(health, "/readyz") == 503
    health.redis_served(10.0)
    health.redis_failed("Redis is away")
    assert status(health, "/readyz", 40.0) == 200
    assert status(health, "/readyz", 40.5) == 503
    health.redis_served(41.0)
    assert status(health, "/readyz", 41.0) == 200


@pytest.mark.parametrize(
    "words", ["Redis is away: refused", "Redis cannot write: OOM", "x" * 5_000]
)
def test_it_says_in_redis_own_words_why_it_is_not_ready(words: str) -> None:
    health = a_health()
    health.redis_failed(words)

    assert status(health, "/readyz", 0.0) == 503
    answer = health.answer("/readyz", 31.0)

    assert answer is not None
    assert words[:100].encode() in answer.body
    assert len(answer.body) < 300


def test_it_is_alive_and_not_ready_while_it_drains() -> None:
    health = a_health()
    health.redis_served(0.0)
    health.is_draining = True
    assert (status(health, "/readyz"), status(health, "/healthz")) == (503, 200)


def test_it_is_not_ready_once_its_recurring_work_has_ended() -> None:
    health = a_health()
    health.redis_served(0.0)
    health.is_broken = True
    assert (status(health, "/readyz"), status(health, "/healthz")) == (503, 200)


def test_every_declared_metric_is_shown_with_its_help() -> None:
    metrics = Metrics()
    for metric in METRICS:
        if metric.is_late:
            metrics.set(metric.name, 1)
    text = metrics.text().decode()
    for metric in METRICS:
        total = "_total" if metric.kind == "counter" else ""
        assert f"# HELP {PREFIX}{metric.name}{total} {metric.about}\n" in text


def test_no_label_names_an_owner() -> None:
    assert not {"owner", "client"} & {name for one in METRICS for name in one.labels}


def test_counts_and_the_ledger_are_shown() -> None:
    metrics = Metrics()
    metrics.count("closes", "1012")
    metrics.count("alerts_sent", by=3)
    metrics.set_ledger(
        {"claimed": 7},
        Lag(scheduled=2, open=1, overdue_ms=1500, unbegun_ms=2500),
        last_finished_ms=1_800_000_000_500,
    )
    text = metrics.text().decode()
    assert 'heartbeat_closes_total{code="1012"} 1.0' in text
    assert "heartbeat_alerts_sent_total 3.0" in text
    assert 'heartbeat_ledger{event="claimed"} 7.0' in text
    assert "heartbeat_due_lag_seconds 1.5" in text
    assert "heartbeat_begin_lag_seconds 2.5" in text
    assert "heartbeat_last_finished_timestamp_seconds 1.8000000005e+09" in text


def test_what_is_not_known_is_left_out_rather_than_0() -> None:
    metrics = Metrics()
    lag = Lag(scheduled=0, open=0, overdue_ms=0)
    metrics.set_ledger({}, lag, last_finished_ms=None)
    assert "deadman_up" not in metrics.text().decode()
    assert "last_finished" not in metrics.text().decode()
    for was_sent in (True, False):
        metrics.set("deadman_up", was_sent)
    assert "heartbeat_deadman_up 0.0" in metrics.text().decode()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.org", ""])
def test_a_network_is_not_served_without_tokens(host: str) -> None:
    with pytest.raises(InvalidSettings, match="HEARTBEAT_TOKENS_FILE"):
        check_exposure(Settings(host=host))
    check_exposure(Settings(host=host, trust_network=True))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "::1", "localhost"])
def test_the_loopback_is_served(host: str) -> None:
    check_exposure(Settings(host=host))
