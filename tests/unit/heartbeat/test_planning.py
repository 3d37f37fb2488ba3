"""What follows from a slot, and from an absence."""

import json
from datetime import datetime, timedelta

import pytest

from heartbeat.cadence import Cadence
from heartbeat.hours import ActiveHours
from heartbeat.instants import from_text, to_ms
from heartbeat.planning import (
    catch_up,
    is_wanted,
    manual_slot_text,
    plan_text,
    slots_between,
)

HOUR_MS = 3_600_000


def at(time: str) -> datetime:
    return from_text(f"2027-01-15T{time}Z")


def every(minutes: int, *, hours: tuple[str, str] | None = None) -> Cadence:
    """Return a cadence on the clock's grid, perhaps within hours of the day."""
    raw = hours and {"start": hours[0], "end": hours[1]}
    return Cadence.every(
        timedelta(minutes=minutes),
        heartbeat_id="disk",
        align_clock=True,
        hours=ActiveHours.parse(raw, timezone="UTC") if raw else None,
    )


class TestAPlan:
    def test_it_holds_all_that_scripts_must_know_of_a_slot(self) -> None:
        plan = json.loads(plan_text(every(60), at("09:00:00"), uid="ann:disk"))
        slot_ms = to_ms(at("09:00:00"))
        assert plan == {
            "slot": slot_ms,
            "runId": "ann:disk@2027-01-15T09:00:00.000Z",
            "startDeadline": slot_ms + HOUR_MS,
            "runLimit": 600_000,
            "next": slot_ms + HOUR_MS,
        }

    def test_within_hours_it_says_when_they_close(self) -> None:
        cadence = every(60, hours=("08:00", "10:30"))
        plan = json.loads(plan_text(cadence, at("09:00:00"), uid="ann:disk"))
        assert plan["closes"] == to_ms(at("10:30:00"))

    def test_no_slot_has_no_plan(self) -> None:
        assert plan_text(every(60), None, uid="ann:disk") == ""


class TestASlotByHand:
    def test_it_is_off_the_grid_and_says_so(self) -> None:
        text = manual_slot_text(
            every(60), at("09:10:00"), uid="ann:disk", queue="heartbeat.db"
        )
        slot = json.loads(text)
        assert slot["runId"] == "ann:disk@now:2027-01-15T09:10:00.000Z"
        assert (slot["grid"], slot["state"], slot["attempts"]) == (False, "claimed", 0)
        assert slot["queue"] == "heartbeat.db"

    @pytest.mark.parametrize("time", ["09:00:01", "09:59:59.999"])
    def test_it_has_as_much_time_as_a_slot_on_the_grid(self, time: str) -> None:
        text = manual_slot_text(every(60), at(time), uid="ann:disk", queue="heartbeat")
        slot = json.loads(text)
        assert slot["startDeadline"] - slot["slot"] == HOUR_MS
        assert slot["runLimit"] == 600_000


class TestAnAbsence:
    def test_the_newest_slot_still_in_time_runs(self) -> None:
        step = catch_up(every(60), since=at("09:00:00"), now=at("12:20:00"))
        assert step.slot == at("12:00:00")

    def test_all_others_are_missed(self) -> None:
        step = catch_up(every(60), since=at("09:00:00"), now=at("12:20:00"))
        assert step.missed is not None
        assert (step.missed.count, step.missed.first, step.missed.last) == (
            3,
            at("09:00:00"),
            at("11:00:00"),
        )

    def test_a_single_slot_still_in_time_misses_nothing(self) -> None:
        step = catch_up(every(60), since=at("09:00:00"), now=at("09:20:00"))
        assert (step.slot, step.missed) == (at("09:00:00"), None)

    def test_a_slot_that_is_too_old_is_missed_and_the_next_awaited(self) -> None:
        step = catch_up(every(240), since=at("08:00:00"), now=at("09:00:00"))
        assert step.slot == at("12:00:00")
        assert step.missed is not None
        assert step.missed.count == 1

    def test_nothing_runs_once_its_hours_have_closed(self) -> None:
        cadence = every(60, hours=("08:00", "10:30"))
        step = catch_up(cadence, since=at("09:00:00"), now=at("10:30:00"))
        assert step.slot == at("08:00:00") + timedelta(days=1)
        assert step.missed is not None
        assert step.missed.count == 2

    def test_a_slot_that_is_still_ahead_is_awaited(self) -> None:
        step = catch_up(every(60), since=at("09:00:00"), now=at("08:59:59"))
        assert (step.slot, step.missed) == (at("09:00:00"), None)


def test_a_slot_is_wanted_until_its_start_deadline() -> None:
    plan = every(60).plan(at("09:00:00"))
    assert is_wanted(plan, at("09:59:59.999"))
    assert not is_wanted(plan, at("10:00:00"))


class TestSlotsBetween:
    def test_they_are_counted_after_the_first_instant_up_to_the_last(self) -> None:
        passed = slots_between(every(60), after=at("09:00:00"), until=at("11:00:00"))
        assert passed is not None
        assert json.loads(passed.dump("ann:disk")) == {
            "runId": "ann:disk@2027-01-15T11:00:00.000Z",
            "count": 2,
            "from": to_ms(at("10:00:00")),
            "to": to_ms(at("11:00:00")),
        }

    def test_there_may_be_none(self) -> None:
        assert (
            slots_between(every(60), after=at("09:00:00"), until=at("09:59:00")) is None
        )
