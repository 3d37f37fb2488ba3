"""Beats, which may stop after each step, in the test of the ledger's state machine."""

from typing import Literal

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from beat_schedule.dispatch import advanced, followed
from heartbeat.config import unique_id
from heartbeat.instants import from_ms
from heartbeat.store.slots import Claim
from tests.integration.ledger_invariants import LedgerInvariants
from tests.integration.ledger_model import (
    IDS,
    LONGEST_LEASE_MS,
    LONGEST_WAIT_MS,
    messages_of,
    name_of,
)
from tests.unit.store.ledger import MINUTE_MS, OWNER

#: Which of several, the newest most of the time.
places = st.sampled_from([-1, -1, 0, 1, 2])

#: What a claim makes of an open slot at which somebody must look again.
Fate = Literal["sent again", "over", "waits"]


class Beats(LedgerInvariants):
    """Claim, send, note; or die in between."""

    beats: list[list[Claim]]

    @rule(most=st.integers(1, 3))
    def a_beat_claims(self, most: int) -> None:
        lengths = self.lengths()
        seen, unbegun = self.seen, self.open_slots("published")
        opened_before = {one["runId"] for one in seen.opens.values()}
        fates = self._fates(lengths, most)
        claims = self.fleet.slots.claim(most=most, queue_lengths=lengths)
        sent = {one.run_id: one.queue for one in messages_of(claims)}
        for queue, length in lengths.items():
            again = sum(queue == sent.get(run_id) for run_id in unbegun)
            assert again <= max(0, seen.waiting[queue] - length)
        opened = self.open_slots("published")
        still_open = opened | self.open_slots("claimed")
        for run_id, fate in fates.items():
            assert (run_id in sent) is (fate == "sent again"), f"{run_id}: {fate}"
            assert (run_id in still_open) is (fate != "over"), f"{run_id}: {fate}"
        for one in claims:
            if one.kind != "manual" and one.run_id not in opened_before:
                assert self.seen.due[name_of(one.uid)] > self.now_ms, "not held"
        others = [one for one in claims if one.kind == "advance"]
        self.unopened += sum(one.run_id not in opened for one in others)
        self.beats.append(claims)
        self.accounted()

    def _fates(self, lengths: dict[str, int], most: int) -> dict[str, Fate]:
        """Say by the contract what becomes of the open slots that a claim looks at."""
        looked_at = [
            name
            for name, deadline in self.seen.deadlines.items()
            if deadline <= self.now_ms
        ]
        return {
            str(self.seen.opens[name]["runId"]): fate
            for name in looked_at[:most]
            if (fate := self._fate(name, lengths))
        }

    def _fate(self, name: str, lengths: dict[str, int]) -> Fate | None:
        known, open_slot = self.known[name], self.seen.opens[name]
        assert known.open
        is_expired = known.open.is_expired(self.now_ms)
        if open_slot["state"] == "running":
            is_wanted = known.is_on and not known.open.is_outdated
            is_left = not is_wanted or known.open.is_deleted
            is_over = is_left or is_expired or known.open.tries > 1
            return "over" if is_over else "sent again"
        if is_expired:
            return "over"
        if not known.open.tries and self.now_ms >= known.open.start_until:
            return None  # handed back late: it gives way to the next, if that is due
        if open_slot["state"] == "claimed":
            # The message of an earlier slot may be on the queue still, and will do.
            return None if self.has_message(name, open_slot) else "sent again"
        length, waiting = (
            some.get(str(open_slot["queue"]), 0)
            for some in (lengths, self.seen.waiting)
        )
        if length == 0:
            return "sent again"
        # With fewer messages than slots some are sent again; the claim counts them.
        return "waits" if length >= waiting else None

    def has_message(self, name: str, open_slot: dict[str, object]) -> bool:
        key, uid = f"{{hb}}:waiting:{open_slot['queue']}", unique_id(OWNER, name)
        return bool(self.fleet.server.ask(lambda client: client.sismember(key, uid)))

    @precondition(lambda self: self.beats)
    @rule(place=places)
    def a_beat_dies_with_half_a_batch_sent(self, place: int) -> None:
        claims = self.taken(self.beats, place)
        self.fleet.send(messages_of(claims)[: len(claims) // 2])

    @precondition(lambda self: self.beats)
    @rule(place=places)
    def a_beat_dies_before_it_notes_what_it_sent(self, place: int) -> None:
        self.fleet.send(messages_of(self.taken(self.beats, place)))

    @precondition(lambda self: self.beats)
    @rule(place=places)
    def a_beat_goes_on(self, place: int) -> None:
        claims = self.taken(self.beats, place)
        self.fleet.send(messages_of(claims))
        self.fleet.slots.commit(followed(messages_of(claims)))
        others = [one for one in claims if one.kind in {"advance", "late", "ahead"}]
        before, now = self.ended(), from_ms(self.now_ms)
        taken = self.fleet.slots.ahead.taken([one.uid for one in others])
        self.fleet.slots.advance(advanced(others, now=now, taken=taken))
        self.unopened += self.ended() - before
        self.accounted()

    @rule()
    def a_beat_does_all(self) -> None:
        """Whatever is due is acted on: nothing is left that anybody waits for."""
        for _ in range(2 * len(IDS) + 1):
            self.a_beat_claims(most=3)
            claims = self.beats[-1]
            self.a_beat_goes_on(-1)
            if not claims:
                break
        first = min([*self.seen.due.values(), *self.seen.deadlines.values()], default=0)
        assert not first or first > self.now_ms, "due, and left by a beat"

    @rule(seconds=st.sampled_from([0, 0.005, 1]))
    def the_next_is_due(self, seconds: float) -> None:
        due_ms = self.fleet.slots.next_due_ms()
        if due_ms is not None:
            ahead_ms = max(0, due_ms - self.now_ms)
            self.time_passes(ahead_ms / 1000 + seconds)

    @rule()
    def a_slot_is_sent(self) -> None:
        self.the_next_is_due(0.005)
        self.a_beat_does_all()

    # Clocks ------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([0.001, 1, 2, 15, 30, 61, 3_600]))
    def time_passes(self, seconds: float) -> None:
        self.fleet.server.pass_time(seconds=seconds)
        for worker in self.workers:
            if worker.lease_until <= self.now_ms:
                worker.has_expired = True

    @rule(seconds=st.sampled_from([1, 60, 400, 5_000]))
    def the_clock_jumps_back(self, seconds: float) -> None:
        self.ahead_until = max(self.ahead_until, self.now_ms + LONGEST_WAIT_MS)
        self.fleet.server.pass_time(seconds=-seconds)
        self.was_set_back = self.was_set_back or seconds > 60

    @rule()
    def a_beat_looks_ahead(self) -> None:
        self.fleet.slots.ahead.look_on()
        self.ahead_until = min(self.ahead_until, self.now_ms + LONGEST_LEASE_MS)
        for worker in self.workers:
            worker.cut_lease(self.now_ms)

    @rule()
    def all_goes_on(self) -> None:
        """Once beats work and the clock is right, nobody waits longer than a period.

        But a slot that came while the clock was ahead is over, and passed over.
        """
        self.beats.clear()
        for _ in range(2):
            self.time_passes(2)
            self.a_beat_looks_ahead()
            self.a_beat_does_all()
        self.time_passes(2)
        self.a_beat_does_all()
        for name, known in self.known.items():
            if known.is_on:
                due_in = self.seen.due[name] - self.now_ms
                interval_ms = known.interval_ms
                early = self.seen.came_early(name, self.now_ms, interval_ms)
                longest = (1 + early) * interval_ms + 1.2 * MINUTE_MS
                assert due_in <= longest, f"{name} waits in vain"
