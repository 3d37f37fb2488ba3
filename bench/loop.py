"""What judging costs beside the model: time a step, memory, and calls in a day."""

import asyncio
import gc
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiohttp
import psutil

from bench.figures import Figure
from heartbeat.checklist import parse_checklist
from heartbeat.tools import Observation, ToolCall
from tests import messages_api
from tests.acceptance.processes import Fleet, running_fleet
from tests.unit.worker.compiling import (
    BELOW_90,
    NEEDS_READING,
    Machine,
    RuleMaker,
)
from tests.unit.worker.runs import FREE, NOW
from worker.anthropic_client import connect
from worker.anthropic_model import AnthropicModel
from worker.by_rule import Rules
from worker.items import ItemJudge
from worker.judge import Limits, judge_item
from worker.model import Failure, ModelRequest, Reply

NOWHERE = "redis://127.0.0.1:1/0"  # nothing here asks a store
STEPS = 400
CHECKS, AT_ONCE = 10_000, 8
ITEMS, RUNS, EVERY = 8, 288, timedelta(minutes=5)
#: Characters of a request for one token of the models of today.
CHARACTERS_PER_TOKEN = 2.5

GOAL_STEP_MS, GOAL_GROWTH_MB, GOAL_SHARE = 5.0, 10.0, 0.01


def measure(folder: Path) -> Iterator[Figure]:
    """Measure against a model on loopback that answers at once."""
    with running_fleet(NOWHERE, folder) as fleet:
        yield asyncio.run(_overhead(_start_model(fleet, "look")))
        yield asyncio.run(_growth(_start_model(fleet, "alarm")))
    for compilable in (ITEMS, ITEMS - 2):
        yield from _day(compilable)


async def _overhead(url: str) -> Figure:
    """Time steps of whole checks, and the same requests sent by a bare client."""
    kept = _Keeping(url)
    async with kept.client:
        await _check(kept)
        began = time.perf_counter()
        for _ in range(STEPS // 2):
            await _check(kept)
        ours = (time.perf_counter() - began) / STEPS * 1000
    bare = await _bare(url, kept.bodies[-2:])
    return Figure(
        what=f"loop: one step of a check, mean of {STEPS}",
        here=f"{ours - bare:.2f} ms over bare",
        rival=f"bare POST of its bytes {bare:.2f} ms",
        ratio=ours / bare,
        goal=f"<= {GOAL_STEP_MS:g} ms",
        is_met=ours - bare <= GOAL_STEP_MS,
    )


class _Keeping:
    """The model over its real client; keeps the requests to send them again."""

    def __init__(self, url: str) -> None:
        self.client = connect(api_key="bench", base_url=url)
        self._model = AnthropicModel(self.client, name="claude-haiku-5-5")
        self.bodies: list[bytes] = []

    async def reply(self, request: ModelRequest) -> Reply | Failure:
        self.bodies = [*self.bodies[-1:], _body(request)]
        return await self._model.reply(request)


def _body(request: ModelRequest) -> bytes:
    tools = [
        {"name": one.name, "description": one.about, "input_schema": one.schema()}
        for one in request.frame.tools
    ]
    body = {
        "model": "claude-haiku-5-5",
        "max_tokens": 2048,
        "system": request.frame.system,
        "tools": tools,
        "messages": list(request.messages),
    }
    return json.dumps(body).encode()


async def _check(model: _Keeping) -> None:
    item = parse_checklist("- [ ] the load is low\n").items[0]
    judged = await judge_item(item, evidence=(), model=model, observe=_observe)
    assert judged.steps in (1, 2), judged


async def _observe(call: ToolCall) -> Observation:
    return Observation(call=call, fields={"load1": 0.5}, text="load 0.5")


async def _bare(url: str, bodies: Sequence[bytes]) -> float:
    async with aiohttp.ClientSession() as session:
        began = time.perf_counter()
        for number in range(STEPS):
            body = bodies[number % len(bodies)]
            async with session.post(f"{url}/v1/messages", data=body) as answer:
                await answer.read()
        return (time.perf_counter() - began) / STEPS * 1000


async def _growth(url: str) -> Figure:
    kept = _Keeping(url)
    async with kept.client:
        await _many(kept, CHECKS // 10)
        before = _megabytes()
        await _many(kept, CHECKS)
        growth = _megabytes() - before
    return Figure(
        what=f"loop: memory after {CHECKS} more checks",
        here=f"{growth:+.1f} MB",
        goal=f"<= {GOAL_GROWTH_MB:g} MB",
        is_met=growth <= GOAL_GROWTH_MB,
    )


async def _many(model: _Keeping, count: int) -> None:
    async def some() -> None:
        for _ in range(count // AT_ONCE):
            await _check(model)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(some())


def _megabytes() -> float:
    gc.collect()
    return float(psutil.Process().memory_info().rss) / 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cost:
    calls: int
    tokens: float
    runs_with_calls: int


def _day(compilable: int) -> Iterator[Figure]:
    before = asyncio.run(_cost(compilable, compile_items=False))
    after = asyncio.run(_cost(compilable, compile_items=True))
    of = f"{compilable} of {ITEMS} items compilable"
    is_all = compilable == ITEMS
    yield Figure(
        what=f"loop: calls a day, {of}",
        here=f"{after.calls}",
        rival=f"not compiled {before.calls}",
        ratio=before.calls / after.calls,
    )
    yield Figure(
        what=f"loop: tokens a day, {of}",
        here=f"{after.tokens / 1e6:.2f} M",
        rival=f"not compiled {before.tokens / 1e6:.2f} M",
        ratio=before.tokens / after.tokens,
    )
    if is_all:
        yield Figure(
            what="loop: runs that call a model",
            here=f"{after.runs_with_calls} of {RUNS}",
            goal=f"<= {GOAL_SHARE:.0%}",
            is_met=after.runs_with_calls <= GOAL_SHARE * RUNS,
        )


class _Counting(RuleMaker):
    """Counts what it is sent; finds only items of the disk compilable."""

    sent = 0

    async def reply(self, request: ModelRequest) -> Reply | Failure:
        self.sent += len(_body(request))
        is_disk = "disk" in str(request.messages[0]["content"])
        self.proposes = BELOW_90 if is_disk else NEEDS_READING
        return await super().reply(request)


async def _cost(compilable: int, *, compile_items: bool) -> _Cost:
    """Run a heartbeat for a day, after the day on which its rules were made."""
    texts = [f"the disk {number} has room" for number in range(compilable)]
    texts += [f"page {number} reads well" for number in range(ITEMS - compilable)]
    items = parse_checklist("".join(f"- [ ] {text}\n" for text in texts)).items
    model = _Counting()
    fields = {"used_percent": 50.0}
    judge = ItemJudge(
        tools=Machine(disk=fields, memory=fields),
        model=model,
        find_model=lambda _: model,
        find_cheaper=lambda _: None,
        spend=FREE,
        limits=Limits(),
        parallel_items=4,
        rules=Rules(now=NOW, name_model=str) if compile_items else None,
    )
    with_calls = 0
    for number in range(2 * RUNS):
        if number == RUNS:
            model.sent, with_calls, calls_before = 0, 0, model.calls
        before = model.calls
        if judge.rules is not None:
            judge.rules.now = NOW + number * EVERY
        ends = asyncio.get_running_loop().time() + 60
        await judge.judge_all(items, ends=ends, on_result=lambda _: None)
        with_calls += model.calls > before
    return _Cost(
        calls=model.calls - calls_before,
        tokens=model.sent / CHARACTERS_PER_TOKEN,
        runs_with_calls=with_calls,
    )


def _start_model(fleet: Fleet, behaviour: str) -> str:
    process = fleet.start("model", messages_api.__file__, "--behaviour", behaviour)
    port = process.until(lambda: process.output.strip(), "the model's port")
    return f"http://127.0.0.1:{port}"
