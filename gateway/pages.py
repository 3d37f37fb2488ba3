"""What fits into one frame of a long list, and where the next page begins."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from heartbeat.errors import InvalidMessage
from heartbeat.protocol import to_frame
from heartbeat.runs import RunRecord
from heartbeat.views import IncidentView
from heartbeat.wire import Wire

#: Bytes of a page's entries. WebSocket libraries refuse frames of more than 1 MiB
#: unless told otherwise, and the rest of the frame needs room too.
PAGE_BYTES = 768 * 1024
#: Incidents that `ready` shows, the severest and newest of them.
READY_INCIDENTS = 200

_Entry = TypeVar("_Entry", bound=Wire)
#: The place of an incident among all of its owner's: it does not move while it is open.
Place = tuple[str, str, str]


def page(entries: Iterable[_Entry], *, limit: int) -> tuple[tuple[_Entry, ...], bool]:
    """Return the first entries, one at least, and whether there are more."""
    taken: list[_Entry] = []
    size = 0
    for entry in entries:
        size += len(to_frame(entry).encode()) + 1
        if taken and (len(taken) == limit or size > PAGE_BYTES):
            return tuple(taken), True
        taken.append(entry)
    return tuple(taken), False


def behind(run_id: str, records: Iterator[RunRecord]) -> Iterator[RunRecord]:
    """Pass over the records up to this one; raises InvalidMessage if it is gone."""
    for record in records:
        if record.run_id == run_id:
            return records
    raise InvalidMessage(
        f"after: expected `next` of the page before, a run still kept, got {run_id!r}"
    )


def worst_first(incidents: Iterable[IncidentView]) -> list[IncidentView]:
    """Return the incidents as `ready` needs them: severest first, then newest."""
    by_place = sorted(incidents, key=place)
    newest_first = sorted(by_place, key=lambda one: one.since, reverse=True)
    return sorted(newest_first, key=lambda one: one.severity != "critical")


def place(incident: IncidentView) -> Place:
    """Return an incident's place, by ids that never change."""
    return incident.schedule_id, incident.kind, incident.item_key or ""


def to_text(incident: IncidentView) -> str:
    """Write a place so that a client can hand it back."""
    return "/".join(place(incident))


def to_place(text: str) -> Place:
    """Read a place that a client handed back; raises InvalidMessage."""
    match text.split("/", 2):  # neither ids nor kinds have a slash
        case [schedule_id, kind, item_key]:
            return schedule_id, kind, item_key
    raise InvalidMessage(f"after: expected `next` of the page before, got {text!r}")
