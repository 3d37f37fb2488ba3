"""Any interleaving of publishing, losing pushes, reading and acknowledging.

What a client gets is in order, never twice, and has no hole that was not told.
"""

from collections import deque

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
)

from gateway.delivery import Delivery, Phase, Read, Step
from heartbeat.feed import BEGINNING, Entry
from tests.unit.gateway.feeds import PAYLOAD, MemoryFeed, place_of


class Deliveries(RuleBasedStateMachine):
    """One connection against a feed that may do all that a real one may."""

    def __init__(self) -> None:
        super().__init__()
        self.feed = MemoryFeed()
        self.pushes: deque[Entry] = deque()
        self.got: list[str] = []
        self.read: Read | None = None
        self.head: str | None = None
        self.head_is_read = self.is_noticed = False

    @initialize(
        before=st.integers(0, 8),
        read=st.integers(0, 8),
        otherwise=st.sampled_from([None, BEGINNING]),
        trimmed=st.integers(0, 8),
        window=st.sampled_from([1, 2, 5, 300]),
        page=st.sampled_from([1, 3, 1000]),
    )
    def join(
        self,
        before: int,
        read: int,
        otherwise: str | None,
        trimmed: int,
        window: int,
        page: int,
    ) -> None:
        written = [self.feed.publish().alert_id for _ in range(before)]
        cursor = written[read - 1] if 0 < read <= before else otherwise
        self.feed.trim(trimmed)
        self.last = cursor
        self.delivery = Delivery(cursor, window=window, page_bytes=page * len(PAYLOAD))
        self.take(Step(read=self.delivery.begin()))

    # What the world does

    @rule()
    def publish(self) -> None:
        self.pushes.append(self.feed.publish())

    @rule()
    def lose_a_push(self) -> None:
        if self.pushes:
            self.pushes.popleft()

    @rule(count=st.integers(1, 5))
    def trim(self, count: int) -> None:
        self.feed.trim(count)

    @rule()
    def lose_state(self) -> None:
        self.pushes.clear()
        self.feed.lose_state()

    @rule(count=st.integers(1, 3))
    def restore_a_backup(self, count: int) -> None:
        if count < len(self.feed.entries):
            self.pushes.clear()
            self.feed.restore(count)

    @rule()
    def break_the_line(self) -> None:
        self.pushes.clear()
        self.take(self.delivery.reset())

    # What the gateway does

    @rule()
    def notice_that_state_was_lost(self) -> None:
        self.is_noticed = True
        self.take(self.delivery.state_lost())

    @precondition(lambda self: self.pushes)
    @rule()
    def push(self) -> None:
        self.take(self.delivery.pushed(self.pushes.popleft()))

    @rule()
    def compare_head(self) -> None:
        self.take(self.delivery.compare_head(self.feed.head))

    @precondition(lambda self: self.read and not self.head_is_read)
    @rule()
    def read_head(self) -> None:
        self.head, self.head_is_read = self.feed.head, True

    @precondition(lambda self: self.read and self.head_is_read)
    @rule()
    def read_page(self) -> None:
        read = self.read
        assert read is not None
        self.read, self.head_is_read = None, False
        found = self.feed.read(read.after, read.limit)
        step = self.delivery.page(found, self.head)
        if step.lost is not None:
            self.told(step, found)
        elif not found and self.last is None and self.delivery.phase is not Phase.FULL:
            self.last = self.head  # who has no cursor misses nothing before the head
        self.take(step)

    # What the client does

    @precondition(lambda self: self.got)
    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        self.take(self.delivery.acknowledge(data.draw(st.sampled_from(self.got))))

    @rule()
    def stop_taking(self) -> None:
        self.delivery.paused()

    @rule()
    def take_again(self) -> None:
        self.take(self.delivery.drained())

    # What must hold

    def told(self, step: Step, found: list[Entry]) -> None:
        assert step.lost is not None
        if step.lost.reason == "retention" or not self.is_noticed:
            assert self.last is not None, "who has no cursor misses nothing"
        if step.lost.reason == "state_lost":
            self.is_noticed = False
        assert step.lost.from_ == self.last
        if step.lost.reason == "retention":
            end = found[0].prev if found else self.head
            assert step.lost.count == place_of(end or "")[1] - place_of(self.last)[1]
        begins = BEGINNING if self.last is not None else None
        self.last = (found[0].prev if found else self.head) or begins

    def take(self, step: Step) -> None:
        for entry in step.send:
            if self.got:
                assert place_of(entry.alert_id) > place_of(self.got[-1])
            if self.last is not None:
                before = entry.prev or BEGINNING
                assert before == self.last, "a hole that was not told"
            self.last = entry.alert_id
            self.got.append(entry.alert_id)
        if step.read is not None:
            assert self.read is None, "two reads at once"
            assert self.delivery.phase is Phase.CATCHING_UP
            self.read = step.read

    def teardown(self) -> None:
        """In the end, with a client that takes everything, nothing is left over."""
        if not hasattr(self, "delivery"):
            return
        self.pushes.clear()
        self.take(self.delivery.reset())
        for _ in range(500):
            if self.read is not None:
                self.read_head()
                self.read_page()
            elif self.delivery.phase is Phase.FULL:
                if self.got:
                    self.take(self.delivery.acknowledge(self.got[-1]))
                self.take(self.delivery.drained())
            else:
                break
        assert self.delivery.phase is Phase.LIVE
        assert not self.is_noticed, "a loss that was not told"
        if self.feed.entries:
            assert self.got[-1:] == [self.feed.entries[-1].alert_id] or (
                self.last == self.feed.entries[-1].alert_id
            )


Deliveries.TestCase.settings = settings(
    max_examples=100, stateful_step_count=30, deadline=None, report_multiple_bugs=False
)
test_any_interleaving_leaves_no_hole_and_no_double = Deliveries.TestCase
