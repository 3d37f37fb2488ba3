"""What a client does when its connection ends."""

import re

import pytest

from heartbeat.client.retrying import BackOff, Ended, ended_by_close, wait_range
from heartbeat.errors import (
    ConnectionReplaced,
    GatewayUnavailable,
    HeartbeatError,
    InvalidMessage,
    Unauthorized,
    Unsupported,
)
from heartbeat.replies import Closing

BACK_OFF = BackOff(first_seconds=0.5, limit_seconds=30)


def a_closing(code: int = 1012, *, reconnect: bool = True) -> Closing:
    return Closing(code=code, reason="told", reconnect=reconnect, delay_ms=(200, 4000))


@pytest.mark.parametrize(
    ("code", "error"),
    [
        pytest.param(4400, InvalidMessage, id="bad-frame"),
        pytest.param(4401, Unauthorized, id="bad-token"),
        pytest.param(4403, Unauthorized, id="forbidden"),
        pytest.param(4406, Unsupported, id="no-common-protocol"),
        pytest.param(4409, ConnectionReplaced, id="replaced"),
        pytest.param(4411, Unauthorized, id="expired-token"),
    ],
)
def test_it_stops_where_the_same_attempt_would_end_alike(
    code: int, error: type[HeartbeatError]
) -> None:
    ended = ended_by_close(code, "told", None)
    assert type(ended.error) is error
    assert not ended.error.retryable
    assert str(code) in str(ended.error)


def test_a_client_without_token_is_not_told_that_its_token_is_wrong() -> None:
    ended = ended_by_close(4401, "told", None, has_token=False)
    assert "needs a token, and none was given (4401: told)" in str(ended.error)


@pytest.mark.parametrize("code", [None, 1000, 1001, 1006, 1011, 1012, 4408, 4410, 4429])
def test_it_goes_on_after_any_other_end(code: int | None) -> None:
    ended = ended_by_close(code, "", None)
    assert isinstance(ended.error, GatewayUnavailable)
    assert ended.delay is None


@pytest.mark.parametrize(
    ("code", "reason", "said"),
    [
        pytest.param(None, "", "went away without a close", id="broken"),
        pytest.param(1001, "", r"closed the connection \(1001\)$", id="code"),
        pytest.param(1012, "restart", r"\(1012: restart\)$", id="reason"),
    ],
)
def test_the_cause_of_an_end_is_said(code: int | None, reason: str, said: str) -> None:
    assert re.search(said, str(ended_by_close(code, reason, None).error))


def test_it_stops_when_the_gateway_wants_no_reconnect() -> None:
    ended = ended_by_close(1000, "", a_closing(reconnect=False))
    assert not ended.error.retryable


def test_a_stop_code_that_was_only_announced_holds_when_the_network_broke() -> None:
    ended = ended_by_close(None, "", a_closing(4401, reconnect=False))
    assert isinstance(ended.error, Unauthorized)


def test_it_waits_as_long_as_the_gateway_asks() -> None:
    ended = ended_by_close(1012, "", a_closing())
    assert wait_range(ended, attempt=9, back_off=BACK_OFF) == (0.2, 4.0)


def test_it_leaves_an_overloaded_gateway_alone() -> None:
    ended = ended_by_close(1013, "", None)
    assert wait_range(ended, attempt=0, back_off=BACK_OFF) == (10.0, 30.0)


@pytest.mark.parametrize(
    ("attempt", "longest"), [(0, 0.5), (1, 1.0), (3, 4.0), (6, 30.0), (10_000, 30.0)]
)
def test_waits_double_up_to_the_limit_and_are_drawn_from_zero(
    attempt: int, longest: float
) -> None:
    ended = Ended(error=GatewayUnavailable("gone"))
    waits = wait_range(ended, attempt=attempt, back_off=BACK_OFF)
    assert waits == (0.0, longest)
