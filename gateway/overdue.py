"""What an owner hears of slots that nobody saw through: findings in, words out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from heartbeat.asked import Notify
from heartbeat.book import Settled
from heartbeat.instants import to_text
from heartbeat.notices import Ending, Policy
from heartbeat.outages import OVERDUE_SLOTS, LateSlots, overdue, told_together
from heartbeat.store.outlines import Outline
from heartbeat.store.watch import Settling
from heartbeat.telling import About, tell
from heartbeat.told import Alert, CheckView, Resolved, ResolvedItem

#: Heartbeats of one owner that are told one by one; more are one grouped alert.
MOST_SINGLE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one heartbeat's owner is to hear, and the note that it settles."""

    uid: str
    slots: tuple[LateSlots, ...]
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A finding as it is to be settled against the heartbeat that was read."""

    finding: Finding
    heartbeat: Outline
    settled: Settled

    @property
    def is_told(self) -> bool:
        """Say whether the owner hears of it now."""
        return bool(self.settled.notices)

    @property
    def is_news(self) -> bool:
        """Say whether there is anything to settle."""
        return bool(self.finding.note) or self.settled.book != self.heartbeat.book


def decide(finding: Finding, heartbeat: Outline, now: datetime) -> Decided:
    """Decide what a finding makes of its heartbeat's book."""
    policy = Policy(notify=Notify.CHANGES, repeat=heartbeat.repeat)
    settled = overdue(heartbeat.book, *finding.slots, policy=policy, now=now)
    return Decided(finding=finding, heartbeat=heartbeat, settled=settled)


def is_grouped(decided: Sequence[Decided]) -> bool:
    """Say whether an owner hears of these in one alert."""
    return sum(one.is_told for one in decided) > MOST_SINGLE


def words(decided: Sequence[Decided], now: datetime) -> list[str]:
    """Return the messages for one owner: an outage of the fleet is one trouble."""
    told = [one for one in decided if one.is_told]
    if is_grouped(decided):
        return [_grouped(told, now)]
    return [
        message
        for one in told
        for message in tell(one.settled.notices, _about(one.heartbeat, now))
    ]


def settlings(decided: Sequence[Decided]) -> list[Settling]:
    """Return how each is to be settled; the end of a grouped alert is grouped too."""
    grouped = is_grouped(decided)
    return [_settling(one, is_grouped=grouped and one.is_told) for one in decided]


def words_of_end(
    names: Mapping[Ending, Sequence[str]], *, left: int, now: datetime
) -> str:
    """Word one message for many that were told together and are overdue no more.

    `left`: how many of those that were told together still are.
    """
    items = tuple(
        ResolvedItem(
            description=f"{OVERDUE_SLOTS} of {_named(some)}{_still(left)}",
            reason=reason,
        )
        for reason, some in names.items()
        if some
    )
    return Resolved(
        timestamp=to_text(now), kind="overdue", items=items
    ).model_dump_json(by_alias=True, exclude_none=True)


def listed(names: Sequence[str], *, most: int = MOST_SINGLE) -> str:
    """Return the first names, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def _settling(decided: Decided, *, is_grouped: bool) -> Settling:
    book = decided.settled.book
    how: Literal["together", "alone"] = "together" if is_grouped else "alone"
    return Settling(
        uid=decided.finding.uid,
        book=told_together(book) if is_grouped else book,
        revision=decided.heartbeat.revision,
        untold=decided.finding.note,
        told=how if decided.is_told else "",
    )


def _about(heartbeat: Outline, now: datetime) -> About:
    return About(schedule_id=heartbeat.schedule_id, name=heartbeat.name, now=now)


def _grouped(told: Sequence[Decided], now: datetime) -> str:
    return Alert(
        timestamp=to_text(now),
        kind="overdue",
        checks=(
            CheckView(
                description=f"{len(told)} heartbeats have slots without a finished run",
                details=listed([one.heartbeat.name for one in told]),
                severity="critical",
                state="new",
            ),
        ),
    ).model_dump_json(by_alias=True, exclude_none=True)


def _named(names: Sequence[str]) -> str:
    count = "1 heartbeat" if len(names) == 1 else f"{len(names)} heartbeats"
    return f"{count}: {listed(names)}"


def _still(left: int) -> str:
    return f"; {left} that were told with them have none yet" if left else ""
