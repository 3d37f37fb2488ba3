"""Requests that wait for their reply, over as many connections as it takes.

Knows futures, but no socket. A request that starts a run is never sent twice: whether
the first one arrived cannot be known once the connection is gone.
"""

import asyncio
from dataclasses import dataclass

from heartbeat.errors import GatewayUnavailable, HeartbeatError, RequestRefused
from heartbeat.replies import DeleteResult, ErrorReply, Reply
from heartbeat.requests import Configure, Delete, Request, Run


@dataclass(slots=True, kw_only=True)
class Waiting:
    """One request with its reply to come; `sent` counts over all connections."""

    request: Request
    reply: asyncio.Future[Reply]
    sent: int = 0
    is_on_its_way: bool = False


class Pending:
    """The requests of one client that have no reply yet, by id, in order."""

    def __init__(self) -> None:
        self._waiting: dict[str, Waiting] = {}
        self._ended: HeartbeatError | None = None

    def add(self, request: Request) -> Waiting:
        """Keep a request until it is answered, refused or forgotten."""
        if self._ended is not None:
            raise self._ended
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        waiting = self._waiting[request.id] = Waiting(request=request, reply=reply)
        return waiting

    def forget(self, request: Request) -> None:
        """Stop waiting; a late reply is ignored."""
        self._waiting.pop(request.id, None)

    def next_to_send(self) -> Request | None:
        """Give a request that is not on its way, and count it as sent."""
        for waiting in self._waiting.values():
            if not waiting.is_on_its_way:
                waiting.is_on_its_way = True
                waiting.sent += 1
                return waiting.request
        return None

    def break_off(self) -> None:
        """Fail what must not be sent twice; the rest goes out again."""
        for waiting in list(self._waiting.values()):
            if waiting.is_on_its_way and _starts_a_run(waiting.request):
                self._fail(
                    waiting,
                    GatewayUnavailable(
                        "the connection broke after the request was sent: whether"
                        " the run was started is not known; ask the history, or again"
                    ),
                )
            waiting.is_on_its_way = False

    def answer(self, reply: Reply) -> None:
        """Give a reply to who waits for it."""
        waiting = self._waiting.pop(reply.id, None)
        if waiting is not None and not waiting.reply.done():
            waiting.reply.set_result(reply)

    def refuse(self, error: ErrorReply) -> None:
        """Give a failure to who waits for it."""
        waiting = self._waiting.get(error.request_id or "")
        if waiting is None:
            return
        request = waiting.request
        is_again = error.code == "not_found" and waiting.sent > 1
        if is_again and isinstance(request, Delete):
            # The first one did it, only its reply was lost with the connection.
            gone = DeleteResult(id=request.id, schedule_id=request.schedule_id)
            return self.answer(gone)
        self._fail(
            waiting,
            RequestRefused(error.message, code=error.code, retryable=error.retryable),
        )

    def end(self, error: HeartbeatError) -> None:
        """Fail all that still waits, and all that comes after."""
        self._ended = error
        for waiting in list(self._waiting.values()):
            self._fail(waiting, error)

    def _fail(self, waiting: Waiting, error: HeartbeatError) -> None:
        self.forget(waiting.request)
        if not waiting.reply.done():
            waiting.reply.set_exception(error)


def _starts_a_run(request: Request) -> bool:
    return isinstance(request, Run) or (
        isinstance(request, Configure) and request.run_now
    )
