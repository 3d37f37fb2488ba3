"""What the gateway counts: one declared table, from which the docs are made.

No label names an owner: a scrape must not tell tenants apart, nor grow with them.
"""

from dataclasses import dataclass
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.exposition import generate_latest

from heartbeat.prices import MICRO_DOLLARS
from heartbeat.store.statistics import Lag
from heartbeat.usage import Usage

#: Put before every name.
PREFIX = "heartbeat_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric as it is documented; a late one is left out until it is set."""

    name: str
    kind: Literal["counter", "gauge"]
    about: str
    labels: tuple[str, ...] = ()
    is_late: bool = False


METRICS = (
    Metric(name="connections", kind="gauge", about="sockets open now"),
    Metric(
        name="connects",
        kind="counter",
        about="sockets opened, and upgrades refused with their HTTP status",
        labels=("result",),
    ),
    Metric(
        name="closes",
        kind="counter",
        about="sockets closed, by close code",
        labels=("code",),
    ),
    Metric(
        name="alerts_sent", kind="counter", about="entries of feeds sent to sockets"
    ),
    Metric(
        name="catch_ups",
        kind="counter",
        about="readings of a feed's stream, by what made them needed",
        labels=("cause",),
    ),
    Metric(
        name="lost_ranges",
        kind="counter",
        about="clients told that the feed no longer has what they missed",
        labels=("reason",),
    ),
    Metric(
        name="clients_forgotten",
        kind="counter",
        about="named clients whose cursor made room for another of their owner",
    ),
    Metric(
        name="commands",
        kind="counter",
        about="requests answered, by type and `ok` or the error's code",
        labels=("type", "outcome"),
    ),
    Metric(
        name="auth_failures",
        kind="counter",
        about="logins refused: wrong token, or too many before",
        labels=("reason",),
    ),
    Metric(
        name="overdue_found",
        kind="counter",
        about="heartbeats that this gateway's watch found overdue, and told",
    ),
    Metric(
        name="loop_lag_seconds",
        kind="gauge",
        about="how late the event loop was at its last look",
    ),
    Metric(
        name="background_failures",
        kind="counter",
        about="failures of the gateway's recurring work, by which; it is done again",
        labels=("work",),
    ),
    Metric(
        name="stood_still_seconds",
        kind="counter",
        about="seconds for which this process was stopped, or its machine suspended",
    ),
    Metric(
        name="deadman_up",
        kind="gauge",
        about="1 while the outside monitor is pinged, 0 while something is wrong;"
        " absent without HEARTBEAT_DEADMAN_URL",
        is_late=True,
    ),
    Metric(name="redis_up", kind="gauge", about="1 while Redis answers"),
    Metric(
        name="ledger",
        kind="gauge",
        about="counters of the fleet's slots and runs since the store began",
        labels=("event",),
    ),
    Metric(
        name="last_finished_timestamp_seconds",
        kind="gauge",
        about="when a run of the fleet finished last, in Unix time; absent before",
        is_late=True,
    ),
    Metric(name="scheduled", kind="gauge", about="heartbeats that have a next slot"),
    Metric(name="open_slots", kind="gauge", about="slots claimed and not ended"),
    Metric(
        name="unreadable",
        kind="gauge",
        about="heartbeats that no beat can schedule or no worker run, since their"
        " record cannot be read",
    ),
    Metric(
        name="due_lag_seconds", kind="gauge", about="how late the oldest due slot is"
    ),
    Metric(
        name="begin_lag_seconds",
        kind="gauge",
        about="how long the oldest open slot that no worker has begun has waited",
    ),
    Metric(
        name="tokens_today",
        kind="gauge",
        about="model tokens of the fleet in this UTC day, by sort",
        labels=("sort",),
    ),
    Metric(
        name="dollars_today",
        kind="gauge",
        about="list price of the fleet's model calls in this UTC day",
    ),
    Metric(
        name="model_calls_today",
        kind="gauge",
        about="model calls of the fleet in this UTC day, by whether they have a price",
        labels=("priced",),
    ),
)


class Metrics:
    """The metrics of one gateway."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._late: dict[str, Gauge] = {}
        for metric in METRICS:
            name = PREFIX + metric.name
            if metric.kind == "counter":
                self._counters[metric.name] = Counter(
                    name, metric.about, metric.labels, registry=self._registry
                )
            else:
                gauge = Gauge(name, metric.about, metric.labels, registry=None)
                self._gauges[metric.name] = gauge
                if metric.is_late:
                    self._late[metric.name] = gauge
                else:
                    self._registry.register(gauge)

    def count(self, name: str, *labels: str, by: float = 1) -> None:
        """Add to a declared counter."""
        counter = self._counters[name]
        (counter.labels(*labels) if labels else counter).inc(by)

    def set(self, name: str, value: float, *labels: str) -> None:
        """Set a declared gauge; from now on it is shown."""
        if name in self._late:
            self._registry.register(self._late.pop(name))
        gauge = self._gauges[name]
        (gauge.labels(*labels) if labels else gauge).set(value)

    def set_ledger(
        self, counters: dict[str, int], lag: Lag, *, last_finished_ms: int | None
    ) -> None:
        """Take over what the fleet's ledger says."""
        for event, count in counters.items():
            self.set("ledger", count, event)
        if last_finished_ms is not None:
            self.set("last_finished_timestamp_seconds", last_finished_ms / 1000)
        self.set("scheduled", lag.scheduled)
        self.set("open_slots", lag.open)
        self.set("unreadable", lag.unreadable)
        self.set("due_lag_seconds", lag.overdue_ms / 1000)
        self.set("begin_lag_seconds", lag.unbegun_ms / 1000)

    def set_usage(self, today: Usage) -> None:
        """Take over what the fleet has spent today."""
        self.set("tokens_today", today.input_tokens, "input")
        self.set("tokens_today", today.output_tokens, "output")
        self.set("tokens_today", today.cache_read_tokens, "cache_read")
        self.set("tokens_today", today.cache_write_tokens, "cache_write")
        self.set("dollars_today", today.micro_dollars / MICRO_DOLLARS)
        self.set("model_calls_today", today.unpriced_calls, "no")
        self.set("model_calls_today", today.calls - today.unpriced_calls, "yes")

    def text(self) -> bytes:
        """Return all of them in Prometheus' text format."""
        return generate_latest(self._registry)
