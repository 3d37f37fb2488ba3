"""Values and fakes for the tests of running a slot."""

import asyncio
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from heartbeat.asked import Asked
from heartbeat.budgets import Budget, Scope
from heartbeat.checklist import parse_checklist
from heartbeat.config import HeartbeatConfig
from heartbeat.front_matter import FrontMatter
from heartbeat.resolve import Bounds, Identity, resolve
from heartbeat.store.heartbeats import Heartbeats
from heartbeat.store.runs import Runs
from heartbeat.store.server import Server
from heartbeat.store.slots import Slots
from heartbeat.tools import FieldValue, Observation, ToolCall, Unobserved
from worker.evaluation import Evaluation, Unusable
from worker.execution import Execution, Submit
from worker.items import Spend, Tools
from worker.judge import Limits, unrecorded
from worker.judging import Judging, Runner
from worker.model import Model
from worker.runner import Due, HeartbeatRunner, Place

_T = TypeVar("_T")

NOW = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)


async def _untouched() -> Budget:
    return Budget(scope=Scope.TOKENS_OF_RUN, spent=0, limit=1)


#: The budget of a run in which nothing is ever spent.
FREE = Spend(tightest=_untouched, spent=unrecorded)

#: One item by rule, one for a model.
RULE = "- [ ] the load is low\n  - probe: load load1 < 4\n"
MODEL = "- [ ] nothing looks odd\n"


def a_config(
    content: str | None = RULE,
    *,
    owner: str = "local",
    schedule_id: str = "hb-1",
    path: str = "HEARTBEAT.md",
    **asked: object,
) -> HeartbeatConfig:
    """Return a config as configuring makes it; of a file that is not read here."""
    fields: dict[str, object] = {"heartbeatPath": path, **asked}
    front_matter = FrontMatter()
    if content is not None:
        fields["content"] = content
        front_matter = parse_checklist(content).front_matter
    return resolve(
        Asked.model_validate(fields),
        front_matter,
        identity=Identity(owner=owner, schedule_id=schedule_id, path=path),
        bounds=Bounds(),
        now=NOW,
    ).config


class FakeTools:
    """Observes what it was told to; `gate` holds every observation back."""

    def __init__(
        self,
        fields: Mapping[str, FieldValue] | Exception | None = None,
        *,
        gate: asyncio.Event | None = None,
    ) -> None:
        self.fields = {"load1": 1.0} if fields is None else fields
        self.gate = gate
        self.is_closed = False

    async def observe(
        self, call: ToolCall, *, chosen_by_model: bool = False
    ) -> Observation | Unobserved:
        if self.gate is not None:
            await self.gate.wait()
        if isinstance(self.fields, Exception):
            raise self.fields
        return Observation(call=call, fields=self.fields, text="")

    async def close(self) -> None:
        self.is_closed = True


def a_runner(
    *,
    root: Path = Path("/nonexistent"),
    tools: Tools | None = None,
    model: Model | None = None,
    cheaper: Model | None = None,
) -> HeartbeatRunner:
    return HeartbeatRunner(
        Place(root=root, bounds=Bounds(), limits=Limits()),
        find_model=lambda _: model,
        find_cheaper=lambda _: cheaper,
        make_tools=lambda _: tools or FakeTools(),
    )


async def evaluate(
    runner: HeartbeatRunner,
    config: HeartbeatConfig,
    *,
    limit: timedelta = timedelta(seconds=5),
    spend: Spend = FREE,
    due: Due = tuple,
    now: datetime = NOW,
) -> Evaluation | Unusable:
    return await runner.evaluate(config, now=now, limit=limit, spend=spend, due=due)


def at_once(coroutine: Coroutine[Any, Any, _T], /) -> Future[_T]:
    """Run a coroutine on a loop of its own, and return what came of it."""
    future: Future[_T] = Future()
    try:
        future.set_result(asyncio.run(coroutine))
    except asyncio.CancelledError:
        future.cancel()
    return future


def on_this_loop() -> Submit:
    """Return what hands coroutines of other threads to the loop that is running."""
    return partial(asyncio.run_coroutine_threadsafe, loop=asyncio.get_running_loop())


def an_execution(
    server: Server,
    runner: Runner,
    *,
    runs: Runs | None = None,
    submit: Submit = at_once,
    begin_seconds: float = 30.0,
) -> Execution:
    """Return an execution; unless told otherwise it judges in the calling thread."""
    return Execution(
        runs=runs or Runs(server),
        heartbeats=Heartbeats(server),
        judging=Judging(runner=runner, spend_of=lambda *_: FREE),
        submit=submit,
        storing=nullcontext(),
        host="host-1",
        begin_seconds=begin_seconds,
        hand_back_seconds=0.05,
        retry_seconds=0.01,
    )


def open_slot(server: Server, config: HeartbeatConfig) -> str:
    """Store a heartbeat with a slot that is due; return its run id."""
    Heartbeats(server).configure(config, max_per_owner=10)
    return Slots(server).request_run(config.owner, config.schedule_id)
