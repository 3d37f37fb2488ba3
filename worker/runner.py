"""Evaluates one heartbeat: a checklist in, a result for each of its items out."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

from heartbeat.checklist import Checklist, Item, parse_checklist
from heartbeat.checklist_file import FileTrouble, read_checklist
from heartbeat.config import HeartbeatConfig
from heartbeat.errors import ChecklistUnavailable, InvalidInput
from heartbeat.probes import judge_by_probes
from heartbeat.resolve import Bounds, Identity, resolve
from heartbeat.runs import Reason
from heartbeat.tools import Observation, ToolCall, Unobserved
from heartbeat.usage import Usage
from heartbeat.verdict import By, Cause, ItemResult, Verdict
from worker.judge import Judged, Limits, MayCall, Spent, judge_item
from worker.model import Model
from worker.tools.hosts import hosts_in
from worker.tools.policy import ToolPolicy
from worker.tools.threads import MACHINE, in_thread

logger = logging.getLogger(__name__)

#: Probes under way at once in one run.
PARALLEL_PROBES = 16

#: Time that a file system gets to hand over a checklist, in seconds.
READ_SECONDS = 10.0

#: The owner whose folder is ROOT itself, and who may reach private addresses.
LOCAL_OWNER = "local"

#: Told each result as it comes.
OnResult = Callable[[ItemResult], None]


class Tools(Protocol):
    """What observes for one heartbeat."""

    async def observe(
        self, call: ToolCall, *, chosen_by_model: bool = False
    ) -> Observation | Unobserved:
        """Execute a call; nothing but cancellation is raised."""

    async def close(self) -> None:
        """Close what is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where this worker finds checklists, and what the operator allows there."""

    root: Path
    read_paths: tuple[Path, ...] = ()
    private_hosts: tuple[str, ...] = ()
    bounds: Bounds
    limits: Limits
    parallel_items: int = 4

    def root_of(self, owner: str) -> Path:
        """Return the folder an owner's checklists are in."""
        return self.root if owner == LOCAL_OWNER else self.root / owner


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """How a run asks whether it may call the model, and says what it has cost."""

    may_call: MayCall
    spent: Spent


@dataclass(frozen=True, slots=True, kw_only=True)
class Unusable:
    """The checklist cannot be used: no item was judged, no model called."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What a run found. `config` is what the file's front matter now makes of it."""

    results: tuple[ItemResult, ...]
    present: frozenset[str]
    disabled: frozenset[str]
    usage: Usage
    config: HeartbeatConfig


class HeartbeatRunner:
    """Judges a heartbeat's items; holds no right to run and stores nothing.

    `find_model` gives the model of an id (None: this worker's default), or None where
    no model is configured. `make_tools` gives the tools of one run.
    """

    def __init__(
        self,
        place: Place,
        *,
        find_model: Callable[[str | None], Model | None],
        make_tools: Callable[[ToolPolicy], Tools],
    ) -> None:
        self._place = place
        self._find_model = find_model
        self._make_tools = make_tools

    async def evaluate(
        self,
        config: HeartbeatConfig,
        *,
        now: datetime,
        limit: timedelta,
        spend: Spend,
        on_result: OnResult = lambda _: None,
    ) -> Evaluation | Unusable:
        """Read the checklist and judge every item of it, within the run's limit."""
        ends = asyncio.get_running_loop().time() + limit.total_seconds()
        try:
            text, folder = await self._read_in_time(config)
            checklist = parse_checklist(text)
            config = self._with_front_matter(config, checklist, now)
            model = self._find_model(config.model)
        except ChecklistUnavailable as error:
            return Unusable(reason=error.reason, message=str(error))
        except InvalidInput as error:
            return Unusable(reason=error.code, message=str(error))
        if checklist.is_empty:
            return Unusable(reason=Reason.EMPTY, message="expected items, got none")
        tools = self._make_tools(self._policy(config, text, folder))
        try:
            judge = partial(self._judge, tools=tools, model=model, spend=spend)
            judged = await self._judge_all(
                checklist.items, judge, ends=ends, on_result=on_result
            )
        finally:
            await tools.close()
        present, disabled = keys_of(checklist)
        return Evaluation(
            results=tuple(one.result for one in judged),
            present=present,
            disabled=disabled,
            usage=sum((one.usage for one in judged), Usage()),
            config=config,
        )

    async def _read_in_time(self, config: HeartbeatConfig) -> tuple[bytes, Path]:
        """Read the checklist; a file system that hangs must not hold the run."""
        if config.content is not None:
            return config.content.encode(), self._place.root_of(config.owner)
        try:
            async with asyncio.timeout(READ_SECONDS):
                return await in_thread(MACHINE, partial(self._read, config))
        except TimeoutError:
            raise ChecklistUnavailable(
                f"expected to read {config.path!r} within {READ_SECONDS:g} s,"
                " got no answer from its file system",
                reason=FileTrouble.UNREADABLE,
            ) from None

    def _read(self, config: HeartbeatConfig) -> tuple[bytes, Path]:
        file = read_checklist(config.path, root=self._place.root_of(config.owner))
        return file.text_bytes, file.folder

    def _with_front_matter(
        self, config: HeartbeatConfig, checklist: Checklist, now: datetime
    ) -> HeartbeatConfig:
        resolved = resolve(
            config.asked_again(),
            checklist.front_matter,
            identity=Identity(
                owner=config.owner, schedule_id=config.schedule_id, path=config.path
            ),
            bounds=self._place.bounds,
            now=now,
        )
        return resolved.config

    def _policy(self, config: HeartbeatConfig, text: bytes, folder: Path) -> ToolPolicy:
        return ToolPolicy(
            owner=config.owner,
            root=self._place.root_of(config.owner),
            base=folder,
            read_paths=self._place.read_paths,
            private_hosts=self._place.private_hosts,
            model_hosts=hosts_in(text.decode()),
            is_local=config.owner == LOCAL_OWNER,
        )

    async def _judge_all(
        self,
        items: Sequence[Item],
        judge: Callable[[Item], Awaitable[Judged]],
        *,
        ends: float,
        on_result: OnResult,
    ) -> list[Judged]:
        """Judge every item: rules at once; the model's first item alone, since what
        it leaves in the provider's cache serves the others, then those in parallel.
        """
        probing = asyncio.Semaphore(PARALLEL_PROBES)
        asking = asyncio.Semaphore(self._place.parallel_items)
        first = next((item for item in items if item.needs_model), None)
        first_done = asyncio.Event()

        async def in_turn(item: Item) -> Judged:
            if item.needs_model and item is not first:
                await first_done.wait()
            async with asking if item.needs_model else probing:
                return await judge(item)

        async def one(item: Item) -> Judged:
            try:
                async with asyncio.timeout_at(ends):
                    judged = await in_turn(item)
            except TimeoutError:
                judged = _not_judged(item, Cause.DEADLINE, "the run's time was over")
            finally:
                if item is first:
                    first_done.set()
            on_result(judged.result)
            return judged

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(item)) for item in items]
        return [task.result() for task in tasks]

    async def _judge(
        self, item: Item, *, tools: Tools, model: Model | None, spend: Spend
    ) -> Judged:
        """Judge one item: by its rules where it has any, else by the model."""
        try:
            outcomes = await asyncio.gather(
                *(tools.observe(probe.call) for probe in item.probes)
            )
            result = judge_by_probes(item, outcomes)
            if result is not None:
                return Judged(result=result, usage=Usage(), steps=0)
            if model is None:
                return _not_judged(item, Cause.NO_MODEL, "no model configured")
            return await judge_item(
                item,
                evidence=[one for one in outcomes if isinstance(one, Observation)],
                model=model,
                observe=partial(tools.observe, chosen_by_model=True),
                limits=self._place.limits,
                may_call=spend.may_call,
                spent=spend.spent,
            )
        except Exception:  # one item must not take the others with it
            logger.exception("judging %s failed", item.key, extra={"action": "judge"})
            why = "judging failed; the worker's log says how"
            return _not_judged(item, Cause.INTERNAL, why)


def keys_of(checklist: Checklist) -> tuple[frozenset[str], frozenset[str]]:
    """Return the keys of the items that are on and of those that are off."""
    return (
        frozenset(item.key for item in checklist.items),
        frozenset(item.key for item in checklist.disabled),
    )


def _not_judged(item: Item, cause: Cause, why: str) -> Judged:
    result = ItemResult(
        item_key=item.key,
        description=item.text,
        verdict=Verdict.UNKNOWN,
        details=why,
        by=By.MODEL if item.needs_model else By.RULE,
        severity=item.severity,
        cause=cause,
    )
    return Judged(result=result, usage=Usage(), steps=0)
