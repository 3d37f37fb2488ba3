"""Tells an outside monitor, each minute, that beats fire and runs finish.

A monitor that hears nothing for some minutes alarms by itself: it watches all of this
from a place that does not fail with it.
"""

import logging
import urllib.request
from collections.abc import Iterable
from http.client import HTTPException
from urllib.parse import urlsplit

from gateway.memory import Memory
from heartbeat.errors import InvalidSettings
from heartbeat.store.processes import Processes, ProcessSeen
from heartbeat.store.statistics import Lag, Statistics
from heartbeat.store.watch import Watch

logger = logging.getLogger(__name__)

#: Seconds between two pings.
PING_SECONDS = 60.0
#: Seconds the monitor may take to answer.
TIMEOUT_SECONDS = 10.0
#: A due slot that waits longer for a beat, in milliseconds, is not being fired.
MOST_LAG_MS = 30_000
#: A slot that waits longer for a worker, in milliseconds, is not being begun: so long
#: does the watcher wait, and what is due at a full hour must get through.
MOST_WAIT_MS = 300_000


class DeadMan:
    """Pings while all is well; silence is the message when it is not."""

    def __init__(
        self,
        url: str,
        *,
        watch: Watch,
        processes: Processes,
        statistics: Statistics,
        memory: Memory,
    ) -> None:
        self._url = check_url(url)
        self._watch, self._processes = watch, processes
        self._statistics, self._memory = statistics, memory
        self._is_silent = False

    def ping(self) -> bool:
        """Ping if all is well; say whether the monitor heard it. Raises StoreError."""
        trouble = find_trouble(
            self._processes.seen(),
            is_any_silent=self._watch.is_any_silent(),
            lag=self._statistics.lag(),
            is_state_lost=self._memory.is_lost
            or self._statistics.configs_stored() == 0,
        )
        if trouble is not None:
            if not self._is_silent:
                extra = {"action": "deadman_silent"}
                logger.error("no dead-man ping: %s", trouble, extra=extra)
            self._is_silent = True
            return False
        self._is_silent = False
        return self._send()

    def _send(self) -> bool:
        try:
            with urllib.request.urlopen(self._url, timeout=TIMEOUT_SECONDS):
                return True
        except (OSError, HTTPException) as error:  # the latter: what answers is no HTTP
            extra = {"action": "deadman_unheard"}
            why = str(error).strip() or type(error).__name__
            logger.warning("the dead-man ping was not heard: %s", why, extra=extra)
            return False


def find_trouble(
    seen: Iterable[ProcessSeen],
    *,
    is_any_silent: bool,
    lag: Lag,
    is_state_lost: bool,
) -> str | None:
    """Say why beats do not fire or runs do not finish, or None while they do."""
    alive = {process.kind for process in seen if process.is_alive}
    if "beat" not in alive:
        return "no beat is alive"
    if "worker" not in alive:
        return "no worker is alive"
    if is_state_lost:
        return "nothing was configured since Redis was new, or has lost state"
    if lag.overdue_ms > MOST_LAG_MS:
        return f"a slot has waited {lag.overdue_ms / 1000:.0f} s for a beat"
    if lag.unbegun_ms > MOST_WAIT_MS:
        return f"a slot has waited {lag.unbegun_ms / 1000:.0f} s for a worker"
    if lag.unreadable:
        return f"{lag.unreadable} stored heartbeats cannot be read, and do not run"
    return "a slot has no finished run after its grace" if is_any_silent else None


def check_url(url: str) -> str:
    """Return the URL, or raise InvalidSettings.

    Who knows the address can ping it, so no message repeats it.
    """
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_address = False
    if not is_address or not url.isascii() or any(c <= " " for c in url):
        raise InvalidSettings(
            "HEARTBEAT_DEADMAN_URL: expected http:// or https://, a host, and no spaces"
            f" or letters beyond ASCII, got something else of {len(url)} characters"
        )
    return url
