"""What happens rarely, told as one step so that it happens in each story."""

from collections.abc import Mapping, Sequence

from hypothesis import strategies as st
from hypothesis.stateful import rule

from heartbeat.store.runs import RUN_LEASE_MS
from heartbeat.store.slots import CLAIM_LEASE_MS, REDISPATCH_MS
from tests.integration.ledger_model import Worker, name_of
from tests.integration.ledger_troubles import KEYS
from tests.integration.ledger_users import (
    Users,
    ids,
    intervals,
    spans,
    ways_to_change,
)
from tests.integration.ledger_workers import Workers, findings

#: What a person may say of one incident, one after the other.
SAID = (
    ("acknowledge",),
    ("snooze",),
    ("acknowledge", "snooze"),
    ("acknowledge", "snooze", "unsnooze"),
    ("snooze", "acknowledge", "unsnooze"),
    ("snooze", "snooze", "unsnooze"),
)

#: So long a clock runs ahead, in seconds.
AHEAD_SECONDS = 5_000

RUN_LEASE, CLAIM_LEASE, REDISPATCH = (
    ms / 1000 for ms in (RUN_LEASE_MS, CLAIM_LEASE_MS, REDISPATCH_MS)
)


class Rare(Users, Workers):
    """Each of these needs several steps in the right order."""

    def send(self, name: str, every: float = 1.0) -> None:
        """Let a slot of a heartbeat become due, and its message be sent."""
        self.be_on(name, every)
        self.a_beat_does_all()
        due_in = self.seen.due[name] - self.now_ms
        self.time_passes(max(0, due_in) / 1000 + 0.005)
        self.a_beat_does_all()

    def arrive(self, name: str, *, is_double: bool = False) -> Worker | None:
        """Let its newest message arrive; return the worker if a run begins."""
        before = len(self.workers)
        for place, message in reversed([*enumerate(self.fleet.messages)]):
            if name_of(message.uid) == name:
                self.a_message_arrives(place, is_double)
                break
        return self.workers[-1] if len(self.workers) > before else None

    def begin(
        self, name: str, every: float = 1.0, *, is_double: bool = False
    ) -> Worker | None:
        self.send(name, every)
        return self.arrive(name, is_double=is_double)

    def outlive(self, worker: Worker) -> Worker | None:
        """Let the lease of a run end, and another worker begin it."""
        self.time_passes(RUN_LEASE + 0.001)
        self.a_beat_does_all()
        return self.arrive(worker.name)

    @rule(name=ids, every=intervals)
    def a_double_arrives_while_the_run_goes_on(self, name: str, every: float) -> None:
        if self.begin(name, every, is_double=True):
            assert self.arrive(name) is None, "two at once"

    @rule(
        name=ids,
        every=intervals,
        found=findings,
        what=st.sampled_from(["renew", "finish", "hand back"]),
    )
    def an_old_worker_comes_back(
        self, name: str, every: float, found: Mapping[str, str], what: str
    ) -> None:
        old = self.begin(name, every)
        if old and self.outlive(old):
            if what == "renew":
                return self.renew(old)
            self.workers.remove(old)
            if what == "finish":
                self.finish(old, found)
            else:
                self.hand_back(old)

    @rule(name=ids, every=intervals)
    def a_run_dies_twice(self, name: str, every: float) -> None:
        worker = self.begin(name, every)
        for _ in range(2):
            if worker:
                self.workers.remove(worker)
                worker = self.outlive(worker)

    @rule(name=ids, every=intervals)
    def a_run_that_began_late_dies(self, name: str, every: float) -> None:
        self.send(name, every)
        self.time_passes(min(every, 60) * 60 - 1)
        worker = self.arrive(name)
        if worker:
            self.workers.remove(worker)
            self.outlive(worker)

    @rule(name=ids, every=intervals, late=st.booleans())
    def a_run_is_handed_back_and_goes_on(
        self, name: str, every: float, late: bool
    ) -> None:
        worker = self.begin(name, every)
        if worker:
            if late:
                self.run_on(worker, min(every, 7) * 60)
            self.workers.remove(worker)
            self.hand_back(worker)
            self.a_beat_does_all()
            self.arrive(name)

    @rule(name=ids)
    def a_run_meets_the_next_slot(self, name: str) -> None:
        worker = self.begin(name)
        if worker:
            self.run_on(worker, 60)
            self.a_beat_does_all()

    def run_on(self, worker: Worker, seconds: float) -> None:
        """Let a run go on for so long, and keep its lease."""
        while seconds > 0:
            self.time_passes(min(seconds, 20))
            self.renew(worker)
            seconds -= 20

    @rule(name=ids)
    def a_run_by_hand_meets_a_slot(self, name: str) -> None:
        self.be_on(name, 1.0)
        self.the_next_is_due(0)
        self.a_beat_does_all()
        self.time_passes(30)
        self.request_run(name)
        self.a_beat_does_all()
        self.time_passes(31)
        self.a_beat_does_all()

    @rule(name=ids, every=intervals)
    def a_message_is_lost_and_missed(self, name: str, every: float) -> None:
        self.send(name, every)
        self.fleet.messages.clear()
        self.time_passes(REDISPATCH)
        self.a_beat_does_all()

    @rule(name=ids, every=intervals, is_begun=st.booleans())
    def no_worker_is_there_for_long(
        self, name: str, every: float, is_begun: bool
    ) -> None:
        self.send(name, every)
        self.time_passes(3_601)
        if is_begun:
            self.arrive(name)
        self.a_beat_does_all()

    @rule(name=ids, every=intervals)
    def no_beat_is_there_for_long(self, name: str, every: float) -> None:
        self.be_on(name, every)
        self.time_passes(every * 150)
        self.a_beat_does_all()

    @rule(
        name=ids,
        every=intervals,
        then=intervals,
        how=ways_to_change,
        back=st.booleans(),
    )
    def a_config_changes_while_a_beat_sends(
        self, name: str, every: float, then: float, how: str, back: bool
    ) -> None:
        self.be_on(name, every)
        self.time_passes(
            max(0, self.seen.due[name] - self.now_ms) / 1000 + (61 if back else 0)
        )
        self.a_beat_claims(most=3)
        if back:
            self.the_clock_jumps_back(AHEAD_SECONDS)
        self.change_somehow(name, then, how)
        self.a_beat_goes_on(-1)
        if back:
            self.all_goes_on()

    @rule(name=ids, said=st.sampled_from(SAID), minutes=spans, then=findings)
    def a_person_speaks_while_a_run_goes_on(
        self, name: str, said: Sequence[str], minutes: int, then: Mapping[str, str]
    ) -> None:
        for found in (dict.fromkeys(KEYS, "bad"), then):
            worker = self.begin(name)
            if worker is None:
                return
            for key in self.known[name].troubles.open_keys():
                for how in said:
                    self.speak(name, key, how, minutes)
            self.workers.remove(worker)
            self.finish(worker, found)

    @rule(name=ids, then=intervals, how=ways_to_change, found=findings)
    def a_heartbeat_changes_while_its_run_goes_on(
        self, name: str, then: float, how: str, found: Mapping[str, str]
    ) -> None:
        worker = self.begin(name)
        if worker:
            self.change_somehow(name, then, how)
            self.workers.remove(worker)
            self.finish(worker, found)

    @rule(name=ids)
    def a_heartbeat_is_made_again_while_its_run_goes_on(self, name: str) -> None:
        if self.begin(name):
            self.delete(name)
            self.send(name)
            self.arrive(name)

    @rule(found=findings)
    def the_clock_runs_ahead_for_a_while(self, found: Mapping[str, str]) -> None:
        self.time_passes(AHEAD_SECONDS)
        self.a_run_goes_well(found)
        self.the_clock_jumps_back(AHEAD_SECONDS)
        self.a_beat_looks_ahead()

    @rule(
        name=ids,
        every=intervals,
        change=st.sampled_from(["configure", "resume", "a beat"]),
    )
    def the_clock_runs_ahead_and_something_changes(
        self, name: str, every: float, change: str
    ) -> None:
        if change == "resume":
            self.pause(name)
        self.time_passes(AHEAD_SECONDS)
        if change == "configure":
            self.configure(name, every, enabled=True)
        elif change == "resume":
            self.resume(name)
        else:
            self.a_beat_does_all()
        self.the_clock_jumps_back(AHEAD_SECONDS)
        self.all_goes_on()
