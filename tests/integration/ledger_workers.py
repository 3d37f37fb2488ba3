"""The queue and the workers, in the test of the ledger's state machine."""

from collections.abc import Mapping

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from heartbeat.instants import from_ms, to_ms
from heartbeat.jobs import queue_for
from heartbeat.runs import is_manual
from heartbeat.store.runs import RUN_LEASE_MS, Begun, Fenced, Known, Outcome, Refused
from heartbeat.usage import Usage
from tests.integration.ledger_beats import Beats, places
from tests.integration.ledger_model import Finished, Worker, name_of
from tests.integration.ledger_troubles import FOUND, KEYS, a_result
from worker.evaluation import Evaluation
from worker.settling import Run, settle

WORDS = (*FOUND, "bad", "bad", "not judged", "removed", "disabled")

#: What a run finds of each item; mostly trouble.
findings = st.fixed_dictionaries(dict.fromkeys(KEYS, st.sampled_from(WORDS)))


class Workers(Beats):
    """Begin, renew, finish, hand back; or die in between."""

    finished: list[Finished]
    nonces: int

    @precondition(lambda self: self.fleet.messages)
    @rule(place=places, is_double=st.booleans())
    def a_message_arrives(self, place: int, is_double: bool) -> None:
        message = self.taken(self.fleet.messages, place)
        if is_double:
            self.fleet.messages.append(message)
        self.nonces += 1
        open_slot = self.seen.opens.get(name_of(message.uid))
        begun = self.fleet.runs.begin(
            message.uid,
            message.run_id,
            host="one",
            nonce=str(self.nonces),
            queue=message.queue,
        )
        if isinstance(begun, Begun):
            self._begin(begun, message.queue)
        elif open_slot and open_slot["state"] == "running":
            assert begun is Refused.RUNNING
        self.accounted()

    def _begin(self, begun: Begun, queue: str) -> None:
        uid, known = begun.lease.uid, self.known[name_of(begun.lease.uid)]
        assert queue == queue_for(begun.known.config.run_on)
        others = [one for one in self.workers if one.begun.lease.uid == uid]
        assert all(one.has_expired or one.is_left_over for one in others), "two at once"
        assert known.open
        assert not known.open.is_expired(self.now_ms), "begun too late"
        assert known.is_on
        known.open.tries += 1
        known.open.was_begun = True
        assert begun.attempt == known.open.tries <= 2
        assert int(begun.lease.token) > known.newest_token
        known.newest_token = int(begun.lease.token)
        self.workers.append(Worker(begun, self.now_ms + RUN_LEASE_MS))
        if not is_manual(begun.lease.run_id):
            known.begun.add(to_ms(begun.slot))

    def holds(self, worker: Worker) -> bool:
        """Say whether a worker has the right to run, whatever it thinks itself."""
        known, open_slot = self.known[worker.name], self.seen.opens.get(worker.name)
        is_newest = int(worker.begun.lease.token) == known.newest_token
        return bool(is_newest and open_slot and open_slot["state"] == "running")

    @precondition(lambda self: self.fleet.messages)
    @rule(place=places)
    def a_message_is_lost(self, place: int) -> None:
        self.taken(self.fleet.messages, place)

    @precondition(lambda self: self.workers)
    @rule(place=places)
    def a_lease_is_renewed(self, place: int) -> None:
        self.renew(self.workers[place % len(self.workers)])

    def renew(self, worker: Worker) -> None:
        is_right, before = self.holds(worker), self.seen
        assert self.fleet.runs.renew(worker.begun.lease) is is_right
        if is_right:
            worker.lease_until = self.now_ms + RUN_LEASE_MS
            worker.has_expired = False
        else:
            assert self.seen.opens == before.opens

    @precondition(lambda self: self.workers)
    @rule(place=places, found=findings)
    def a_run_finishes(self, place: int, found: Mapping[str, str]) -> None:
        self.finish(self.taken(self.workers, place), found)

    def finish(self, worker: Worker, found: Mapping[str, str]) -> None:
        """Settle a run as a worker does: against what is known at that moment."""
        begun, known, answer = worker.begun, self.known[worker.name], worker.begun.known
        is_right, is_heard = self.holds(worker), known.is_on and not worker.is_left_over
        for _ in range(2):
            outcome = self._settled(begun, found, answer)
            settled = self.fleet.runs.finish(begun.lease, outcome, against=answer)
            if not isinstance(settled, Known):
                break
            answer = settled
        assert settled is (None if is_right else Fenced.FENCED)
        if is_right:
            self.finished.append(Finished(begun=begun, outcome=outcome))
        if is_right and is_heard:
            now_ms = max(self.now_ms, to_ms(begun.started))
            self.told(known.troubles.run(found, now_ms))
        self.accounted()

    def _settled(self, begun: Begun, found: Mapping[str, str], known: Known) -> Outcome:
        present = {key for key in KEYS if found[key] not in {"removed", "disabled"}}
        run = Run(
            run_id=begun.lease.run_id,
            slot=begun.slot,
            started=begun.started,
            finished=max(begun.started, from_ms(self.now_ms)),
            host="one",
            config=begun.known.config,
        )
        evaluation = Evaluation(
            results=tuple(
                a_result(key, found[key]) for key in KEYS if found[key] in FOUND
            ),
            present=frozenset(present),
            disabled=frozenset(key for key in KEYS if found[key] == "disabled"),
            paced=frozenset(),
            usage=Usage(),
            config=begun.known.config,
        )
        return settle(run, evaluation, known=known)

    @precondition(lambda self: self.finished)
    @rule()
    def the_last_finish_is_sent_again(self) -> None:
        last, before = self.finished[-1], self.ended()
        outcome, known = last.outcome, last.begun.known
        again = Outcome(record=outcome.record, book=outcome.book, messages=["again"])
        assert self.fleet.runs.finish(last.begun.lease, again, against=known) is None
        assert self.ended() == before
        self.told([])

    @precondition(lambda self: self.workers)
    @rule(place=places)
    def a_run_is_handed_back(self, place: int) -> None:
        self.hand_back(self.taken(self.workers, place))

    def hand_back(self, worker: Worker) -> None:
        known, is_right, before = self.known[worker.name], self.holds(worker), self.seen
        assert self.fleet.runs.hand_back(worker.begun.lease) is is_right
        if not is_right:
            assert self.seen.opens == before.opens
        elif known.open:
            known.open.tries -= 1
            # It counts as not begun, unless it was the second try of a slot.
            if worker.begun.attempt == 1:
                known.begun.discard(to_ms(worker.begun.slot))
        self.accounted()

    @precondition(lambda self: self.workers)
    @rule(place=places)
    def a_worker_dies(self, place: int) -> None:
        self.taken(self.workers, place)

    @rule()
    def a_run_begins(self) -> None:
        self.a_slot_is_sent()
        if self.fleet.messages:
            self.a_message_arrives(-1, is_double=False)

    @rule(found=findings)
    def a_run_goes_well(self, found: Mapping[str, str]) -> None:
        self.a_run_begins()
        if self.workers:
            self.a_run_finishes(-1, found)
