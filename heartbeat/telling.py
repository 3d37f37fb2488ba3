"""From notices to the messages of an owner's feed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from heartbeat.instants import to_text
from heartbeat.notices import Check, Notice, Resolved
from heartbeat.told import Alert, CheckView, FeedMessage, ResolvedItem
from heartbeat.told import Resolved as ResolvedMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Whose trouble it is, and the run that found it (none: found from outside)."""

    schedule_id: str
    name: str
    now: datetime
    run_id: str | None = None
    slot: datetime | None = None
    late_by: float | None = None
    host: str | None = None


def tell(notices: Iterable[Notice], about: About) -> list[str]:
    """Return one message a notice, in their order, as the feed keeps them."""
    return [
        _message(notice, about).model_dump_json(by_alias=True, exclude_none=True)
        for notice in notices
    ]


def _message(notice: Notice, about: About) -> FeedMessage:
    if isinstance(notice, Resolved):
        return ResolvedMessage(
            schedule_id=about.schedule_id,
            name=about.name,
            timestamp=to_text(about.now),
            kind=notice.kind.value,
            items=tuple(
                ResolvedItem(
                    item_key=item.item_key,
                    description=item.description,
                    reason=item.reason,
                )
                for item in notice.items
            ),
        )
    return Alert(
        schedule_id=about.schedule_id,
        name=about.name,
        timestamp=to_text(about.now),
        kind=notice.kind.value,
        checks=tuple(_view(check) for check in notice.checks),
        run_id=about.run_id,
        slot=None if about.slot is None else to_text(about.slot),
        late_by=about.late_by,
        host=about.host,
    )


def _view(check: Check) -> CheckView:
    return CheckView(
        description=check.description,
        details=check.details,
        item_key=check.item_key,
        severity=check.severity,
        state=check.state.value,
        by=check.by,
    )
