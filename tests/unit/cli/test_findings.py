"""What the doctor makes of facts."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import pytest

from heartbeat.budgets import Budget, Scope
from heartbeat.cli.finding import Finding, Level
from heartbeat.cli.findings import Facts, judge
from heartbeat.store.gates import Closed, ClosedGate
from heartbeat.store.placements import Placement
from heartbeat.store.processes import ProcessKind, ProcessSeen
from heartbeat.store.statistics import Lag
from heartbeat.verdict import Cause

SOUND: Mapping[str, object] = {
    "redis_version": "7.2.4",
    "role": "master",
    "cluster_enabled": 0,
    "maxmemory_policy": "noeviction",
    "aof_enabled": 1,
    "aof_last_write_status": "ok",
}


def a_process(
    kind: ProcessKind, *, is_alive: bool = True, queues: tuple[str, ...] = ()
) -> ProcessSeen:
    return ProcessSeen(
        kind=kind, host="db1", pid=7, queues=queues, last_seen_ms=0, is_alive=is_alive
    )


FLEET = (
    a_process("gateway"),
    a_process("beat"),
    a_process("worker", queues=("heartbeat",)),
)


def findings(
    *,
    skew_seconds: float = 0,
    processes: Sequence[ProcessSeen] = FLEET,
    ahead: int = 0,
    info: Mapping[str, object] = MappingProxyType({}),
    gates: Sequence[ClosedGate] = (),
    spent: int = 0,
    unreadable: int = 0,
    refusal: str | None = None,
) -> dict[str, Finding]:
    """Return what is not fine, by subject."""
    found = judged(
        skew_seconds=skew_seconds,
        processes=processes,
        ahead=ahead,
        info=info,
        gates=gates,
        spent=spent,
        unreadable=unreadable,
        refusal=refusal,
    )
    return {name: one for name, one in found.items() if one.level is not Level.OK}


def judged(
    *,
    skew_seconds: float = 0,
    processes: Sequence[ProcessSeen] = FLEET,
    ahead: int = 0,
    info: Mapping[str, object] = MappingProxyType({}),
    gates: Sequence[ClosedGate] = (),
    spent: int = 0,
    unreadable: int = 0,
    refusal: str | None = None,
) -> dict[str, Finding]:
    """Return the last finding about each subject."""
    facts = Facts(
        info={**SOUND, **info},
        now_ms=3_000,
        skew_seconds=skew_seconds,
        processes=processes,
        lag=Lag(scheduled=3, open=1, overdue_ms=0, unreadable=unreadable),
        placements=[Placement(queue="heartbeat", placed=3, waiting=1)],
        silent=[],
        gates=gates,
        fleet_budget=Budget(scope=Scope.TOKENS_OF_FLEET, spent=spent, limit=100),
        ahead=ahead,
        refusal=refusal,
    )
    return {one.subject: one for one in judge(facts)}


def test_a_sound_installation_has_nothing_to_be_done() -> None:
    assert findings() == {}


@pytest.mark.parametrize(
    ("info", "subject", "level"),
    [
        pytest.param(
            {"maxmemory_policy": "allkeys-lru"}, "eviction", Level.FAIL, id="evicting"
        ),
        pytest.param({"aof_enabled": 0}, "persistence", Level.WARN, id="no-aof"),
        pytest.param(
            {"aof_last_write_status": "err"}, "persistence", Level.FAIL, id="disk-full"
        ),
        pytest.param({"cluster_enabled": 1}, "Redis", Level.FAIL, id="cluster"),
        pytest.param({"role": "slave"}, "Redis", Level.FAIL, id="replica"),
    ],
)
def test_what_breaks_the_promise_in_the_store_is_found(
    info: dict[str, object], subject: str, level: Level
) -> None:
    found = findings(info=info)
    assert list(found) == [subject]
    assert found[subject].level is level
    assert found[subject].advice


def test_a_heartbeat_that_beat_cannot_read_fails() -> None:
    found = findings(unreadable=2)
    assert list(found) == ["records"]
    assert found["records"].level is Level.FAIL
    assert "2 heartbeats" in found["records"].message


@pytest.mark.parametrize("kind", ["gateway", "beat"])
def test_a_kind_of_process_that_is_missing_fails(kind: ProcessKind) -> None:
    rest = [one for one in FLEET if one.kind != kind]
    found = findings(processes=rest)
    assert found[kind].level is Level.FAIL
    assert kind in (found[kind].advice or "")


def test_processes_that_are_gone_do_not_count() -> None:
    gone = [*FLEET[:2], a_process("worker", is_alive=False, queues=("heartbeat",))]
    found = findings(processes=gone)
    assert set(found) == {"worker", "queues"}
    assert "1 within the last hour" in found["worker"].message


@pytest.mark.parametrize(
    ("info", "said"),
    [
        pytest.param({}, "serves, Redis 7.2.4", id="redis"),
        pytest.param({"valkey_version": "9.1.2"}, "serves, Valkey 9.1.2", id="valkey"),
    ],
)
def test_the_server_is_called_by_its_name(info: dict[str, object], said: str) -> None:
    assert judged(info=info)["Redis"].message == said


def test_a_process_is_told_with_its_last_report() -> None:
    said = "1 alive: db1 (pid 7, last heard 3 s ago)"
    assert judged()["beat"].message == said


@pytest.mark.parametrize(
    ("skew_seconds", "said"), [(3.0, "3.0 s ahead"), (-40.0, "40.0 s behind")]
)
def test_a_clock_that_differs_is_a_warning(skew_seconds: float, said: str) -> None:
    found = findings(skew_seconds=skew_seconds)["clock"]
    assert found.level is Level.WARN
    assert said in found.message


def a_gate(cause: Cause, *, model: str | None = "haiku") -> ClosedGate:
    closed = Closed(cause=cause, why="it said 429", ms=57_000, provider="ours at here")
    return ClosedGate(model=model, closed=closed)


@pytest.mark.parametrize(
    ("gate", "level", "said"),
    [
        pytest.param(
            a_gate(Cause.MODEL_LIMITED), Level.WARN, "ours at here, haiku: ", id="limit"
        ),
        pytest.param(
            a_gate(Cause.MODEL_AUTH, model=None),
            Level.FAIL,
            "ours at here, every model of a key: ",
            id="refused-key",
        ),
    ],
)
def test_a_closed_gate_is_told_with_whose_it_is_why_and_until_when(
    gate: ClosedGate, level: Level, said: str
) -> None:
    found = findings(gates=[gate])["model calls"]
    assert found.level is level
    assert found.message == said + "none until 1970-01-01 00:01:00 UTC: it said 429"
    assert found.advice


@pytest.mark.parametrize(
    ("spent", "level", "said"),
    [
        pytest.param(79, Level.OK, "79 tokens of 100 tokens", id="normal"),
        pytest.param(80, Level.WARN, "a cheaper model judges", id="cheaper"),
        pytest.param(90, Level.WARN, "critical items only", id="critical"),
        pytest.param(100, Level.FAIL, "no model judges anything", id="stopped"),
    ],
)
def test_the_fleets_day_is_told_with_what_follows_from_it(
    spent: int, level: Level, said: str
) -> None:
    found = judged(spent=spent)["budget"]
    assert found.level is level
    assert said in found.message
    assert "HEARTBEAT_MAX_TOKENS_PER_DAY" in found.message


def test_heartbeats_that_wait_for_a_clock_that_was_set_back_are_found() -> None:
    found = findings(ahead=3)["schedule"]
    assert found.level is Level.FAIL
    assert "set back" in found.message
    assert "3" in found.message


def test_a_redis_that_refuses_writes_is_named_and_no_process_called_dead() -> None:
    gone = [a_process(kind, is_alive=False) for kind in ("gateway", "beat", "worker")]

    found = findings(processes=gone, refusal="OOM command not allowed")

    assert found["Redis"].level is Level.FAIL
    assert "refuses writes" in found["Redis"].message
    assert "OOM command not allowed" in found["Redis"].message
    assert {found[kind].level for kind in ("gateway", "beat", "worker")} == {Level.WARN}
    assert "queues" not in found
