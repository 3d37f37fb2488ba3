"""The promises to an owner, held through any order of runs, words and outages."""

from collections.abc import Collection
from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from heartbeat.notices import Check, CheckState, Kind, Resolved
from heartbeat.outages import LateSlots
from heartbeat.verdict import Cause, ItemResult, Severity, Verdict
from tests.unit.heartbeat.troubles import HOUR, Story, bad, fine, unknown

KEYS = ("disk", "http")
REPEAT = 4 * HOUR

#: Mostly trouble: it is in long troubles that a promise could break.
verdicts = st.sampled_from(
    [
        bad(),
        bad(severity=Severity.CRITICAL),
        unknown(cause=Cause.PROBE_FAILED),
        unknown(cause=Cause.DEADLINE),
        unknown(cause=Cause.NO_MODEL),
        fine(),
    ]
)
pauses = st.sampled_from([1, 60, 241]).map(lambda minutes: timedelta(minutes=minutes))


def about(key: str, result: ItemResult) -> ItemResult:
    return ItemResult(
        item_key=key,
        description=f"The {key}",
        verdict=result.verdict,
        details=result.details,
        by=result.by,
        severity=result.severity,
        cause=result.cause,
    )


class Owner(RuleBasedStateMachine):
    """Keeps only what was told and said, and holds each new notice against it."""

    def __init__(self) -> None:
        super().__init__()
        self.story = Story(repeat=REPEAT)
        self.told: set[tuple[Kind, str | None]] = set()
        self.last: dict[str, tuple[datetime, Severity]] = {}
        self.accepted: dict[str, Severity] = {}
        self.asleep: dict[str, datetime] = {}
        self.accepted_before_sleep: dict[str, Severity] = {}
        self.no_model_told: set[str] = set()

    @rule(pause=pauses, first=verdicts, second=st.none() | verdicts)
    def run(
        self, pause: timedelta, first: ItemResult, second: ItemResult | None
    ) -> None:
        self.story.wait(pause)
        judged = [
            about(key, result)
            for key, result in zip(KEYS, (first, second), strict=True)
            if result is not None
        ]
        self.story.run(*judged, present=KEYS)
        self.hear(unknown_keys={one.item_key for one in judged if one.cause})
        for result in judged:
            if result.verdict is Verdict.ACTION_NEEDED:
                assert (Kind.ACTION, result.item_key) in self.told

    @rule(present=st.sets(st.sampled_from(KEYS)), off=st.booleans())
    def change_the_checklist(self, present: set[str], off: bool) -> None:
        disabled = set(KEYS) - present if off else set()
        self.story.run(present=present, disabled=disabled)
        self.hear()

    @rule(reason=st.sampled_from(["missing", "empty"]))
    def lose_the_checklist(self, reason: str) -> None:
        before = self.story.book
        self.story.config_trouble(reason)
        self.hear()
        assert self.story.book.incidents == before.incidents

    @rule(is_open=st.booleans())
    def miss_a_slot(self, is_open: bool) -> None:
        now = self.story.now
        self.story.overdue(
            LateSlots(why="missed", first=now, last=now, is_open=is_open)
        )
        self.hear()

    @rule()
    def delete(self) -> None:
        self.story.delete()
        self.hear()
        assert not self.told

    @precondition(lambda self: self.story.book.incidents)
    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        key = data.draw(self.incident_keys())
        assert self.story.acknowledge(key) == []
        self.asleep.pop(key, None)
        self.accepted_before_sleep.pop(key, None)
        severity = self.story.book.incidents[key].severity
        self.accepted[key] = severity
        self.last[key] = (self.last[key][0], severity)

    @precondition(lambda self: self.story.book.incidents)
    @rule(data=st.data(), minutes=st.sampled_from([45, 600]))
    def snooze(self, data: st.DataObject, minutes: int) -> None:
        key = data.draw(self.incident_keys())
        assert self.story.snooze(timedelta(minutes=minutes), key) == []
        if key in self.accepted:
            self.accepted_before_sleep[key] = self.accepted.pop(key)
        self.asleep[key] = self.story.now + timedelta(minutes=minutes)

    @precondition(lambda self: self.story.book.incidents)
    @rule(data=st.data())
    def unsnooze(self, data: st.DataObject) -> None:
        key = data.draw(self.incident_keys())
        assert self.story.unsnooze(key) == []
        self.asleep.pop(key, None)
        if key in self.accepted_before_sleep:
            self.accepted[key] = self.accepted_before_sleep.pop(key)

    @invariant()
    def the_book_remembers_exactly_what_was_told(self) -> None:
        book = self.story.book
        remembered: set[tuple[Kind, str | None]] = {
            (Kind.ACTION, key) for key in book.incidents
        }
        remembered |= {
            (Kind.DEGRADED, key)
            for key, one in book.unknowns.items()
            if one.told_ms is not None
        }
        remembered |= {(Kind.CONFIG, None)} if book.config else set()
        remembered |= {(Kind.OVERDUE, None)} if book.overdue else set()
        assert remembered == self.told

    def incident_keys(self) -> st.SearchStrategy[str]:
        return st.sampled_from(sorted(self.story.book.incidents))

    def hear(self, unknown_keys: Collection[str] = ()) -> None:
        for notice in self.story.notices:
            if isinstance(notice, Resolved):
                for item in notice.items:
                    self.hear_the_end(notice.kind, item.item_key, unknown_keys)
            else:
                for check in notice.checks:
                    self.hear_of_trouble(notice.kind, check)

    def hear_the_end(
        self, kind: Kind, key: str | None, unknown_keys: Collection[str]
    ) -> None:
        assert (kind, key) in self.told, "resolved what was not told, or twice"
        assert key not in unknown_keys, "unknown resolved"
        self.told.remove((kind, key))
        if kind is Kind.ACTION and key is not None:
            for memory in (
                self.last,
                self.accepted,
                self.asleep,
                self.accepted_before_sleep,
            ):
                memory.pop(key, None)
        if kind is Kind.DEGRADED and key is not None:
            self.no_model_told.discard(key)

    def hear_of_trouble(self, kind: Kind, check: Check) -> None:
        is_new = (kind, check.item_key) not in self.told
        assert (check.state is CheckState.NEW) is is_new, "new exactly once"
        self.told.add((kind, check.item_key))
        if kind is Kind.ACTION and check.item_key is not None:
            self.hear_of_action(check.item_key, check.severity)
        if kind is Kind.DEGRADED and check.item_key is not None:
            unknown_item = self.story.book.unknowns[check.item_key]
            if unknown_item.cause is Cause.NO_MODEL:
                assert check.item_key not in self.no_model_told, "no model, told twice"
                self.no_model_told.add(check.item_key)

    def hear_of_action(self, key: str, severity: Severity) -> None:
        now = self.story.now
        if key in self.accepted:
            accepted = self.accepted.pop(key)
            assert severity.rises_over(accepted), "told though acknowledged"
        elif key in self.asleep:
            assert now >= self.asleep.pop(key), "told though snoozed"
            self.accepted_before_sleep.pop(key, None)
        elif key in self.last:
            then, known = self.last[key]
            has_waited = now - then >= REPEAT
            assert has_waited or severity.rises_over(known), "told too often"
        self.last[key] = (now, severity)


Owner.TestCase.settings = settings(
    max_examples=120, stateful_step_count=30, deadline=None
)
TestOwner = Owner.TestCase
