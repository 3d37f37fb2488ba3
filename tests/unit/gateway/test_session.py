"""One client's state machine: frames and silence in, decisions out."""

import json
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.auth import Gate, Tokens
from gateway.closes import CloseCode, closing
from gateway.decisions import Decision, Execute, Join, Leave, Move, Probe, Say
from gateway.delivery import Delivery
from gateway.limits import Failures
from gateway.session import TRANSITIONS, Session, State
from heartbeat.protocol import to_frame
from heartbeat.replies import ErrorReply, Pong, ServerPing
from heartbeat.requests import REQUEST_TYPES
from heartbeat.settings import Settings
from tests.unit.gateway.feeds import a_live_delivery, an_entry

SETTINGS = Settings(
    hello_seconds=5, ping_seconds=20, stalled_seconds=40, max_commands_per_second=5
)


def a_session(*, tokens: bool = False, **limits: object) -> Session:
    """Return a session that was opened at 0."""
    known = Tokens({sha256(b"red").hexdigest(): "alice"}) if tokens else None
    gate = Gate(known, Failures(10))
    return Session(
        gate=gate,
        address="10.0.0.1",
        settings=SETTINGS.model_copy(update=limits),
        now=0.0,
    )


def a_live_session(delivery: Delivery | None = None) -> Session:
    """Return a session of `local` that hears its feed."""
    session = a_session()
    assert session.admit(None, 0.0) == ()
    session.live(delivery or a_live_delivery())
    return session


def frame(kind: str, **fields: object) -> str:
    return json.dumps({"type": kind, "id": "1", **fields})


def error_of(decisions: tuple[Decision, ...]) -> str:
    """Return the code of the error that is said."""
    (say,) = decisions
    assert isinstance(say, Say)
    assert isinstance(say.message, ErrorReply)
    return say.message.code


def close_of(decisions: tuple[Decision, ...]) -> CloseCode:
    """Return the code of the close that ends the decisions."""
    leave = decisions[-1]
    assert isinstance(leave, Leave)
    return leave.code


# Hello and tokens


def test_without_tokens_any_first_request_joins_at_the_head() -> None:
    session = a_session()
    session.admit(None, 0.0)
    join, execute = session.receive(frame("heartbeat.list"), 0.0)
    assert join == Join()
    assert isinstance(execute, Execute)


def test_a_hello_joins_where_it_says() -> None:
    session = a_session(tokens=True)
    (join,) = session.receive(frame("hello", token="red", resume="1-2"), 0.0)
    assert isinstance(join, Join)
    assert join.hello is not None
    assert join.hello.resume == "1-2"
    assert session.login is not None
    assert session.login.owner == "alice"


def test_a_bearer_token_makes_hello_optional() -> None:
    session = a_session(tokens=True)
    assert session.admit("red", 0.0) == ()
    assert session.receive(frame("heartbeat.list"), 0.0)[0] == Join()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (frame("hello", token="green"), CloseCode.BAD_TOKEN),
        (frame("hello"), CloseCode.BAD_TOKEN),
        (frame("heartbeat.list"), CloseCode.NO_HELLO_FIRST),
        ("not json", CloseCode.NO_HELLO_FIRST),
        (b"\x00", CloseCode.NO_HELLO_FIRST),
        (frame("hello", token="x" * Settings().max_first_frame), CloseCode.TOO_BIG),
    ],
    ids=["wrong token", "no token", "a request", "no JSON", "binary", "too long"],
)
def test_a_client_that_is_not_known_may_only_say_hello(
    text: str | bytes, code: CloseCode
) -> None:
    session = a_session(tokens=True)
    assert close_of(session.receive(text, 0.0)) is code
    assert session.receive(frame("hello", token="red"), 0.0) == ()


def test_a_bad_bearer_token_closes() -> None:
    assert close_of(a_session(tokens=True).admit("green", 0.0)) is CloseCode.BAD_TOKEN


@pytest.mark.parametrize(
    "text",
    [frame("hello"), frame("hello", clientId="again")],
)
def test_hello_comes_once(text: str) -> None:
    assert error_of(a_live_session().receive(text, 0.0)) == "invalid_message"


def test_a_resume_that_is_no_cursor_is_refused() -> None:
    session = a_session()
    session.admit(None, 0.0)
    decisions = session.receive(frame("hello", resume="yesterday"), 0.0)
    assert error_of(decisions) == "invalid_message"


# Frames


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "invalid_message"),
        ("nope", "invalid_message"),
        ("[]", "invalid_message"),
        ("[" * 5000, "invalid_message"),
        (b"\xff\xfe", "invalid_message"),
        ('{"type":"heartbeat.get","id":"1"}', "invalid_message"),
        ('{"type":"heartbeat.history","id":"1","scheduleId":5}', "invalid_message"),
        ('{"type":"heartbeat.list"}', "invalid_message"),
        ('{"type":{"a":1},"id":"1"}', "invalid_message"),
        (frame("heartbeat.explode"), "invalid_message"),
        (frame("schedule.create"), "unsupported"),
        ('{"type":"heartbeat.configure","id":"1","interval":NaN}', "invalid_message"),
        (frame("ack", alertId="x"), "invalid_message"),
        (frame("ack", alertId="9-9"), "invalid_message"),
    ],
    ids=[
        "nothing", "no JSON", "an array", "nested", "binary", "missing field",
        "wrong type", "no id", "type is no text", "unknown type", "not offered",
        "NaN", "ack of no id", "ack beyond the head",
    ],
)  # fmt: skip
def test_a_bad_frame_gets_an_error_and_the_socket_lives(
    text: str | bytes, code: str
) -> None:
    session = a_live_session()
    assert error_of(session.receive(text, 0.0)) == code
    assert session.state is State.LIVE


def test_a_ping_is_answered_and_a_pong_is_not() -> None:
    session = a_live_session()
    assert session.receive(frame("ping"), 0.0) == (Say(Pong(id="1")),)
    assert session.receive(frame("pong"), 0.0) == ()


def test_an_ack_moves_the_cursor() -> None:
    delivery = a_live_delivery()
    delivery.pushed(an_entry(1))
    (move,) = a_live_session(delivery).receive(frame("ack", alertId="1-1"), 0.0)
    assert isinstance(move, Move)
    assert move.alert_id == "1-1"


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
_MESSAGES = st.builds(
    lambda kind, fields: json.dumps({"type": kind, "id": "1"} | fields),
    st.sampled_from(REQUEST_TYPES),
    st.dictionaries(
        st.sampled_from(
            [
                "id",
                "token",
                "resume",
                "alertId",
                "scheduleId",
                "interval",
                "activeHours",
            ]
        ),
        _JSON,
    ),
)


@given(
    frames=st.lists(
        st.binary() | st.text() | _JSON.map(json.dumps) | _MESSAGES, max_size=30
    ),
    tokens=st.booleans(),
)
@settings(deadline=None)
def test_whatever_comes_is_decided_and_nothing_is_raised(
    frames: list[str | bytes], tokens: bool
) -> None:
    session = a_session(tokens=tokens)
    session.admit(None, 0.0)
    for second, text in enumerate(frames):
        for decision in session.receive(text, float(second)):
            if isinstance(decision, Join) and session.state is State.ADMITTED:
                session.live(a_live_delivery())
            if isinstance(decision, Say):
                to_frame(decision.message)


# Rates


def test_beyond_the_burst_a_message_is_refused_by_name() -> None:
    session = a_live_session()
    for _ in range(10):
        session.receive(frame("heartbeat.list"), 0.0)
    assert error_of(session.receive(frame("heartbeat.list"), 0.0)) == "rate_limited"
    assert isinstance(session.receive(frame("heartbeat.list"), 0.2)[0], Execute)


@pytest.mark.parametrize("text", [frame("heartbeat.list"), "x", frame("ping")])
def test_twenty_breaches_in_a_minute_close(text: str) -> None:
    session = a_live_session()
    for _ in range(29):
        session.receive(text, 0.0)
        assert session.state is State.LIVE
    assert close_of(session.receive(text, 0.0)) is CloseCode.ABUSE


def test_old_breaches_are_forgiven() -> None:
    session = a_live_session()
    for _ in range(29):
        session.receive("x", 0.0)
    for _ in range(11):
        session.receive("x", 61.0)
    assert session.state is State.LIVE


def test_acknowledging_every_alert_costs_nothing() -> None:
    delivery = a_live_delivery()
    session = a_live_session(delivery)
    for n in range(1, 200):
        delivery.pushed(an_entry(n))
        (move,) = session.receive(frame("ack", alertId=f"1-{n}"), 0.0)
        assert isinstance(move, Move)


def test_acknowledging_the_same_again_is_not_free() -> None:
    delivery = a_live_delivery()
    session = a_live_session(delivery)
    delivery.pushed(an_entry(1))
    for _ in range(11):
        session.receive(frame("ack", alertId="1-1"), 0.0)
    assert error_of(session.receive(frame("ack", alertId="1-1"), 0.0)) == "rate_limited"


# Silence


def test_a_client_that_does_not_say_who_it_is_is_closed() -> None:
    session = a_session(tokens=True)
    assert session.check(4.9, heard=0.0) == ()
    assert close_of(session.check(5.0, heard=0.0)) is CloseCode.SILENT


def test_a_silent_client_that_needs_no_token_hears_its_feed() -> None:
    session = a_session()
    session.admit(None, 0.0)
    assert session.check(5.0, heard=0.0) == (Join(),)


def test_an_old_client_is_pinged_by_the_protocol() -> None:
    session = a_live_session()
    assert session.check(19.9, heard=0.0) == ()
    assert session.check(20.0, heard=0.0) == (Probe(),)


def test_a_client_that_said_hello_is_pinged_by_message() -> None:
    session = a_session()
    session.admit(None, 0.0)
    session.receive(frame("hello"), 0.0)
    session.live(a_live_delivery())
    assert session.check(20.0, heard=0.0) == (Say(ServerPing()),)
    assert session.check(21.0, heard=0.0) == ()


def test_a_client_that_is_heard_is_not_pinged() -> None:
    assert a_live_session().check(100.0, heard=90.0) == ()


def test_two_and_a_half_intervals_of_silence_are_death() -> None:
    session = a_live_session()
    assert session.check(49.9, heard=0.0) == (Probe(),)
    assert close_of(session.check(50.0, heard=0.0)) is CloseCode.NO_PONG
    assert session.check(51.0, heard=0.0) == ()


def test_a_client_that_takes_nothing_is_closed() -> None:
    delivery = a_live_delivery()
    delivery.paused()
    delivery.pushed(an_entry(1))
    session = a_live_session(delivery)
    assert session.check(10.0, heard=10.0) == ()
    assert session.check(49.0, heard=49.0) == ()
    assert close_of(session.check(50.0, heard=50.0)) is CloseCode.STALLED


@pytest.mark.parametrize("now", [0.0, 4.0, 5.0, 19.0, 60.0])
def test_the_next_look_is_in_the_future(now: float) -> None:
    assert a_session().next_check(now, heard=0.0) > now


def test_once_closing_nothing_more_is_said() -> None:
    session = a_live_session()
    assert session.leave(CloseCode.RESTART, "restart")
    assert session.leave(CloseCode.RESTART, "restart") == ()
    assert session.receive(frame("ping"), 0.0) == ()
    assert session.check(1000.0, heard=0.0) == ()


def test_every_state_can_close_and_none_comes_back() -> None:
    assert all(State.CLOSING in after for after in TRANSITIONS.values())
    assert TRANSITIONS[State.CLOSING] == {State.CLOSING}


def test_how_much_may_be_said_before_hello_is_a_setting() -> None:
    session = a_session(tokens=True, max_first_frame=300)

    (leave,) = session.receive(frame("hello", token="x" * 300), 0.0)

    assert isinstance(leave, Leave)
    assert leave.code is CloseCode.TOO_BIG
    assert "at most 300" in leave.reason


def test_how_often_the_rate_may_be_broken_is_a_setting() -> None:
    session = a_session(max_breaches_per_minute=2)
    session.admit(None, 0.0)
    decisions = [session.receive(frame("ping"), 0.0) for _ in range(12)]
    assert error_of(decisions[10]) == "rate_limited"
    assert close_of(decisions[11]) is CloseCode.ABUSE


def test_how_long_a_client_may_be_silent_is_a_setting() -> None:
    session = a_session(dead_after_pings=4)
    session.admit(None, 0.0)
    session.live(a_live_delivery())
    assert session.check(79.0, heard=0.0) != ()
    assert close_of(session.check(80.0, heard=0.0)) is CloseCode.NO_PONG


@pytest.mark.parametrize("code", list(CloseCode), ids=lambda code: code.name)
def test_a_close_says_whether_to_come_back(code: CloseCode) -> None:
    told = closing(code, "why")
    is_final = code in {
        CloseCode.TOO_BIG,
        CloseCode.NO_HELLO_FIRST,
        CloseCode.BAD_TOKEN,
        CloseCode.WITHDRAWN,
        CloseCode.REPLACED,
    }
    assert told.reconnect is not is_final
    assert told.delay_ms[0] <= told.delay_ms[1]
