"""Places in a feed, and what a reader there can no longer get."""

import pytest

from heartbeat.errors import InvalidMessage
from heartbeat.feed import Cursor, Entry, compare, gap
from heartbeat.told import Lost


def entry(alert_id: str, prev: str) -> Entry:
    return Entry(alert_id, prev, '{"type":"heartbeat.alert"}')


def test_places_are_ordered_by_epoch_before_number() -> None:
    assert compare("1-9", "1-10") == -1
    assert compare("2-1", "1-10") == 1
    assert compare("2-1", "2-1") == 0


@pytest.mark.parametrize("text", ["", "7", "1-", "-1", "1-2-3", "a-1", "1-" + "9" * 17])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(InvalidMessage, match="epoch"):
        Cursor.parse(text)


def test_a_frame_begins_with_its_id() -> None:
    frame = entry("1-2", "1-1").frame
    assert frame == '{"alertId":"1-2","type":"heartbeat.alert"}'


@pytest.mark.parametrize(
    ("cursor", "first", "head"),
    [
        pytest.param(None, entry("1-5", "1-4"), "1-5", id="no cursor"),
        pytest.param("1-4", entry("1-5", "1-4"), "1-5", id="the next follows"),
        pytest.param("1-4", entry("2-5", "1-4"), "2-5", id="the next of a new epoch"),
        pytest.param("1-5", None, "1-5", id="at the head"),
    ],
)
def test_nothing_is_missed(
    cursor: str | None, first: Entry | None, head: str | None
) -> None:
    assert gap(cursor, first, head) is None


@pytest.mark.parametrize(
    ("cursor", "first", "head", "count", "to"),
    [
        pytest.param("1-4", entry("1-9", "1-8"), "1-9", 4, "1-9", id="trimmed"),
        pytest.param("1-4", None, "1-8", 4, None, id="expired"),
        pytest.param("1-4", entry("2-9", "2-8"), "2-9", 4, "2-9", id="over an epoch"),
    ],
)
def test_what_retention_took_is_counted(
    cursor: str, first: Entry | None, head: str, count: int, to: str | None
) -> None:
    lost = Lost(from_=cursor, to=to, count=count, reason="retention")
    assert gap(cursor, first, head) == lost


@pytest.mark.parametrize(
    ("cursor", "first", "head"),
    [
        pytest.param("1-4", None, None, id="empty"),
        pytest.param("1-4", entry("2-1", ""), "2-1", id="begun anew"),
        pytest.param("1-4", entry("2-3", "2-2"), "2-3", id="begun anew and trimmed"),
        pytest.param("1-4", None, "1-2", id="an older copy"),
        pytest.param(
            "1-4", entry("2-3", "1-2"), "2-3", id="an older copy that goes on"
        ),
    ],
)
def test_lost_state_has_no_count(
    cursor: str, first: Entry | None, head: str | None
) -> None:
    to = None if first is None else first.alert_id
    assert gap(cursor, first, head) == Lost(from_=cursor, to=to, reason="state_lost")
