"""Any interleaving of beats, workers, users, faults and clocks keeps the ledger true.

To search for longer: `LEDGER_EXAMPLES=3000 pytest -o timeout=0` on this file.
"""

import logging
import os
from collections import Counter
from collections.abc import Callable
from typing import ClassVar

import fakeredis
import pytest
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    run_state_machine_as_test,
)

from gateway.watcher import Watcher
from heartbeat.store.watch import Watch
from tests.integration.ledger_model import IDS, Model, stories
from tests.integration.ledger_rare import Rare
from tests.integration.ledger_users import EVERY
from tests.unit.store.ledger import START_MS, ClockedServer, Fleet

#: Stories told in a run of the whole suite.
EXAMPLES = int(os.environ.get("LEDGER_EXAMPLES", "100"))
#: Of those over the real server, so many are also told over the fake one, which takes
#: four times as long: it compiles a script whenever it is run.
OVER_FAKE = max(1, EXAMPLES // 16)

#: What must have happened in them, or they show little.
HAPPENS = (
    *("begin_running", "begin_gone", "redispatched", "recovered", "handed_back"),
    *("fenced", "lease_lost", "skipped_overlap", "skipped_backlog", "missed", "lost"),
    *("missed_beat_away", "missed_no_worker", "set_back", "outdated", "told"),
)


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Keep what the watcher says of each story out of the report of a failure."""
    caplog.set_level(logging.CRITICAL, logger="gateway.watcher")


class Ledger(Rare, RuleBasedStateMachine):
    connect: Callable[[], ClockedServer]
    happened: ClassVar[Counter[str]] = Counter()

    @initialize()
    def begin_with_nothing(self) -> None:
        self.fleet = Fleet(type(self).connect())
        self.seen_at = -1
        watch = Watch(self.fleet.server, now_ms=self.fleet.server.now_ms)
        self.watcher = Watcher(watch, self.fleet.heartbeats, holder="one")
        self.watch_seconds = 0.0
        self.known = {name: Model() for name in IDS}
        self.beats, self.workers, self.finished = [], [], []
        self.nonces = self.names = self.heard = 0
        self.unopened = self.ended_before = self.ahead_until = 0
        self.was_set_back = False
        for name, every in zip(IDS, EVERY, strict=False):
            self.configure(name, every, enabled=True)

    def teardown(self) -> None:
        self.happened.update(self.seen.counted)


def test_it_holds_over_fakeredis() -> None:
    class Faked(Ledger):
        @staticmethod
        def connect() -> ClockedServer:
            return ClockedServer(fakeredis.FakeRedis(decode_responses=True))

    run_state_machine_as_test(Faked, settings=stories(OVER_FAKE))


def test_it_holds_over_a_real_server(server_url: str) -> None:
    server = ClockedServer.connect(server_url, name="test")

    class Real(Ledger):
        happened: ClassVar[Counter[str]] = Counter()

        @staticmethod
        def connect() -> ClockedServer:
            server.ask(lambda client: client.flushall())
            server.clock_ms = START_MS
            return server

    run_state_machine_as_test(Real, settings=stories(EXAMPLES))
    server.close()
    assert [name for name in HAPPENS if not Real.happened[name]] == []
