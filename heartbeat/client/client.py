"""What a program calls: `connect`, and the Client that it gives."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from heartbeat.client.acks import LONGEST_WAIT
from heartbeat.client.building import build
from heartbeat.client.calls import Calls
from heartbeat.client.connection import Connection
from heartbeat.client.dialing import Dialer
from heartbeat.client.inbox import Message
from heartbeat.client.position import Position
from heartbeat.client.retrying import BackOff
from heartbeat.replies import Ready
from heartbeat.requests import Hello
from heartbeat.told import LostMessage, Status


@asynccontextmanager
async def connect(
    url: str,
    *,
    token: str | None = None,
    client_id: str | None = None,
    resume: str | None = None,
    start: Literal["head", "all"] = "head",
    origin: str | None = None,
    request_seconds: float = 30.0,
    back_off: BackOff | None = None,
) -> AsyncIterator["Client"]:
    """Connect to a gateway and stay connected for the block.

    The first connection must succeed: GatewayUnavailable, Unauthorized or another
    HeartbeatError is raised at once. Later breaks heal by themselves. The feed begins
    after `resume` (an alertId, see `Client.cursor`), else after the cursor that the
    gateway keeps for `client_id`, else at `start`.
    """
    position = Position(resume=resume, start=start)

    def hello() -> Hello:
        return build(
            Hello,
            type="hello",
            id="hello",
            token=token,
            client_id=client_id,
            resume=position.resume,
            from_=position.start,
        )

    hello()  # refuse a bad client id before there is a connection
    connection = Connection(
        dialer=Dialer(url=url, origin=origin),
        hello=hello,
        position=position,
        back_off=back_off or BackOff(),
    )
    await connection.open()
    try:
        yield Client(connection, request_seconds=request_seconds)
    finally:
        await connection.close()


class Client(Calls):
    """A connected client; made by `connect`.

    Requests wait through a reconnect and are sent again, save those that start a run:
    they raise GatewayUnavailable if the connection breaks before the reply. A refusal
    raises RequestRefused with the gateway's code, no answer in time GatewayUnavailable.
    """

    @property
    def ready(self) -> Ready:
        """Return what the gateway said at the newest connection."""
        ready = self._connection.ready
        assert ready is not None  # `connect` waits for it
        return ready

    @property
    def cursor(self) -> str | None:
        """Return the alertId to `resume` from later: all up to it was taken."""
        return self._connection.acks.taken

    async def alerts(self) -> AsyncIterator[Message]:
        """Give alerts and their ends in order, each once, over all connections.

        Asking for the next message acknowledges the one before, so a program that
        ends while it handles one is given it again under the same `client_id`; one
        that breaks off the iteration says `done_with` of the last it handled. A
        LostMessage says what the gateway no longer had, and Status that alerts are held
        up, or come again. When 256 messages wait, the
        socket is not read on (replies wait too) until some are taken: nothing is
        dropped. Ends when the client is closed; raises if it was turned away.
        """
        while (message := await self._connection.inbox.get()) is not None:
            yield message
            await self.done_with(message)

    async def done_with(self, message: Message) -> None:
        """Acknowledge up to this message; for who leaves `alerts()` in the midst."""
        if isinstance(message, LostMessage | Status) or message.alert_id is None:
            return
        if self._connection.acks.take(message.alert_id):
            await self._connection.send_ack()
        else:
            self._connection.ack_within(LONGEST_WAIT)
