"""A day of a heartbeat whose model costs money, from beat to what its owner hears."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import fakeredis

from heartbeat.budgets import SpendingLimits
from heartbeat.config import unique_id
from heartbeat.instants import from_ms
from heartbeat.runs import Reason, RunRecord, RunStatus
from heartbeat.settings import Settings
from heartbeat.store.spending import Spending
from heartbeat.usage import Usage
from heartbeat.verdict import Cause, Verdict
from tests.unit.store.ledger import OWNER, ClockedServer, Fleet
from tests.unit.worker.builders import a_reply
from tests.unit.worker.runs import RULE, a_config, a_runner, an_execution, on_this_loop
from worker.budget import Budgets
from worker.model import Failure, ModelRequest, Reply

UID = unique_id(OWNER, "disk")
USUAL = "- [ ] nothing looks odd {#usual}\n"
GRAVE = "- [ ] the shop sells {#grave severity=critical}\n"
ALARM = (
    '{"status": "action_needed", "severity": "warning", "details": "odd",'
    ' "evidence": []}'
)


class PaidModel:
    """Asks for action at once; every call costs the same."""

    def __init__(self, dollars: float) -> None:
        self.usage = Usage(calls=1, micro_dollars=round(dollars * 1_000_000))
        self.asked = 0

    async def reply(self, request: ModelRequest) -> Reply | Failure:
        self.asked += 1
        reply = a_reply({"type": "text", "text": ALARM})
        return Reply(
            content=reply.content, stop_reason=reply.stop_reason, usage=self.usage
        )


class Day:
    """A heartbeat with a slot at each full hour from 09:00 UTC on, and $1 a day."""

    def __init__(self, content: str) -> None:
        self.server = ClockedServer(fakeredis.FakeRedis(decode_responses=True))
        self.fleet = Fleet(self.server)
        self.dear, self.cheap = PaidModel(0.2), PaidModel(0.05)
        self.execution = an_execution(
            self.server,
            a_runner(model=self.dear, cheaper=self.cheap),
            submit=on_this_loop(),
        )
        limits = Settings(max_dollars_per_heartbeat_day=1)
        budgets = Budgets(
            Spending(self.server),
            now=lambda: from_ms(self.server.now_ms()),
            limits=SpendingLimits.from_settings(limits),
            fresh_seconds=0,
        )
        self.execution.judging.spend_of = budgets.of_run
        config = a_config(
            content, owner=OWNER, schedule_id="disk", interval=60, align="clock"
        )
        self.fleet.configure(config)

    async def hours(self, count: int) -> list[RunRecord]:
        """Run the slots of so many hours; return their records."""
        return [await self.hour() for _ in range(count)]

    async def hour(self) -> RunRecord:
        self.server.pass_time(minutes=60)
        (run_id,) = self.fleet.beat()
        await asyncio.to_thread(self.execution.run, UID, run_id)
        return self.fleet.history()[0]

    def told(self) -> list[str]:
        """Return what the owner heard of what could not be judged."""
        key = "{hb}:feed:ann"
        found: Any = self.server.ask(lambda client: client.xrange(key))
        frames = [json.loads(fields["payload"]) for _, fields in found]
        return [
            f"{frame['type']} {frame['kind']}"
            for frame in frames
            if frame["kind"] == "degraded"
        ]


def play(content: str, story: Callable[[Day], Awaitable[None]]) -> None:
    async def run() -> None:
        await story(Day(content))

    asyncio.run(run())


def test_a_day_goes_down_the_ladder_and_the_next_begins_anew() -> None:
    async def story(day: Day) -> None:
        await day.hours(4)  # $0.80
        assert (day.dear.asked, day.cheap.asked) == (4, 0)
        await day.hours(2)  # $0.90
        assert (day.dear.asked, day.cheap.asked) == (4, 2)
        assert day.told() == []
        record = await day.hour()
        assert (record.status, record.reason) == (RunStatus.SKIPPED, Reason.BUDGET)
        assert "HEARTBEAT_MAX_DOLLARS_PER_HEARTBEAT_DAY" in record.items[0].details
        assert day.told() == ["heartbeat.alert degraded"]
        await day.hours(8)  # 23:00
        assert (day.dear.asked, day.cheap.asked) == (4, 2)
        record = await day.hour()
        assert record.status is RunStatus.ALERT
        assert day.dear.asked == 5
        assert day.told()[-1] == "heartbeat.resolved degraded"

    play(USUAL, story)


def test_critical_items_and_rules_go_on_while_they_can() -> None:
    async def story(day: Day) -> None:
        fourth = (await day.hours(4))[-1]  # at $0.90
        causes = [item.cause for item in fourth.items]
        assert causes == [Cause.BUDGET, None, None]
        assert "only critical items" in fourth.items[0].details
        assert fourth.status is RunStatus.ALERT
        sixth = (await day.hours(2))[-1]  # at $1.00
        causes = [item.cause for item in sixth.items]
        assert causes == [Cause.BUDGET, Cause.BUDGET, None]
        assert sixth.items[2].status is Verdict.OK
        assert sixth.status is RunStatus.UNKNOWN

    play(USUAL + GRAVE + RULE, story)


def test_what_a_run_has_cost_is_in_its_record() -> None:
    async def story(day: Day) -> None:
        record = await day.hour()
        assert record.usage == day.dear.usage
        assert record.to_wire()["usage"] == {**day.dear.usage.to_wire(), "dollars": 0.2}

    play(USUAL, story)
