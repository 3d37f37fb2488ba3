"""What users and the watcher do to the ledger, in the test of its state machine."""

from collections.abc import Callable
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from gateway.watcher import STALL_SECONDS, Watcher
from heartbeat.config import HeartbeatConfig
from heartbeat.errors import Busy, InvalidConfig, NotFound
from heartbeat.incidents import acknowledge, snooze, unsnooze
from tests.integration.ledger_invariants import LedgerInvariants
from tests.integration.ledger_model import IDS
from tests.integration.ledger_troubles import Told
from tests.unit.store.ledger import OWNER, a_config

EVERY = (1.0, 7.0, 60.0)

ids = st.sampled_from(IDS)
intervals = st.sampled_from(EVERY)
words = st.sampled_from(["acknowledge", "snooze", "unsnooze"])
spans = st.sampled_from([1, 45, 600])
ways_to_change = st.sampled_from(["timing", "name", "queue", "off", "pause", "delete"])


class Users(LedgerInvariants):
    """Configure, pause, run by hand; and speak to what they were told."""

    watcher: Watcher
    watch_seconds: float
    names: int

    @rule(name=ids, every=intervals, enabled=st.booleans())
    def configure(self, name: str, every: float, enabled: bool) -> None:
        config = a_config(name, every=every, enabled=enabled or every == 1.0)
        self._configure(name, config)

    @rule(name=ids, run_on=st.sampled_from([None, None, "db"]))
    def rename(self, name: str, run_on: str | None) -> None:
        known = self.known[name]
        if not known.config:
            return
        self.names += 1
        changed = {"name": f"name {self.names}", "run_on": run_on}
        before, plan = self.open_slot(name), self.seen.plans.get(name)
        self._configure(name, known.config.model_copy(update=changed))
        after = self.open_slot(name)
        if known.is_on:
            assert self.seen.plans.get(name) == plan
            assert (after and after["runId"]) == (before and before["runId"])

    @rule(name=ids)
    def pause(self, name: str) -> None:
        if self.known[name].config:
            pause = self.fleet.heartbeats.pause
            self._change(name, lambda: pause(OWNER, name, note=None))
            self.known[name].is_paused = True
            self.accounted()

    @rule(name=ids)
    def resume(self, name: str) -> None:
        if self.known[name].config:
            before = self.ended()
            self.fleet.heartbeats.resume(OWNER, name)
            self.known[name].is_paused = False
            self.unopened += self.ended() - before
            self.accounted()

    @rule(name=ids)
    def delete(self, name: str) -> None:
        known = self.known[name]
        if known.config:
            self._change(name, lambda: self.fleet.heartbeats.delete(OWNER, name))
            self.told(known.troubles.end())
            known.ended_badly = self.seen.ended_badly(name)
            self.known[name] = known.deleted()
            for worker in self.workers:
                worker.is_left_over = worker.is_left_over or worker.name == name
            self.accounted()

    @rule(name=ids)
    def request_run(self, name: str) -> None:
        known = self.known[name]
        try:
            self.fleet.slots.request_run(OWNER, name)
        except NotFound:
            assert not known.config
        except Busy:
            assert known.open
            assert not known.open.is_deleted
        except InvalidConfig:
            assert known.config
            assert not known.is_on
        else:
            self.accounted()

    @rule(name=ids, every=intervals, how=ways_to_change)
    def change_somehow(self, name: str, every: float, how: str) -> None:
        match how:
            case "timing":
                self.configure(name, every, enabled=True)
            case "name" | "queue":
                self.rename(name, "db" if how == "queue" else None)
            case "off":
                self.configure(name, 60.0, enabled=False)
            case "pause":
                self.pause(name)
            case _:
                self.delete(name)

    def be_on(self, name: str, every: float) -> None:
        """Let a heartbeat have slots, so often."""
        self.configure(name, every, enabled=True)
        self.resume(name)

    def _configure(self, name: str, config: HeartbeatConfig) -> None:
        known, open_slot = self.known[name], self.open_slot(name)
        if known.open and open_slot and known.config != config:
            is_same = known.config and known.config.timing == config.timing
            is_kept = config.enabled and (is_same or not open_slot.get("grid"))
            known.open.is_outdated = not is_kept
        self._change(name, lambda: self.fleet.configure(config))
        known.config = config
        self.accounted()

    def _change(self, name: str, change: Callable[[], object]) -> None:
        """Change a schedule; slots that nobody had claimed end without being opened."""
        before, was_open = self.ended(), self.open_slot(name)
        change()
        closed = bool(was_open and not self.open_slot(name))
        self.unopened += self.ended() - before - closed

    # Words of a person ---------------------------------------------------------------

    @precondition(lambda self: any(self.troubled()))
    @rule(data=st.data(), how=words, minutes=spans)
    def a_person_speaks(self, data: st.DataObject, how: str, minutes: int) -> None:
        name, key = data.draw(st.sampled_from(self.troubled()))
        self.speak(name, key, how, minutes)

    def speak(self, name: str, key: str, how: str, minutes: int) -> None:
        trouble = self.known[name].troubles.of[key]
        change = self.fleet.books.change
        if how == "acknowledge":
            change(OWNER, name, lambda book, _: acknowledge(book, key))
            trouble.acknowledge()
        elif how == "unsnooze":
            change(OWNER, name, lambda book, _: unsnooze(book, key))
            trouble.happen("unsnooze")
        else:
            span = timedelta(minutes=minutes)
            change(OWNER, name, lambda book, now: snooze(book, key, now + span, now))
            until_ms = self.now_ms + span // timedelta(milliseconds=1)
            trouble.snooze(self.now_ms, until_ms)

    def troubled(self) -> list[tuple[str, str]]:
        return [
            (name, key)
            for name, known in self.known.items()
            for key in known.troubles.open_keys()
        ]

    @rule()
    def the_watcher_looks(self) -> None:
        """It has just come back, so it tells only of what the ledger noted."""
        self.watch_seconds += 2 * STALL_SECONDS
        self.watcher.look(self.watch_seconds)
        told: list[Told] = []
        for known in self.known.values():
            if known.untold:
                told += known.troubles.miss(known.untold, self.now_ms)
                known.untold = 0
        self.told(told)
