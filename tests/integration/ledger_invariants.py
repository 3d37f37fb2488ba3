"""What holds in the ledger after each step, whatever the step was."""

import json
from typing import cast

from hypothesis.stateful import invariant

from heartbeat.instants import from_ms
from heartbeat.runs import RunStatus
from heartbeat.store import keys
from heartbeat.store.slots import CLAIM_LEASE_MS
from tests.integration.ledger_model import (
    LONGEST_WAIT_MS,
    LedgerReader,
    Model,
    Opened,
    Seen,
    Worker,
    name_of,
)
from tests.integration.ledger_troubles import Told, states_of


class LedgerInvariants(LedgerReader):
    """Compares the ledger with what the test knows of it."""

    known: dict[str, Model]
    workers: list[Worker]
    unopened: int
    ended_before: int
    was_set_back: bool
    ahead_until: int
    heard: int

    @invariant()
    def all_holds(self) -> None:
        self.accounted()
        self.present()
        self.nothing_waits_for_ever()
        self.told_in_order()
        self.told([])
        self.troubles_follow_the_table()
        self.open_slots_are_looked_at()
        self.unbegun_slots_are_listed()

    def accounted(self) -> None:
        """Each slot that was opened is open, or ended once; in order, on the grid."""
        seen, closed = self.seen, 0
        for name, known in self.known.items():
            self._ended_badly(seen, name, known)
            open_slot = seen.opens.get(name)
            run_id = cast(str, open_slot["runId"]) if open_slot else None
            was_deleted = known.open is not None and known.open.is_deleted
            is_another = was_deleted and open_slot and not open_slot.get("deleted")
            if known.open and (run_id != known.open.run_id or is_another):
                closed += 1
                known.open = None
            if open_slot and not known.open:
                self._opened(known, open_slot)
        ended = self.ended()
        assert ended - self.ended_before == closed + self.unopened
        self.ended_before, self.unopened = ended, 0

    def _opened(self, known: Model, open_slot: dict[str, object]) -> None:
        assert known.is_on
        known.open = Opened.of(open_slot, known.interval_ms)
        slot = cast(int, open_slot["slot"])
        if open_slot.get("grid"):
            assert slot not in known.begun
            assert slot > known.last_grid_slot or self.was_set_back
            assert is_on_grid(known, slot), "an old schedule"
            known.last_grid_slot = slot

    def _ended_badly(self, seen: Seen, name: str, known: Model) -> None:
        """What was missed, or was lost while somebody listened, waits to be told."""
        badly = seen.ended_badly(name)
        new = badly - known.ended_badly
        known.ended_badly = badly
        known.untold += new[RunStatus.MISSED]
        if known.is_on and not (known.open and known.open.is_deleted):
            known.untold += new[RunStatus.LOST]
        assert seen.untold.get(name, 0) == known.untold

    def present(self) -> None:
        """A heartbeat that is on is due by its own schedule; one that is off is not."""
        for name, known in self.known.items():
            plan = self.seen.plans.get(name)
            assert (name in self.seen.due) is (plan is not None) is known.is_on, name
            assert plan is None or is_on_grid(known, cast(int, plan["slot"]))

    def nothing_waits_for_ever(self) -> None:
        """All that is held ends soon: a claim, a sent message, a run."""
        longest = max(self.now_ms + LONGEST_WAIT_MS, self.ahead_until)
        for name, deadline in self.seen.deadlines.items():
            assert deadline <= longest, f"{name} is held for ever"
        longest = max(self.now_ms + CLAIM_LEASE_MS, self.ahead_until)
        for name, due in self.seen.due.items():
            is_its_slot = due == self.seen.plans[name]["slot"]
            assert is_its_slot or due <= longest, f"{name} waits for no slot"

    def told_in_order(self) -> None:
        feed = self.seen.feed
        names = [name for name, _, _ in feed]
        assert [prev for _, prev, _ in feed] == ["", *names][: len(feed)]
        assert [int(name.split("-")[1]) for name in names] == [*range(1, len(feed) + 1)]

    def told(self, expected: list[Told]) -> None:
        """Look what was told since the last look, of items and of slots."""
        told = [
            one
            for _, _, payload in self.seen.feed[self.heard :]
            for one in in_words(payload)
            if one[0] in {"action", "overdue"}
        ]
        assert sorted(told, key=str) == sorted(expected, key=str)
        self.heard = len(self.seen.feed)

    def troubles_follow_the_table(self) -> None:
        for name, known in self.known.items():
            book = self.seen.books[name]
            assert states_of(book) == known.troubles.states(), name
            overdue = book.overdue.count if book.overdue else 0
            assert overdue == known.troubles.overdue

    def open_slots_are_looked_at(self) -> None:
        """What is open has a deadline; nothing else has."""
        assert {*self.seen.deadlines} == {*self.seen.opens}

    def unbegun_slots_are_listed(self) -> None:
        """What is open and had no worker yet is in the list, under its slot."""
        found = self.fleet.server.ask(
            lambda client: client.zrange(keys.UNBEGUN, 0, -1, withscores=True)
        )
        assert {name_of(str(uid)): slot for uid, slot in found} == {
            name: one["slot"]
            for name, one in self.seen.opens.items()
            if one["state"] != "running"
            if one["attempts"] == 0 and not one.get("wasBegun")
        }


def is_on_grid(known: Model, slot: int) -> bool:
    assert known.config
    grid = known.config.timing.cadence()
    return grid.next_slot(from_ms(slot - 1)) == from_ms(slot)


def in_words(payload: str) -> list[Told]:
    """Return what a message tells: kind, item, what of it."""
    message = json.loads(payload)
    if message["type"] == "heartbeat.resolved":
        said = [(one.get("itemKey"), one["reason"]) for one in message["items"]]
    else:
        said = [(one.get("itemKey"), one["state"]) for one in message["checks"]]
    return [(message["kind"], key, words) for key, words in said]
