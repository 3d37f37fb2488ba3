"""One pub/sub connection for any number of channels, made anew whenever it breaks."""

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Self

from redis.asyncio import Connection, ConnectionPool
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import ConnectionError, RedisError

from heartbeat.errors import StoreUnavailable

logger = logging.getLogger(__name__)

#: How long connecting, or confirming a subscription, may take, in seconds.
PATIENCE_SECONDS = 5.0
#: A line that is silent for so long is asked for a sign of life; silent for as long
#: again, it is taken for dead. In seconds.
SILENCE_SECONDS = 10.0
#: Channels of one command, when a new line takes up many.
CHANNELS_AT_ONCE = 1_000

#: Failures in a row that still make the next wait longer: by then it is at its longest,
#: and from 1,024 on redis-py computes a number that no float can be.
MOST_FAILURES = 16

_BACKOFF = ExponentialWithJitterBackoff(base=0.05, cap=2.0)


class PushLine:
    """Listens for as long as `run` runs.

    `on_reset` follows each connection, once the server has confirmed all that was
    subscribed: whatever was published before that may be missing.
    """

    def __init__(
        self,
        pool: ConnectionPool,
        *,
        on_message: Callable[[str, str], None],
        on_reset: Callable[[], None],
    ) -> None:
        self._pool = pool
        self._on_message = on_message
        self._on_reset = on_reset
        self._connection: Connection | None = None
        self._wanted: dict[str, asyncio.Event] = {}
        self._unanswered: Counter[str] = Counter()
        self._is_new = False
        self._failures = 0

    @classmethod
    def to(
        cls,
        url: str,
        *,
        on_message: Callable[[str, str], None],
        on_reset: Callable[[], None],
    ) -> Self:
        """Make a line to a server; nothing is sent before `run`."""
        # No socket time-out: silence is normal here, and is watched over by asking.
        # With one, redis-py sends by `asyncio.wait_for`, which loses a cancellation
        # before Python 3.12: a gateway told to stop would listen on for ever.
        pool: ConnectionPool = ConnectionPool.from_url(
            url,
            client_name="feed",
            decode_responses=True,
            encoding_errors="replace",
            protocol=2,
            socket_timeout=None,
            socket_connect_timeout=PATIENCE_SECONDS,
            socket_keepalive=True,
        )
        return cls(pool, on_message=on_message, on_reset=on_reset)

    def want(self, channel: str) -> None:
        """Have a channel subscribed with each connection; call it before `run`."""
        self._wanted[channel] = asyncio.Event()

    async def subscribe(self, channel: str) -> None:
        """Return when the server has confirmed; raises StoreUnavailable.

        While the line is down this waits for it, but not for long. Only one caller at
        a time may subscribe to a channel.
        """
        confirmed = self._wanted[channel] = asyncio.Event()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._send("SUBSCRIBE", [channel])
                await confirmed.wait()
        except TimeoutError as error:
            raise StoreUnavailable(
                "expected Redis to confirm a subscription"
                f" within {PATIENCE_SECONDS:g} s, got no answer"
            ) from error
        finally:
            if not confirmed.is_set():
                del self._wanted[channel]

    async def unsubscribe(self, channel: str) -> None:
        """Want no more messages of a channel; a few may still come."""
        if self._wanted.pop(channel, None) is not None:
            await self._send("UNSUBSCRIBE", [channel])

    async def run(self) -> None:
        """Connect and listen until cancelled, through every failure."""
        while True:
            try:
                await self._listen_once()
            except (RedisError, TimeoutError) as error:
                self._say_once(error)
            except Exception:  # what a listener raised; a new line starts clean
                logger.exception("a push failed", extra={"action": "push_failed"})
            self._failures = min(self._failures + 1, MOST_FAILURES)
            await asyncio.sleep(_BACKOFF.compute(self._failures))

    async def _listen_once(self) -> None:
        connection: Connection = self._pool.make_connection()  # type: ignore[no-untyped-call]  # redis-py has not typed it
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await connection.connect()  # type: ignore[no-untyped-call]  # the same
            await self._resubscribe(connection)
            await self._listen(connection)
        finally:
            self._connection = None
            await connection.disconnect(nowait=True)

    async def _resubscribe(self, connection: Connection) -> None:
        # From here on `subscribe` sends for itself; what it wanted before is sent here.
        self._connection, self._is_new = connection, True
        self._unanswered.clear()
        channels = list(self._wanted)
        for start in range(0, len(channels), CHANNELS_AT_ONCE):
            await self._send("SUBSCRIBE", channels[start : start + CHANNELS_AT_ONCE])
        self._end_reset()

    async def _listen(self, connection: Connection) -> None:
        is_asked = False
        while True:
            reply = await connection.read_response(
                timeout=SILENCE_SECONDS, disconnect_on_error=False
            )
            if reply is not None:
                is_asked = False
                await self._take(reply)
            elif is_asked:
                raise ConnectionError("silent for too long")
            elif not connection.is_connected:
                raise ConnectionError("cut while something was sent")
            else:
                is_asked = True
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await connection.send_command("PING", check_health=False)

    async def _take(self, reply: object) -> None:
        match reply:
            case ["message", str(channel), str(text)]:
                self._on_message(channel, text)
            case ["subscribe", str(channel), _]:
                await self._confirm(channel)
            case _:
                pass  # an answer to PING or UNSUBSCRIBE: a sign of life

    async def _confirm(self, channel: str) -> None:
        """Count an answer; only the last one outstanding proves the last command."""
        self._unanswered[channel] -= 1
        if self._unanswered[channel] > 0:
            return
        del self._unanswered[channel]
        if channel in self._wanted:
            self._wanted[channel].set()
        else:
            await self._send("UNSUBSCRIBE", [channel])
        self._end_reset()

    def _end_reset(self) -> None:
        if self._is_new and not self._unanswered:
            self._is_new, self._failures = False, 0
            self._on_reset()

    async def _send(self, command: str, channels: Sequence[str]) -> None:
        """Send if the line is up. If that fails a new line takes up what is wanted.

        A line that was cut must not be sent on, though its reader has not noticed yet:
        the client would connect again by itself, and listen to nothing.
        """
        if self._connection is None or not self._connection.is_connected:
            return
        if command == "SUBSCRIBE":
            self._unanswered.update(channels)
        with contextlib.suppress(RedisError, TimeoutError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._connection.send_command(
                    command, *channels, check_health=False
                )

    def _say_once(self, error: Exception) -> None:
        if self._failures == 0:
            logger.warning(
                "the feed waits for Redis: %s", error, extra={"action": "feed_waits"}
            )
