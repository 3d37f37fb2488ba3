"""From where a client reads on."""

from heartbeat.client.position import REMEMBERED, Position
from heartbeat.replies import Ready
from heartbeat.told import Lost, Resolved


def a_ready(
    *, resumed: bool = False, head: str | None = "e-7", lost: Lost | None = None
) -> Ready:
    return Ready(
        id="hello", owner="local", resumed=resumed, head=head, lost=lost, limits={}
    )


def a_message(alert_id: str | None) -> Resolved:
    return Resolved(alert_id=alert_id, timestamp="", kind="action", items=())


def test_a_fresh_client_keeps_the_head_it_began_at() -> None:
    position = Position(resume=None, start="head")
    assert position.begin(a_ready(head="e-7")) is None
    assert position.resume == "e-7"


def test_at_an_empty_feed_all_that_comes_later_is_new() -> None:
    position = Position(resume=None, start="head")
    position.begin(a_ready(head=None))
    assert (position.resume, position.start) == ("0-0", "head")


def test_a_named_client_leaves_the_cursor_to_the_gateway_until_it_has_read() -> None:
    position = Position(resume=None, start="head")
    position.begin(a_ready(resumed=True))
    assert position.resume is None


def test_a_client_that_wants_all_asks_for_all_until_it_has_read() -> None:
    position = Position(resume=None, start="all")
    position.begin(a_ready())
    assert (position.resume, position.start) == (None, "all")


def test_a_given_cursor_is_kept() -> None:
    position = Position(resume="e-3", start="head")
    position.begin(a_ready(resumed=True))
    assert position.resume == "e-3"


def test_what_was_lost_is_told_and_all_that_is_left_is_wanted() -> None:
    position = Position(resume="e-3", start="head")
    lost = position.begin(
        a_ready(lost=Lost(from_="e-3", to="e-90", count=86, reason="retention"))
    )
    assert lost is not None
    assert (lost.from_, lost.to, lost.count) == ("e-3", "e-90", 86)
    assert (position.resume, position.start) == (None, "all")


def test_it_moves_with_each_message() -> None:
    position = Position(resume="e-3", start="head")
    assert position.is_new(a_message("e-4"))
    assert position.resume == "e-4"


def test_a_message_is_new_only_once() -> None:
    position = Position(resume=None, start="head")
    assert position.is_new(a_message("e-4"))
    assert not position.is_new(a_message("e-4"))


def test_a_double_does_not_move_the_position_back() -> None:
    position = Position(resume=None, start="head")
    for alert_id in ("e-4", "e-5", "e-4"):
        position.is_new(a_message(alert_id))
    assert position.resume == "e-5"


def test_a_message_without_an_id_is_always_new() -> None:
    position = Position(resume=None, start="head")
    assert position.is_new(a_message(None))
    assert position.is_new(a_message(None))
    assert position.resume is None


def test_it_remembers_no_more_than_a_feed_keeps() -> None:
    position = Position(resume=None, start="head")
    for number in range(REMEMBERED + 1):
        position.is_new(a_message(f"e-{number}"))
    assert position.is_new(a_message("e-0"))
    assert not position.is_new(a_message(f"e-{REMEMBERED}"))
