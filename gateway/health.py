"""What plain GET requests are answered: health, readiness, metrics, where to connect.

`/healthz` says that the event loop turns: that it answers is the evidence. `/readyz`
says that clients would be served: Redis takes this gateway's reports, or has done so a
moment ago, the recurring work goes on, and the gateway is not going away.
"""

from dataclasses import dataclass
from http import HTTPStatus

from gateway.metrics import Metrics

#: Characters of a server's own words that are shown.
MAX_WORDS = 200

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

    def __init__(
        self, metrics: Metrics, *, redis_away_seconds: float, now: float
    ) -> None:
        """Redis may serve nobody for `redis_away_seconds` before that is trouble.

        Else a restart of it would make all gateways unready at once, and a balancer
        would cut all clients, which have nowhere to go.
        """
        self.is_draining = False
        self.is_broken = False
        self._metrics, self._redis_away_seconds = metrics, redis_away_seconds
        self._is_known, self._since = False, now
        self._words = "no answer yet"

    def redis_served(self, now: float) -> None:
        """Note that Redis has answered, and has taken a write."""
        self._is_known, self._since, self._words = True, now, "no answer"
        self._metrics.set("redis_up", 1)

    def redis_failed(self, words: str) -> None:
        """Note that it did not, and why."""
        self._words = words[:MAX_WORDS]
        self._metrics.set("redis_up", 0)

    def trouble(self, now: float) -> str | None:
        """Return what keeps alerts from clients by now; None if nothing does."""
        if self.unserved_seconds(now) <= self._redis_away_seconds:
            return None
        return f"Redis does not serve this gateway: {self._words}"

    def unserved_seconds(self, now: float) -> float:
        """Return for how long Redis has not served this gateway."""
        return now - self._since

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
        trouble = self.trouble(now)
        if trouble is not None or not self._is_known:
            body = f"{trouble or 'not looked at Redis yet'}\n".encode()
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE, body)
        return Answer(HTTPStatus.OK, b"ready\n")
