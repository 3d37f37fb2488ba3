"""What hangs beside judging: the run ends all the same, and what is judged counts."""

import asyncio
import logging
import threading
from collections.abc import Collection, Coroutine, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from heartbeat.checklist import Checklist
from heartbeat.config import HeartbeatConfig
from heartbeat.resolve import Bounds
from heartbeat.verdict import Cause, Verdict
from tests.unit.worker.compiling import DISK, Machine, RuleMaker
from tests.unit.worker.runs import RULE, FakeTools, a_config, a_runner, evaluate
from worker import ending, runner
from worker.by_rule import Rules
from worker.ending import end_in_time
from worker.evaluation import Evaluation, Unusable
from worker.judge import Limits
from worker.rule_keeper import RuleKeeper
from worker.runner import HeartbeatRunner, Place

#: How long anything may take on a busy machine, in seconds.
PATIENCE_SECONDS = 20.0
#: Far longer than the patience: what waits for the run's end waits in vain.
LONG = timedelta(hours=1)
SHORT = timedelta(seconds=0.1)

T = TypeVar("T")


async def hang() -> None:
    await asyncio.Event().wait()


def in_time(story: Coroutine[Any, Any, T]) -> T:
    async def run() -> T:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await story

    return asyncio.run(run())


def judged(run: Coroutine[Any, Any, Evaluation | Unusable]) -> Evaluation:
    found = in_time(run)
    assert isinstance(found, Evaluation)
    return found


@pytest.fixture(autouse=True)
def _no_long_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "END_SECONDS", 0.05)
    monkeypatch.setattr(ending, "LEAST_END_SECONDS", 0.02)
    monkeypatch.setattr(runner, "RULES_SECONDS", 0.05)


class HangsWhenClosed(FakeTools):
    async def close(self) -> None:
        await hang()


class Stubborn(FakeTools):
    """Does not even heed that it is cancelled, the first time."""

    async def close(self) -> None:
        with suppress(asyncio.CancelledError):
            await hang()
        await hang()


class FailsWhenClosed(FakeTools):
    async def close(self) -> None:
        raise OSError("the connection is gone")


@pytest.mark.parametrize(
    ("tools", "said"),
    [
        pytest.param(HangsWhenClosed(), "closing its tools hangs", id="hangs"),
        pytest.param(Stubborn(), "closing its tools hangs", id="hangs on"),
        pytest.param(FailsWhenClosed(), "closing its tools failed", id="fails"),
    ],
)
def test_tools_that_do_not_close_are_abandoned_with_a_line(
    tools: FakeTools, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    found = judged(evaluate(a_runner(tools=tools), a_config(RULE), limit=LONG))
    assert [one.verdict for one in found.results] == [Verdict.OK]
    assert said in caplog.text


def test_an_ending_is_not_waited_for_once_the_time_is_over() -> None:
    async def story() -> float:
        began = asyncio.get_running_loop().time()
        await end_in_time(hang(), ends=began - 1, what="it")
        return asyncio.get_running_loop().time() - began

    assert in_time(story()) >= 0.02


def test_an_ending_that_is_cancelled_goes_with_its_run() -> None:
    heard: list[str] = []

    async def close() -> None:
        try:
            await hang()
        except asyncio.CancelledError:
            heard.append("cancelled")
            raise

    async def story() -> None:
        run = asyncio.create_task(end_in_time(close(), ends=1e9, what="it"))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        run.cancel()
        await asyncio.wait({run})
        assert run.cancelled()

    asyncio.run(story())
    assert heard == ["cancelled"]


class Keeper(RuleKeeper):
    """Keeps rules nowhere, and hangs where it is told to."""

    def __init__(self, *, hangs: str) -> None:
        self._hangs = hangs

    async def begin(self, config: HeartbeatConfig, now: datetime) -> Rules | None:
        if self._hangs == "begin":
            await hang()
        return Rules(now=now, name_model=lambda _: "anthropic:m")

    async def end(
        self, config: HeartbeatConfig, rules: Rules, *, present: Collection[str]
    ) -> None:
        await hang()


def with_keeper(keeper: RuleKeeper) -> HeartbeatRunner:
    fields = {"used_percent": 50.0, "load1": 1.0}
    return HeartbeatRunner(
        Place(root=Path("/nonexistent"), bounds=Bounds(), limits=Limits()),
        find_model=lambda _: RuleMaker(),
        find_cheaper=lambda _: None,
        make_tools=lambda _: Machine(disk=fields, memory=fields, load=fields),
        keeper=keeper,
    )


@pytest.mark.parametrize(
    ("hangs", "said"), [("begin", "rules not loaded in time"), ("end", "saving rules")]
)
def test_rules_that_cannot_be_had_or_kept_cost_no_verdict(
    hangs: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    run = evaluate(with_keeper(Keeper(hangs=hangs)), a_config(DISK), limit=LONG)
    with caplog.at_level(logging.WARNING):
        found = judged(run)
    assert [one.cause for one in found.results] == [None]
    assert said in caplog.text


def test_what_was_not_judged_when_the_time_is_over_is_unknown() -> None:
    tools = HangsWhenClosed(gate=asyncio.Event())
    found = judged(evaluate(a_runner(tools=tools), a_config(RULE), limit=SHORT))
    assert [one.cause for one in found.results] == [Cause.DEADLINE]


def a_long_text(name: str) -> str:
    return RULE + "\n" + f"{name} says more than is read on the loop.\n" * 200


class Parser:
    """Parses one text after the other, once it may."""

    def __init__(self) -> None:
        self.may_go_on = threading.Event()
        self.begun: list[str] = []
        self._parse = runner.parse_checklist

    def __call__(self, text: bytes) -> Checklist:
        self.begun.append(text.decode().splitlines()[3].split()[0])
        assert self.may_go_on.wait(PATIENCE_SECONDS)
        return self._parse(text)


@pytest.fixture
def parser(monkeypatch: pytest.MonkeyPatch) -> Iterator[Parser]:
    found = Parser()
    monkeypatch.setattr(runner, "parse_checklist", found)
    yield found
    found.may_go_on.set()


def test_a_checklist_that_is_not_read_in_time_ends_its_run(parser: Parser) -> None:
    config = a_config(a_long_text("Hanging"))
    found = in_time(evaluate(a_runner(), config, limit=SHORT))
    assert isinstance(found, Unusable)
    assert found.reason == "unreadable"
    assert "within the run's limit" in found.message
    parser.may_go_on.set()


def test_the_long_checklists_of_one_owner_take_turns(parser: Parser) -> None:
    one_runner = a_runner()

    def run(name: str, owner: str) -> asyncio.Task[Evaluation | Unusable]:
        config = a_config(a_long_text(name), owner=owner, schedule_id=name)
        return asyncio.create_task(evaluate(one_runner, config, limit=LONG))

    async def story() -> None:
        runs = [run(f"ann{n}", "ann") for n in range(5)]
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not parser.begun:
                await asyncio.sleep(0.001)
            runs.append(run("bob", "bob"))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            parser.may_go_on.set()
            await asyncio.gather(*runs)

    asyncio.run(story())
    assert parser.begun.index("bob") <= 2
