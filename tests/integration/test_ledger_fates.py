"""Every slot that was due has one fate, whoever was away and whatever was changed."""

from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heartbeat.config import HeartbeatConfig
from heartbeat.instants import from_ms
from heartbeat.planning import slots_between
from heartbeat.store.runs import Begun
from tests.conftest import RunningServer
from tests.unit.store.ledger import (
    MINUTE_MS,
    OWNER,
    START_MS,
    ClockedServer,
    Fleet,
    a_config,
)

ENDED = ("finished", "lost", "skipped", "missed")


@pytest.fixture(scope="module")
def own_server(shared_server: RunningServer) -> Iterator[ClockedServer]:
    server = ClockedServer.connect(shared_server.url, name="test")
    yield server
    server.close()


class Account(Fleet):
    """A fleet that counts which slots its heartbeat had, on or disabled."""

    def __init__(self, server: ClockedServer) -> None:
        super().__init__(server)
        self.due = 0
        self._kept: HeartbeatConfig | None = None
        self._since = self._now

    @property
    def _now(self) -> datetime:
        return from_ms(self.server.clock_ms)

    def now_kept(self, config: HeartbeatConfig | None) -> None:
        """Close the account of the schedule until now, and open that of another."""
        if self._kept is not None:
            cadence = self._kept.timing.cadence()
            passed = slots_between(cadence, after=self._since, until=self._now)
            self.due += 0 if passed is None else passed.count
        self._kept, self._since = config, self._now

    def passes(self, minutes: float) -> None:
        self.server.pass_time(minutes=minutes)

    def configures(self, every: float) -> None:
        config = a_config(every=every)
        self.configure(config)
        self.now_kept(config)

    def beats(self, _: float) -> None:
        self.beat()

    def dies_over_a_claim(self, _: float) -> None:
        self.slots.claim(most=9, queue_lengths=self.lengths())

    def dies_in_a_run(self, _: float) -> None:
        self.beat()
        if self.messages:
            self.begin()

    def works(self, _: float) -> None:
        self.beat()
        while self.messages:
            begun = self.begin()
            if isinstance(begun, Begun):
                self.finish(begun)

    def pauses_for_no_time(self, _: float) -> None:
        if self._kept is not None:  # what passes in a pause is another's account
            self.heartbeats.pause(OWNER, "disk", note=None)
            self.heartbeats.resume(OWNER, "disk")

    def disables(self, _: float) -> None:
        if self._kept is not None:
            every = (self._kept.timing.interval_ms or 0) / MINUTE_MS
            config = a_config(every=every, enabled=False)
            self.configure(config)
            self.now_kept(config)

    def deletes(self, _: float) -> None:
        if self._kept is not None:
            self.heartbeats.delete(OWNER, "disk")
            self.now_kept(None)

    def fates_of_all(self) -> int:
        counted = self.statistics.read()
        return sum(counted[how] for how in ENDED)


Step = tuple[Callable[[Account, float], None], float]

times = st.tuples(
    st.just(Account.passes), st.sampled_from([0.3, 1, 7, 30, 61, 200, 1500])
)
changes = st.tuples(
    st.just(Account.configures), st.sampled_from([1.0, 7.0, 60.0, 1440.0])
)
others = st.tuples(
    st.sampled_from(
        [
            *(Account.beats, Account.works, Account.disables, Account.deletes),
            *(Account.dies_over_a_claim, Account.dies_in_a_run),
            Account.pauses_for_no_time,
        ]
    ),
    st.just(0.0),
)
stories = st.lists(st.one_of(times, times, changes, others), min_size=2, max_size=25)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(story=stories)
def test_every_slot_that_was_due_has_one_fate(
    own_server: ClockedServer, story: list[Step]
) -> None:
    own_server.ask(lambda client: client.flushall())
    own_server.clock_ms = START_MS
    account = Account(own_server)
    account.configures(7.0)
    for act, argument in story:
        act(account, argument)
    account.disables(0.0)
    for _ in range(3):  # what was begun and left is given up
        account.server.pass_time(minutes=61)
        account.beat()
    account.deletes(0.0)  # which settles what has passed since
    assert account.fates_of_all() == account.due
