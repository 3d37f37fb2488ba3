"""What holds in the ledger after each step, whatever the step was."""

from typing import cast

from hypothesis.stateful import invariant

from heartbeat.instants import from_ms
from heartbeat.store import keys
from tests.integration.ledger_model import IDS, LedgerReader, Model, name_of


class LedgerInvariants(LedgerReader):
    """Compares the ledger with what the test knows of it."""

    known: dict[str, Model]
    unopened: int
    ended_before: int
    was_set_back: bool

    @invariant()
    def accounted(self) -> None:
        """Each slot that was opened is open, or ended once; in order, on the grid."""
        closed = 0
        for name, known in self.known.items():
            open_slot = self.open_slot(name)
            run_id = cast(str, open_slot["runId"]) if open_slot else None
            if known.open_run and run_id != known.open_run:
                closed += 1
            if open_slot and run_id != known.open_run and open_slot.get("grid"):
                self.opened(known, cast(int, open_slot["slot"]))
            known.open_run = run_id
        ended = self.ended()
        assert ended - self.ended_before == closed + self.unopened
        self.ended_before, self.unopened = ended, 0

    def opened(self, known: Model, slot: int) -> None:
        assert slot not in known.begun
        assert slot > known.last_grid_slot or self.was_set_back
        assert known.config
        assert not known.is_paused
        grid = known.config.timing.cadence()
        assert grid.next_slot(from_ms(slot - 1)) == from_ms(slot), "an old schedule"
        known.last_grid_slot = slot

    @invariant()
    def present(self) -> None:
        """A heartbeat that is on is due some time; one that is off is not."""
        for name, known in self.known.items():
            is_on = known.config and known.config.enabled and not known.is_paused
            due = self.fleet.due_in(name)
            assert (due is not None) == bool(is_on), name

    @invariant()
    def told_once_and_in_order(self) -> None:
        feed = self.fleet.feed()
        payloads = [payload for _, _, payload in feed]
        assert len(payloads) == len(set(payloads))
        assert [prev for _, prev, _ in feed] == ["", *(name for name, _, _ in feed)][
            : len(feed)
        ]
        assert [int(name.split("-")[1]) for name, _, _ in feed] == [
            *range(1, len(feed) + 1)
        ]

    @invariant()
    def open_slots_are_looked_at(self) -> None:
        """What is open has a deadline; nothing else has."""
        found = self.fleet.server.ask(lambda client: client.zrange(keys.OPEN, 0, -1))
        names = {name for name in IDS if self.open_slot(name)}
        assert {name_of(str(uid)) for uid in found} == names

    @invariant()
    def unbegun_slots_are_listed(self) -> None:
        """What is open and had no worker yet is in the list, under its slot."""
        found = self.fleet.server.ask(
            lambda client: client.zrange(keys.UNBEGUN, 0, -1, withscores=True)
        )
        opens = {name: self.open_slot(name) for name in IDS}
        assert {name_of(str(uid)): slot for uid, slot in found} == {
            name: one["slot"]
            for name, one in opens.items()
            if one and one["state"] != "running"
            if one["attempts"] == 0 and not one.get("wasBegun")
        }
