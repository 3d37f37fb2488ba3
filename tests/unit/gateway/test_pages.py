"""Pages of long lists: every entry once, each frame small enough for any client."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.pages import (
    PAGE_BYTES,
    behind,
    page,
    place,
    to_place,
    to_text,
    worst_first,
)
from heartbeat.errors import InvalidMessage
from heartbeat.protocol import to_frame
from heartbeat.runs import RunRecord, RunStatus
from heartbeat.views import IncidentView


def an_incident(
    schedule_id: str = "hb-1",
    *,
    item_key: str | None = "disk",
    severity: str = "warning",
    since: str = "2026-11-24T16:00:00.000Z",
    details: str = "",
) -> IncidentView:
    return IncidentView(
        schedule_id=schedule_id, name="n", item_key=item_key, description="d",
        details=details, severity=severity, state="open", since=since,
    )  # fmt: skip


def test_a_page_ends_at_its_limit_and_says_whether_there_is_more() -> None:
    entries = [an_incident(f"hb-{n}") for n in range(3)]
    assert page(entries, limit=2) == (tuple(entries[:2]), True)
    assert page(entries, limit=3) == (tuple(entries), False)
    assert page([], limit=3) == ((), False)


def test_a_page_ends_before_its_frame_is_too_large() -> None:
    entries = [an_incident(details="\N{SNOWMAN}" * 30_000) for _ in range(20)]
    taken, is_more = page(entries, limit=100)
    size = sum(len(to_frame(one).encode()) for one in taken)
    assert (len(taken), is_more) == (8, True)
    assert size <= PAGE_BYTES < size + 90_000


def test_an_entry_larger_than_a_page_is_a_page_of_its_own() -> None:
    huge = an_incident(details="x" * (PAGE_BYTES + 1))
    assert page([huge, huge], limit=100) == ((huge,), True)


def test_a_history_goes_on_behind_a_run() -> None:
    runs = [
        RunRecord(run_id=f"a@{n}", slot_ms=n, status=RunStatus.OK) for n in range(3)
    ]
    assert list(behind("a@0", iter(runs))) == runs[1:]
    assert list(behind("a@2", iter(runs))) == []
    with pytest.raises(InvalidMessage, match="a run still kept, got 'a@9'"):
        behind("a@9", iter(runs))


def test_the_severest_come_first_and_of_those_the_newest() -> None:
    at = "2026-11-24T16:00:0{}.000Z".format
    found = worst_first(
        [
            an_incident("old", since=at(1)),
            an_incident("new", since=at(3)),
            an_incident("worst", since=at(0), severity="critical"),
            an_incident("b", since=at(2)),
            an_incident("a", since=at(2)),
        ]
    )
    assert [one.schedule_id for one in found] == ["worst", "new", "a", "b", "old"]


@given(
    schedule_id=st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z"),
    item_key=st.none() | st.text(min_size=1, max_size=64),
)
def test_a_place_comes_back_as_it_was(schedule_id: str, item_key: str | None) -> None:
    incident = an_incident(schedule_id, item_key=item_key)
    assert to_place(to_text(incident)) == place(incident)


@pytest.mark.parametrize("text", ["", "hb-1", "hb-1/action"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(InvalidMessage, match="after: expected `next`"):
        to_place(text)
