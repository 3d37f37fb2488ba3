"""Requests that outlive a connection."""

import asyncio
from collections.abc import Callable

import pytest

from heartbeat.client.pending import Pending
from heartbeat.errors import GatewayUnavailable, RequestRefused
from heartbeat.replies import DeleteResult, ErrorReply, ListResult, Reply
from heartbeat.requests import CLIENT_MESSAGE, ListHeartbeats, Request


def a_request(kind: str, **fields: object) -> Request:
    given = {"type": kind, "id": "r1", "scheduleId": "hb-1", **fields}
    message = CLIENT_MESSAGE.validate_python(given)
    assert isinstance(message, Request)
    return message


def in_a_loop(scenario: Callable[[Pending], None]) -> None:
    async def run() -> None:
        scenario(Pending())

    asyncio.run(run())


def sent(pending: Pending) -> list[str]:
    ids = []
    while (request := pending.next_to_send()) is not None:
        ids.append(request.id)
    return ids


def test_a_request_is_sent_once_a_connection_until_answered() -> None:
    def scenario(pending: Pending) -> None:
        pending.add(ListHeartbeats(type="heartbeat.list", id="r1"))
        assert sent(pending) == ["r1"]
        assert sent(pending) == []
        pending.break_off()
        assert sent(pending) == ["r1"]
        pending.answer(ListResult(id="r1", heartbeats=()))
        pending.break_off()
        assert sent(pending) == []

    in_a_loop(scenario)


def test_requests_go_out_in_order() -> None:
    def scenario(pending: Pending) -> None:
        for number in range(3):
            pending.add(ListHeartbeats(type="heartbeat.list", id=f"r{number}"))
        assert sent(pending) == ["r0", "r1", "r2"]

    in_a_loop(scenario)


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(a_request("heartbeat.run"), id="run"),
        pytest.param(
            a_request("heartbeat.configure", heartbeatPath="a.md", runNow=True),
            id="configure-with-run-now",
        ),
    ],
)
def test_what_starts_a_run_is_not_sent_twice(request_: Request) -> None:
    def scenario(pending: Pending) -> None:
        waiting = pending.add(request_)
        sent(pending)
        pending.break_off()
        error = waiting.reply.exception()
        assert isinstance(error, GatewayUnavailable)
        assert error.retryable
        assert sent(pending) == []

    in_a_loop(scenario)


def test_what_starts_a_run_waits_for_a_connection_if_it_was_not_sent() -> None:
    def scenario(pending: Pending) -> None:
        waiting = pending.add(a_request("heartbeat.run"))
        pending.break_off()
        assert not waiting.reply.done()
        assert sent(pending) == ["r1"]

    in_a_loop(scenario)


def test_a_refusal_carries_the_gateways_code() -> None:
    def scenario(pending: Pending) -> None:
        waiting = pending.add(a_request("heartbeat.run"))
        pending.refuse(
            ErrorReply(request_id="r1", code="busy", message="open", retryable=True)
        )
        error = waiting.reply.exception()
        assert isinstance(error, RequestRefused)
        assert (error.code, error.retryable, str(error)) == ("busy", True, "open")

    in_a_loop(scenario)


@pytest.mark.parametrize("request_id", ["other", None])
def test_a_refusal_of_nothing_known_is_passed_over(request_id: str | None) -> None:
    def scenario(pending: Pending) -> None:
        waiting = pending.add(a_request("heartbeat.run"))
        pending.refuse(ErrorReply(request_id=request_id, code="x", message=""))
        assert not waiting.reply.done()

    in_a_loop(scenario)


def test_a_delete_that_was_sent_again_and_finds_nothing_has_done_it() -> None:
    def scenario(pending: Pending) -> None:
        waiting = pending.add(a_request("heartbeat.delete"))
        sent(pending)
        pending.break_off()
        sent(pending)
        pending.refuse(ErrorReply(request_id="r1", code="not_found", message="no"))
        assert waiting.reply.result() == DeleteResult(id="r1", schedule_id="hb-1")

    in_a_loop(scenario)


def test_a_delete_of_nothing_is_refused_the_first_time() -> None:
    def scenario(pending: Pending) -> None:
        waiting = pending.add(a_request("heartbeat.delete"))
        sent(pending)
        pending.refuse(ErrorReply(request_id="r1", code="not_found", message="no"))
        assert isinstance(waiting.reply.exception(), RequestRefused)

    in_a_loop(scenario)


def test_late_replies_are_passed_over() -> None:
    def scenario(pending: Pending) -> None:
        request = a_request("heartbeat.list")
        waiting = pending.add(request)
        pending.forget(request)
        pending.answer(Reply(id="r1"))
        assert not waiting.reply.done()

    in_a_loop(scenario)


def test_a_cancelled_request_takes_no_reply() -> None:
    def scenario(pending: Pending) -> None:
        waiting = pending.add(a_request("heartbeat.list"))
        waiting.reply.cancel()
        pending.answer(Reply(id="r1"))
        assert waiting.reply.cancelled()

    in_a_loop(scenario)


def test_the_end_fails_all_that_waits_and_all_that_comes() -> None:
    def scenario(pending: Pending) -> None:
        waiting = pending.add(a_request("heartbeat.list"))
        pending.end(GatewayUnavailable("closed"))
        assert isinstance(waiting.reply.exception(), GatewayUnavailable)
        with pytest.raises(GatewayUnavailable):
            pending.add(a_request("heartbeat.list"))

    in_a_loop(scenario)
