"""What one connection gets next, by example; see the machine for all the rest."""

import pytest

from gateway.delivery import PAGE, Cause, Delivery, Phase, Read
from heartbeat.errors import InvalidMessage
from tests.unit.gateway.feeds import a_live_delivery, an_entry, entries, ids


def test_it_reads_on_from_the_cursor() -> None:
    delivery = Delivery("1-2", window=256, page_bytes=1 << 20)
    assert delivery.begin() == Read(after="1-2", limit=PAGE, cause=Cause.JOIN)
    step = delivery.page(entries(3, 5), "1-5")
    assert ids(step) == ["1-3", "1-4", "1-5"]
    assert step.lost is None
    assert delivery.phase is Phase.LIVE


def test_what_is_pushed_in_order_is_sent_at_once() -> None:
    assert ids(a_live_delivery("1-2").pushed(an_entry(3))) == ["1-3"]


def test_a_double_is_dropped() -> None:
    delivery = a_live_delivery("1-2")
    assert ids(delivery.pushed(an_entry(2))) == []
    assert delivery.phase is Phase.LIVE


def test_a_gap_is_read_from_the_stream() -> None:
    delivery = a_live_delivery("1-2")
    step = delivery.pushed(an_entry(5))
    assert ids(step) == []
    assert step.read == Read(after="1-2", limit=PAGE, cause=Cause.GAP)


def test_pushes_are_not_sent_while_it_catches_up() -> None:
    delivery = a_live_delivery("1-2")
    delivery.reset()
    assert ids(delivery.pushed(an_entry(3))) == []
    assert ids(delivery.page(entries(3, 3), "1-3")) == ["1-3"]
    assert delivery.phase is Phase.LIVE


def test_a_push_during_a_read_that_missed_it_leads_to_another() -> None:
    delivery = a_live_delivery("1-2")
    delivery.reset()
    delivery.pushed(an_entry(4))
    step = delivery.page(entries(3, 3), "1-3")
    assert step.read == Read(after="1-3", limit=PAGE, cause=None)


def test_only_one_read_is_out_at_a_time() -> None:
    delivery = a_live_delivery("1-2")
    assert delivery.pushed(an_entry(5)).read is not None
    assert delivery.pushed(an_entry(6)).read is None
    assert delivery.reset().read is None
    assert delivery.compare_head("1-9").read is None


def test_a_hole_within_a_page_is_told_by_the_next_read() -> None:
    delivery = a_live_delivery("1-2")
    delivery.reset()
    found = [an_entry(3), *entries(6, 7)]
    step = delivery.page(found, "1-7")
    assert ids(step) == ["1-3"]
    assert step.read == Read(after="1-3", limit=PAGE, cause=None)
    step = delivery.page(found[1:], "1-7")
    assert step.lost is not None
    assert (step.lost.from_, step.lost.to, step.lost.count) == ("1-3", "1-6", 2)
    assert ids(step) == ["1-6", "1-7"]
    assert delivery.phase is Phase.LIVE


def test_a_full_page_is_followed_by_another() -> None:
    delivery = Delivery(None, window=500, page_bytes=1 << 20)
    delivery.begin()
    step = delivery.page(entries(1, PAGE), "1-300")
    assert len(step.send) == PAGE
    assert step.read is not None


def test_the_last_push_may_be_lost_and_is_found_by_its_position() -> None:
    delivery = a_live_delivery("1-2")
    assert delivery.compare_head("1-2").read is None
    read = delivery.compare_head("1-3").read
    assert read is not None
    assert read.cause is Cause.POSITION


def test_what_retention_took_is_told_with_its_count() -> None:
    delivery = Delivery("1-2", window=256, page_bytes=1 << 20)
    delivery.begin()
    lost = delivery.page(entries(6, 7), "1-7").lost
    assert lost is not None
    assert (lost.from_, lost.to, lost.count) == ("1-2", "1-6", 3)
    assert lost.reason == "retention"


def test_an_expired_stream_is_a_loss_too() -> None:
    delivery = Delivery("1-2", window=256, page_bytes=1 << 20)
    delivery.begin()
    lost = delivery.page([], "1-7").lost
    assert lost is not None
    assert lost.count == 5
    assert ids(delivery.pushed(an_entry(8))) == ["1-8"]


@pytest.mark.parametrize("head", [None, "1-1"], ids=["no head", "an older head"])
def test_a_cursor_ahead_of_the_feed_is_a_state_that_was_lost(head: str | None) -> None:
    delivery = Delivery("1-5", window=256, page_bytes=1 << 20)
    delivery.begin()
    lost = delivery.page([], head).lost
    assert lost is not None
    assert lost.reason == "state_lost"
    assert delivery.phase is Phase.LIVE


def test_a_feed_that_began_anew_is_told_on_a_live_connection() -> None:
    delivery = a_live_delivery("1-5")
    again = an_entry(1, epoch=2)
    assert delivery.pushed(again).read is not None
    step = delivery.page([again], "2-1")
    assert step.lost is not None
    assert step.lost.reason == "state_lost"
    assert ids(step) == ["2-1"]


def test_a_client_that_acknowledges_has_a_window() -> None:
    delivery = a_live_delivery(window=4)
    delivery.pushed(an_entry(1))
    delivery.acknowledge("1-1")
    sent = [ids(delivery.pushed(an_entry(n))) for n in range(2, 8)]
    assert sent == [["1-2"], ["1-3"], ["1-4"], ["1-5"], [], []]
    assert delivery.phase is Phase.FULL


def test_it_reads_on_at_half_a_window() -> None:
    delivery = a_live_delivery(window=4)
    delivery.pushed(an_entry(1))
    delivery.acknowledge("1-1")
    for n in range(2, 8):
        delivery.pushed(an_entry(n))
    assert delivery.acknowledge("1-2").read is None
    read = delivery.acknowledge("1-3").read
    assert read == Read(after="1-5", limit=2, cause=Cause.WINDOW)


def test_a_client_that_never_acknowledges_has_no_window() -> None:
    delivery = a_live_delivery(window=4)
    sent = [ids(delivery.pushed(an_entry(n))) for n in range(1, 10)]
    assert all(sent)


def test_a_full_buffer_stops_everybody() -> None:
    delivery = a_live_delivery()
    delivery.paused()
    assert ids(delivery.pushed(an_entry(1))) == []
    assert delivery.phase is Phase.FULL
    read = delivery.drained().read
    assert read is not None
    assert read.cause is Cause.WINDOW


def test_a_buffer_that_filled_during_a_read_leaves_its_page_for_later() -> None:
    delivery = Delivery("1-2", window=256, page_bytes=1 << 20)
    delivery.begin()
    delivery.paused()
    step = delivery.page(entries(5, 6), "1-6")
    assert (ids(step), step.lost, step.read) == ([], None, None)
    assert delivery.drained().read == Read("1-2", PAGE, Cause.WINDOW)


def test_a_page_is_bounded_in_bytes() -> None:
    size = len(an_entry(1).payload)
    delivery = Delivery(None, window=256, page_bytes=2 * size)
    delivery.begin()
    step = delivery.page(entries(1, 5), "1-5")
    assert ids(step) == ["1-1", "1-2"]
    assert step.read is not None
    assert step.read.after == "1-2"


@pytest.mark.parametrize("alert_id", ["1-3", "2-1"], ids=["later", "other epoch"])
def test_what_was_never_given_cannot_be_acknowledged(alert_id: str) -> None:
    with pytest.raises(InvalidMessage, match="up to '1-2'"):
        a_live_delivery("1-2").acknowledge(alert_id)


def test_only_a_full_client_can_be_stalled() -> None:
    delivery = a_live_delivery()
    assert not delivery.is_stalled(100.0, after=10.0)
    delivery.paused()
    delivery.pushed(an_entry(1))
    assert not delivery.is_stalled(100.0, after=10.0)
    assert not delivery.is_stalled(109.0, after=10.0)
    assert delivery.is_stalled(110.0, after=10.0)


def test_progress_ends_a_stall() -> None:
    delivery = a_live_delivery(window=4)
    delivery.pushed(an_entry(1))
    delivery.acknowledge("1-1")
    for n in range(2, 8):
        delivery.pushed(an_entry(n))
    assert not delivery.is_stalled(0.0, after=10.0)
    delivery.acknowledge("1-2")
    assert not delivery.is_stalled(15.0, after=10.0)
    assert delivery.is_stalled(25.0, after=10.0)
