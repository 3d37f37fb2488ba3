"""The order of a feed, and what a reader can no longer get."""

import json

import pytest

from heartbeat.errors import InvalidMessage
from heartbeat.feed import (
    BEGINNING,
    Cursor,
    Entry,
    compare,
    gap,
    read_entry,
    start_of,
)


def an_entry(alert_id: str, prev: str) -> Entry:
    return Entry(alert_id=alert_id, prev=prev, payload='{"type":"heartbeat.alert"}')


def test_a_frame_is_the_payload_with_its_place_in_the_feed() -> None:
    frame = json.loads(an_entry("7-1", "").frame)
    assert frame == {"alertId": "7-1", "type": "heartbeat.alert"}


def test_an_entry_is_read_as_it_was_written() -> None:
    fields = {"prev": "7-1", "payload": '{"a": 1}'}
    assert read_entry("7-2", fields) == Entry("7-2", "7-1", '{"a": 1}')
    assert read_entry("7-2", {**fields, "prev": ""}) == Entry("7-2", "", '{"a": 1}')


@pytest.mark.parametrize(
    ("alert_id", "fields"),
    [
        pytest.param("7-2", {"payload": '{"a": 1}'}, id="no prev"),
        pytest.param("7-2", {"prev": "7", "payload": '{"a": 1}'}, id="bad prev"),
        pytest.param("7-2", {"prev": "7-1"}, id="no payload"),
        pytest.param(f"7-{2**64 - 1}", {"prev": "", "payload": '{"a": 1}'}, id="id"),
        *(
            pytest.param("7-2", {"prev": "7-1", "payload": text}, id=repr(text[:20]))
            for text in (
                *("", "x", "1", "[1]", "{}", "{", ' {"a": 1}', '{"a": NaN}'),
                '{"a": 1}x',
                '{"a": ' * 5_000,
            )
        ),
    ],
)
def test_what_no_client_could_be_sent_is_no_entry(
    alert_id: str, fields: dict[str, str]
) -> None:
    assert read_entry(alert_id, fields) is None


@pytest.mark.parametrize(
    ("one", "other", "order"),
    [("7-1", "7-2", -1), ("7-2", "7-2", 0), ("7-10", "7-9", 1), ("8-1", "7-99", 1)],
)
def test_places_are_ordered_by_epoch_and_number(
    one: str, other: str, order: int
) -> None:
    assert compare(one, other) == order


@pytest.mark.parametrize("text", ["", "7", "7-", "-1", "7-1-1", "a-b", "7-1 ", "٧-١x"])
def test_anything_else_is_no_place(text: str) -> None:
    with pytest.raises(InvalidMessage, match="expected '<epoch>-<n>'"):
        Cursor.parse(text)


class TestAGap:
    def test_who_has_read_nothing_misses_nothing(self) -> None:
        assert gap(None, an_entry("7-5", "7-4"), "7-9") is None

    def test_the_next_entry_closes_on_the_cursor(self) -> None:
        assert gap("7-4", an_entry("7-5", "7-4"), "7-9") is None

    def test_a_new_epoch_that_goes_on_from_the_cursor_is_no_gap(self) -> None:
        assert gap("7-4", an_entry("9-5", "7-4"), "9-5") is None

    @pytest.mark.parametrize(
        ("first", "head"), [(an_entry("7-1", ""), "7-1"), (None, None)]
    )
    def test_the_beginning_of_a_whole_feed_is_before_nothing_lost(
        self, first: Entry | None, head: str | None
    ) -> None:
        assert gap(BEGINNING, first, head) is None

    def test_what_retention_took_since_the_beginning_is_counted(self) -> None:
        lost = gap(BEGINNING, an_entry("7-6", "7-5"), "7-9")
        assert lost is not None
        assert (lost.count, lost.reason) == (5, "retention")

    def test_at_the_head_there_is_none(self) -> None:
        assert gap("7-9", None, "7-9") is None

    def test_what_retention_took_is_counted(self) -> None:
        lost = gap("7-2", an_entry("7-6", "7-5"), "7-9")
        assert lost is not None
        assert (lost.from_, lost.to, lost.count) == ("7-2", "7-6", 3)
        assert lost.reason == "retention"

    def test_a_stream_that_expired_has_lost_all_up_to_its_head(self) -> None:
        lost = gap("7-2", None, "7-9")
        assert lost is not None
        assert (lost.to, lost.count, lost.reason) == (None, 7, "retention")

    @pytest.mark.parametrize(
        ("first", "head"), [(an_entry("9-1", ""), "9-1"), (None, None)]
    )
    def test_a_feed_that_begins_anew_has_lost_its_state(
        self, first: Entry | None, head: str | None
    ) -> None:
        lost = gap("7-2", first, head)
        assert lost is not None
        assert (lost.count, lost.reason) == (None, "state_lost")

    def test_a_number_that_went_back_cannot_be_counted(self) -> None:
        lost = gap("7-9", an_entry("9-3", "8-2"), "9-3")
        assert lost is not None
        assert (lost.count, lost.reason) == (None, "state_lost")


@pytest.mark.parametrize(
    ("first", "head", "start"),
    [
        pytest.param(an_entry("7-6", "7-5"), "7-9", "7-5", id="trimmed"),
        pytest.param(an_entry("7-1", ""), "7-9", BEGINNING, id="whole"),
        pytest.param(None, "7-9", "7-9", id="expired"),
        pytest.param(None, None, BEGINNING, id="empty"),
    ],
)
def test_a_feed_starts_before_the_oldest_entry_it_still_has(
    first: Entry | None, head: str | None, start: str
) -> None:
    assert start_of(first, head) == start
