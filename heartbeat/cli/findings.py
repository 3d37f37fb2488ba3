"""What `doctor` makes of the facts it gathered: fine, or what to do. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from heartbeat.budgets import Budget, Rung
from heartbeat.cli.finding import Finding, fail, ok, warn
from heartbeat.cli.output import instant
from heartbeat.cli.slot_findings import of_lag, of_queues, of_silence
from heartbeat.instants import ms_to_text
from heartbeat.store.gates import ClosedGate
from heartbeat.store.placements import Placement
from heartbeat.store.processes import ProcessKind, ProcessSeen
from heartbeat.store.statistics import Lag
from heartbeat.store.watch import Silent
from heartbeat.verdict import Cause

#: Seconds by which clocks may differ before local times mislead a reader.
SKEW_SECONDS = 2.0

#: How each kind of process is started.
_START: dict[ProcessKind, str] = {
    "gateway": "python -m gateway",
    "beat": "celery -A beat_schedule.app beat",
    "worker": "celery -A worker.app worker",
}


#: What is done with items that need a model while a budget is at a rung.
_ON_RUNG: dict[Rung, str] = {
    Rung.CHEAPER: "a cheaper model judges",
    Rung.CRITICAL: "a model judges critical items only",
    Rung.STOPPED: "no model judges anything",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What Redis and the fleet said."""

    info: Mapping[str, object]
    now_ms: int
    skew_seconds: float
    processes: Sequence[ProcessSeen]
    lag: Lag
    placements: Sequence[Placement]
    silent: Sequence[Silent]
    gates: Sequence[ClosedGate]
    fleet_budget: Budget
    #: Heartbeats that wait for a time far ahead, since the clock was set back.
    ahead: int = 0
    #: Why Redis refuses writes; None where it takes them.
    refusal: str | None = None


def judge(facts: Facts) -> Iterator[Finding]:
    """Give a finding for each thing looked at, in the order of the data's way."""
    if facts.refusal is None:
        yield ok("Redis", f"serves, {_version(facts.info)}")
    else:
        yield _refusal(facts.refusal, facts.info)
    yield from _server(facts.info)
    yield _eviction(str(facts.info.get("maxmemory_policy", "unknown")))
    yield _persistence(facts.info)
    yield _clock(facts.skew_seconds)
    for kind in _START:
        seen = [one for one in facts.processes if one.kind == kind]
        if facts.refusal is None:
            yield _processes(kind, seen, facts.now_ms)
        else:
            yield _unheard(kind, seen, facts.now_ms)
    if facts.refusal is None:
        yield from of_queues(facts.processes, facts.placements)
    yield from of_lag(facts.lag)
    yield of_silence(facts.silent)
    yield from _unreadable(facts.lag)
    yield from _gates(facts.gates, facts.now_ms)
    yield _budget(facts.fleet_budget)
    if facts.ahead:
        yield _ahead(facts.ahead)


def _refusal(refusal: str, info: Mapping[str, object]) -> Finding:
    """Say that nothing can be stored: no slot begins and no alert is told."""
    return fail(
        "Redis",
        f"answers and refuses writes, {_version(info)}: {refusal}",
        "give it memory (maxmemory) or disk, or connect to the primary; until then no"
        " heartbeat runs and no alert is told",
    )


def _unheard(kind: ProcessKind, seen: Sequence[ProcessSeen], now_ms: int) -> Finding:
    """Say what is left of reports that are refused with all other writes."""
    said = ", ".join(_place(one, now_ms) for one in seen) or "none"
    return warn(
        kind,
        f"cannot be known while reports are refused; heard of before: {said}",
        "see to Redis first",
    )


def _version(info: Mapping[str, object]) -> str:
    """Name the server: Valkey also gives the version of Redis that it is like."""
    if "valkey_version" in info:
        return f"Valkey {info['valkey_version']}"
    return f"Redis {info.get('redis_version', 'of an unknown version')}"


def _server(info: Mapping[str, object]) -> Iterator[Finding]:
    if info.get("cluster_enabled"):
        yield fail("Redis", "is a cluster", "use one primary: keys share one slot")
    if info.get("role", "master") != "master":
        yield fail("Redis", f"is a {info['role']}", "connect to the primary")


def _eviction(policy: str) -> Finding:
    if policy == "noeviction":
        return ok("eviction", policy)
    return fail(
        "eviction",
        f"policy is {policy}: under memory pressure Redis would delete heartbeats",
        "set maxmemory-policy noeviction",
    )


def _persistence(info: Mapping[str, object]) -> Finding:
    status = info.get("aof_last_write_status", "ok")
    if status != "ok":
        return fail("persistence", f"last write: {status}", "free disk space")
    if info.get("aof_enabled"):
        return ok("persistence", "append-only file")
    return warn(
        "persistence",
        "no append-only file: a restart of Redis may forget alerts",
        "set appendonly yes",
    )


def _clock(skew_seconds: float) -> Finding:
    said = f"this machine is {abs(skew_seconds):.1f} s"
    said += " ahead of Redis" if skew_seconds > 0 else " behind Redis"
    if abs(skew_seconds) <= SKEW_SECONDS:
        return ok("clock", said)
    return warn("clock", said, "synchronise the clocks (NTP); Redis' one decides")


def _processes(kind: ProcessKind, seen: Sequence[ProcessSeen], now_ms: int) -> Finding:
    alive = [one for one in seen if one.is_alive]
    said = ", ".join(_place(one, now_ms) for one in alive or seen)
    if alive:
        return ok(kind, f"{len(alive)} alive: {said}")
    gone = f"; {len(seen)} within the last hour: {said}" if seen else ""
    return fail(kind, f"none is alive{gone}", f"start one: {_START[kind]}")


def _place(one: ProcessSeen, now_ms: int) -> str:
    ago_seconds = max(0, now_ms - one.last_seen_ms) / 1000
    return f"{one.host} (pid {one.pid}, last heard {ago_seconds:.0f} s ago)"


def _unreadable(lag: Lag) -> Iterator[Finding]:
    if lag.unreadable:
        yield fail(
            "records",
            f"{lag.unreadable} heartbeats cannot be read by beats or workers, and do"
            " not run",
            "the logs of beats and workers say which and why; run the version that"
            " stored them, or configure them again",
        )


def _gates(gates: Sequence[ClosedGate], now_ms: int) -> Iterator[Finding]:
    """Say which models no worker calls now; a refused key waits for a person."""
    if not gates:
        yield ok("model calls", "no model has to be waited for")
    for gate in gates:
        closed = gate.closed
        until = instant(ms_to_text(now_ms + closed.ms))
        whose = f"{closed.provider}, {gate.model or 'every model of a key'}"
        said = f"{whose}: none until {until} UTC: {closed.why}"
        if closed.cause is Cause.MODEL_AUTH:
            yield fail(
                "model calls",
                said,
                "renew the key or raise its spending limit, and restart the workers",
            )
        else:
            yield warn("model calls", said, "wait, or ask the provider for more")


def _budget(fleet: Budget) -> Finding:
    """Say how far the fleet's day is spent, and what follows from it."""
    said = fleet.told()
    if fleet.rung is Rung.NORMAL:
        return ok("budget", said)
    level = fail if fleet.rung is Rung.STOPPED else warn
    return level(
        "budget",
        f"{said}: {_ON_RUNG[fleet.rung]}",
        "`heartbeat usage` says by whom; raise it, or wait for 00:00 UTC",
    )


def _ahead(count: int) -> Finding:
    return fail(
        "schedule",
        f"Redis' clock was set back: heartbeats that wait for it to catch up: {count}",
        "a running beat lets them go on within minutes; keep Redis' clock (NTP)",
    )
