"""What plain GET requests are answered: health, readiness, metrics, where to connect.

`/healthz` says that the event loop turns: that it answers is the evidence. `/readyz`
says that clients would be served: Redis answers, the recurring work goes on, and the
gateway is not going away.
"""

from dataclasses import dataclass
from http import HTTPStatus

from gateway.metrics import Metrics

#: Seconds without a word of Redis, good or bad, after which it counts as away.
REDIS_AWAY_AFTER = 15.0

_TEXT = "text/plain; charset=utf-8"
_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to a GET."""

    status: HTTPStatus
    body: bytes
    content_type: str = _TEXT


class Health:
    """The gateway's own condition."""

    def __init__(self, metrics: Metrics) -> None:
        self.is_draining = False
        self.is_broken = False
        self._metrics = metrics
        self._redis_seen: float | None = None

    def redis_answered(self, now: float) -> None:
        """Note that Redis is there."""
        self._redis_seen = now
        self._metrics.set("redis_up", 1)

    def redis_failed(self) -> None:
        """Note that Redis did not answer."""
        self._redis_seen = None
        self._metrics.set("redis_up", 0)

    def answer(self, path: str, now: float) -> Answer | None:
        """Answer a GET; None for the socket's path."""
        match path.split("?", 1)[0]:
            case "/ws":
                return None
            case "/healthz":
                return Answer(HTTPStatus.OK, b"ok\n")
            case "/readyz":
                return self._readiness(now)
            case "/metrics":
                return Answer(HTTPStatus.OK, self._metrics.text(), _PROMETHEUS)
            case "/":
                return Answer(
                    HTTPStatus.OK,
                    b"heartbeat gateway: connect a WebSocket to /ws\n"
                    b"GET /healthz /readyz /metrics\n",
                )
            case _:
                return Answer(
                    HTTPStatus.NOT_FOUND,
                    b"expected /ws, /healthz, /readyz or /metrics\n",
                )

    def _readiness(self, now: float) -> Answer:
        if self.is_broken:
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE, b"recurring work has ended\n")
        if self.is_draining:
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE, b"draining\n")
        if self._redis_seen is None or now - self._redis_seen > REDIS_AWAY_AFTER:
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE, b"Redis does not answer\n")
        return Answer(HTTPStatus.OK, b"ready\n")
