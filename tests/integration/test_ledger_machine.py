"""Any interleaving of beats, workers, users, faults and clocks keeps the ledger true.

To search for longer: `LEDGER_EXAMPLES=3000 pytest -o timeout=0` on this file.
"""

import json
import os
from collections.abc import Callable

import fakeredis
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from beat_schedule.dispatch import advanced, followed
from heartbeat.errors import Busy, InvalidConfig, NotFound
from heartbeat.instants import from_ms, to_ms
from heartbeat.jobs import queue_for
from heartbeat.runs import is_manual
from heartbeat.store.runs import RUN_LEASE_MS, Begun, Fenced, Known
from heartbeat.store.slots import Claim
from tests.integration.ledger_invariants import LedgerInvariants
from tests.integration.ledger_model import (
    IDS,
    Model,
    Worker,
    messages_of,
    name_of,
    stories,
)
from tests.unit.store.ledger import (
    OWNER,
    START_MS,
    ClockedServer,
    Fleet,
    a_config,
    an_outcome,
)

#: Stories told in a run of the whole suite.
EXAMPLES = int(os.environ.get("LEDGER_EXAMPLES", "60"))

EVERY = (1.0, 7.0, 60.0)

#: Which of several, the newest most of the time.
places = st.sampled_from([-1, -1, 0, 1, 2])
ids = st.sampled_from(IDS)


class Ledger(LedgerInvariants, RuleBasedStateMachine):
    connect: Callable[[], ClockedServer]

    @initialize()
    def begin_with_nothing(self) -> None:
        self.fleet = Fleet(type(self).connect())
        self.known = {name: Model() for name in IDS}
        self.beats: list[list[Claim]] = []
        self.workers: list[Worker] = []
        self.finished: list[Begun] = []
        self.nonces = 0
        self.names = 0
        self.unopened = 0
        self.ended_before = 0
        self.was_set_back = False
        for name, every in zip(IDS, EVERY, strict=False):
            self.configure(name, every, enabled=True)

    # Users ------------------------------------------------------------------------

    @rule(name=ids, every=st.sampled_from(EVERY), enabled=st.booleans())
    def configure(self, name: str, every: float, enabled: bool) -> None:
        config = a_config(name, every=every, enabled=enabled or every == 1.0)
        self.changes(name, lambda: self.fleet.configure(config))
        self.known[name].config = config

    @rule(name=ids, run_on=st.sampled_from([None, None, "db"]))
    def rename(self, name: str, run_on: str | None) -> None:
        known = self.known[name]
        if not known.config:
            return
        self.names += 1
        changed = {"name": f"name {self.names}", "run_on": run_on}
        before = self.open_slot(name)
        next_slot = self.fleet.stored(name).next_slot
        config = known.config.model_copy(update=changed)
        self.changes(name, lambda: self.fleet.configure(config))
        known.config = config
        after = self.open_slot(name)
        if known.config.enabled and not known.is_paused:
            assert self.fleet.stored(name).next_slot == next_slot
            assert (after and after["runId"]) == (before and before["runId"])

    @rule(name=ids)
    def pause(self, name: str) -> None:
        if self.known[name].config:
            pause = self.fleet.heartbeats.pause
            self.changes(name, lambda: pause(OWNER, name, note=None))
            self.known[name].is_paused = True

    @rule(name=ids)
    def resume(self, name: str) -> None:
        if self.known[name].config:
            before = self.ended()
            self.fleet.heartbeats.resume(OWNER, name)
            self.known[name].is_paused = False
            self.unopened += self.ended() - before

    @rule(name=ids)
    def delete(self, name: str) -> None:
        if self.known[name].config:
            self.changes(name, lambda: self.fleet.heartbeats.delete(OWNER, name))
            open_run = self.known[name].open_run
            self.known[name] = Model(open_run=open_run)
            for worker in self.workers:
                if name_of(worker.begun.lease.uid) == name:
                    worker.is_left_over = True

    @rule(name=ids)
    def request_run(self, name: str) -> None:
        try:
            self.fleet.slots.request_run(OWNER, name)
        except NotFound:
            assert not self.known[name].config
        except Busy:
            open_slot = self.open_slot(name)
            assert open_slot
            assert not open_slot.get("deleted")
        except InvalidConfig:
            config = self.known[name].config
            assert config
            assert self.known[name].is_paused or not config.enabled

    def changes(self, name: str, change: Callable[[], object]) -> None:
        """Change a schedule; slots that nobody had claimed end without being opened."""
        before, was_open = self.ended(), self.open_slot(name)
        change()
        closed = bool(was_open and not self.open_slot(name))
        self.unopened += self.ended() - before - closed

    # Beats, which may stop after each step ------------------------------------------

    @rule(most=st.integers(1, 3))
    def a_beat_claims(self, most: int) -> None:
        lengths = self.fleet.lengths()
        waiting = {queue: self.waiting(queue) for queue in lengths}
        unbegun = self.open_slots("published")
        claims = self.fleet.slots.claim(most=most, queue_lengths=lengths)
        again = [one for one in messages_of(claims) if one.run_id in unbegun]
        missing = {queue: waiting[queue] - lengths[queue] for queue in lengths}
        for queue in {one.queue for one in again}:
            assert sum(one.queue == queue for one in again) <= max(0, missing[queue])
        opened = self.open_slots("published")
        skipped = [
            one for one in claims if one.kind == "advance" and one.run_id not in opened
        ]
        self.unopened += len(skipped)
        self.beats.append(claims)

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
        before, now = self.ended(), from_ms(self.fleet.server.clock_ms)
        taken = self.fleet.slots.ahead.taken([one.uid for one in others])
        self.fleet.slots.advance(advanced(others, now=now, taken=taken))
        self.unopened += self.ended() - before

    @rule()
    def a_beat_does_all(self) -> None:
        for _ in range(3):
            self.a_beat_claims(most=3)
            self.a_beat_goes_on(-1)
            self.accounted()

    @rule(seconds=st.sampled_from([0, 0.005, 1]))
    def the_next_is_due(self, seconds: float) -> None:
        due_ms = self.fleet.slots.next_due_ms()
        if due_ms is not None:
            ahead_ms = max(0, due_ms - self.fleet.server.clock_ms)
            self.time_passes(ahead_ms / 1000 + seconds)

    @rule()
    def a_slot_is_sent(self) -> None:
        self.the_next_is_due(0.005)
        self.a_beat_does_all()

    @rule()
    def a_run_begins(self) -> None:
        self.a_slot_is_sent()
        if self.fleet.messages:
            self.a_message_arrives(-1, is_double=False)

    @rule()
    def a_run_goes_well(self) -> None:
        self.a_run_begins()
        if self.workers:
            self.a_run_finishes(-1)

    # The queue and the workers -------------------------------------------------------

    @precondition(lambda self: self.fleet.messages)
    @rule(place=places, is_double=st.booleans())
    def a_message_arrives(self, place: int, is_double: bool) -> None:
        message = self.taken(self.fleet.messages, place)
        if is_double:
            self.fleet.messages.append(message)
        self.nonces += 1
        begun = self.fleet.runs.begin(
            message.uid,
            message.run_id,
            host="one",
            nonce=str(self.nonces),
            queue=message.queue,
        )
        if not isinstance(begun, Begun):
            return
        assert message.queue == queue_for(begun.known.config.run_on)
        now = self.fleet.server.clock_ms
        others = [one for one in self.workers if one.begun.lease.uid == message.uid]
        assert all(one.has_expired or one.is_left_over for one in others), "two at once"
        self.workers.append(Worker(begun, now + RUN_LEASE_MS))
        known = self.known[name_of(message.uid)]
        assert int(begun.lease.token) > known.newest_token
        known.newest_token = int(begun.lease.token)
        if not is_manual(begun.lease.run_id):
            known.begun.add(to_ms(begun.slot))

    @precondition(lambda self: self.fleet.messages)
    @rule(place=places)
    def a_message_is_lost(self, place: int) -> None:
        self.taken(self.fleet.messages, place)

    @precondition(lambda self: self.workers)
    @rule(place=places)
    def a_lease_is_renewed(self, place: int) -> None:
        worker = self.workers[place % len(self.workers)]
        if self.fleet.runs.renew(worker.begun.lease):
            worker.lease_until = self.fleet.server.clock_ms + RUN_LEASE_MS

    @precondition(lambda self: self.workers)
    @rule(place=places)
    def a_run_finishes(self, place: int) -> None:
        begun = self.taken(self.workers, place).begun
        message = json.dumps({"run": begun.lease.run_id, "token": begun.lease.token})
        answer = self.fleet.finish(begun, message)
        if isinstance(answer, Known):
            outcome = an_outcome(begun, message)
            answer = self.fleet.runs.finish(begun.lease, outcome, against=answer)
        if answer is None:
            token = int(begun.lease.token)
            assert token >= self.known[name_of(begun.lease.uid)].newest_token
            self.finished.append(begun)
        else:
            assert answer is Fenced.FENCED

    @precondition(lambda self: self.finished)
    @rule()
    def the_last_finish_is_sent_again(self) -> None:
        begun = self.finished[-1]
        before = self.ended()
        answer = self.fleet.finish(begun, '{"doubled": true}')
        assert answer is None
        assert self.ended() == before

    @precondition(lambda self: self.workers)
    @rule(place=places)
    def a_run_is_handed_back(self, place: int) -> None:
        begun = self.taken(self.workers, place).begun
        # It counts as not begun, unless it was the second try of a slot.
        if self.fleet.runs.hand_back(begun.lease) and begun.attempt == 1:
            self.known[name_of(begun.lease.uid)].begun.discard(to_ms(begun.slot))

    @precondition(lambda self: self.workers)
    @rule(place=places)
    def a_worker_dies(self, place: int) -> None:
        self.taken(self.workers, place)

    @rule(seconds=st.sampled_from([0.001, 1, 2, 15, 30, 61, 3_600]))
    def time_passes(self, seconds: float) -> None:
        self.fleet.server.pass_time(seconds=seconds)
        for worker in self.workers:
            if worker.lease_until <= self.fleet.server.clock_ms:
                worker.has_expired = True

    @rule(seconds=st.sampled_from([1, 60, 400, 5_000]))
    def the_clock_jumps_back(self, seconds: float) -> None:
        self.fleet.server.pass_time(seconds=-seconds)
        self.was_set_back = self.was_set_back or seconds > 60

    @rule()
    def a_beat_looks_ahead(self) -> None:
        self.fleet.slots.ahead.look_on()
        for worker in self.workers:
            worker.cut_lease(self.fleet.server.clock_ms)

    @rule()
    def the_clock_runs_ahead_for_a_while(self) -> None:
        self.time_passes(5_000)
        self.a_run_goes_well()
        self.the_clock_jumps_back(5_000)
        self.a_beat_looks_ahead()

    @rule(
        name=ids,
        every=st.sampled_from(EVERY),
        change=st.sampled_from(["configure", "resume", "a beat"]),
    )
    def the_clock_runs_ahead_and_something_changes(
        self, name: str, every: float, change: str
    ) -> None:
        if change == "resume":
            self.pause(name)
        self.time_passes(5_000)
        if change == "configure":
            self.configure(name, every, enabled=True)
        elif change == "resume":
            self.resume(name)
        else:
            self.a_beat_does_all()
        self.the_clock_jumps_back(5_000)
        self.all_goes_on()

    @rule()
    def all_goes_on(self) -> None:
        """Once beats work and the clock is right, nobody waits longer than a period."""
        self.beats.clear()
        for _ in range(2):
            self.time_passes(2)
            self.a_beat_looks_ahead()
            self.a_beat_does_all()
        self.time_passes(2)
        self.a_beat_does_all()
        for name, known in self.known.items():
            due = self.fleet.due_in(name)
            interval_ms = known.config.timing.interval_ms if known.config else None
            if due is not None and interval_ms is not None:
                assert due <= interval_ms / 60_000 + 1.2, f"{name} waits in vain"


def test_it_holds_over_fakeredis() -> None:
    class Faked(Ledger):
        @staticmethod
        def connect() -> ClockedServer:
            return ClockedServer(fakeredis.FakeRedis(decode_responses=True))

    run_state_machine_as_test(Faked, settings=stories(EXAMPLES // 6))


def test_it_holds_over_a_real_server(server_url: str) -> None:
    server = ClockedServer.connect(server_url, name="test")

    class Real(Ledger):
        @staticmethod
        def connect() -> ClockedServer:
            server.ask(lambda client: client.flushall())
            server.clock_ms = START_MS
            return server

    run_state_machine_as_test(Real, settings=stories(EXAMPLES))
    server.close()
