"""What an owner hears of slots that nobody saw through: findings in, words out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from heartbeat.book import Settled
from heartbeat.instants import to_text
from heartbeat.notices import Policy
from heartbeat.outages import LateSlots, overdue
from heartbeat.store.heartbeats import Stored
from heartbeat.telling import About, tell
from heartbeat.told import Alert, CheckView

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
    stored: Stored
    settled: Settled

    @property
    def is_told(self) -> bool:
        """Say whether the owner hears of it now."""
        return bool(self.settled.notices)

    @property
    def is_news(self) -> bool:
        """Say whether there is anything to settle."""
        return bool(self.finding.note) or self.settled.book != self.stored.book


def decide(finding: Finding, stored: Stored, now: datetime) -> Decided:
    """Decide what a finding makes of its heartbeat's book."""
    policy = Policy(
        notify=stored.config.notify,
        repeat=timedelta(minutes=stored.config.repeat_minutes),
    )
    settled = overdue(stored.book, *finding.slots, policy=policy, now=now)
    return Decided(finding=finding, stored=stored, settled=settled)


def words(decided: Sequence[Decided], now: datetime) -> list[str]:
    """Return the messages for one owner: an outage of the fleet is one trouble."""
    told = [one for one in decided if one.is_told]
    if len(told) > MOST_SINGLE:
        return [_grouped(told, now)]
    return [
        message
        for one in told
        for message in tell(one.settled.notices, _about(one.stored, now))
    ]


def _about(stored: Stored, now: datetime) -> About:
    return About(
        schedule_id=stored.config.schedule_id, name=stored.config.name, now=now
    )


def _grouped(told: Sequence[Decided], now: datetime) -> str:
    names = ", ".join(one.stored.config.name for one in told[:MOST_SINGLE])
    return Alert(
        timestamp=to_text(now),
        kind="overdue",
        checks=(
            CheckView(
                description=f"{len(told)} heartbeats have slots without a finished run",
                details=f"{names} and {len(told) - MOST_SINGLE} more",
                severity="critical",
                state="new",
            ),
        ),
    ).model_dump_json(by_alias=True, exclude_none=True)
