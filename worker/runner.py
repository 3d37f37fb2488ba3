"""Evaluates one heartbeat: a checklist in, a result for each of its items out."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache, partial
from pathlib import Path
from weakref import WeakValueDictionary

from heartbeat.checklist import Checklist, Item, parse_checklist
from heartbeat.checklist_file import (
    READ_SECONDS,
    FileTrouble,
    not_in_time,
    read_checklist,
)
from heartbeat.config import HeartbeatConfig
from heartbeat.errors import ChecklistUnavailable, InvalidInput
from heartbeat.owners import LOCAL_OWNER, root_of
from heartbeat.resolve import Bounds, Identity, resolve
from heartbeat.runs import Reason
from heartbeat.usage import Usage
from worker.by_rule import Rules
from worker.ending import end_in_time
from worker.evaluation import Evaluation, Unusable, keys_of, unread
from worker.items import FindModel, ItemJudge, OnResult, Spend
from worker.judge import Limits
from worker.rule_keeper import RuleKeeper
from worker.tools.commands_file import Command, argv_by_name
from worker.tools.hosts import hosts_in
from worker.tools.policy import ToolPolicy
from worker.tools.threads import MACHINE, in_thread
from worker.tools_on_demand import ToolSet, ToolsOnDemand

logger = logging.getLogger(__name__)

#: Time for the store and the items' rules, which a run can do without, in seconds.
RULES_SECONDS = 10.0

#: Checklists that stay parsed: most runs find the text of the run before.
KEPT_CHECKLISTS = 500

#: Longer texts, in bytes, are read beside the event loop: the longest take seconds, in
#: which the loop would neither renew the leases of other runs nor hear their answers.
MAX_ON_LOOP = 4 * 1024

#: More would only take turns: reading a text is nothing but computing.
_READERS = ThreadPoolExecutor(1, thread_name_prefix="read")

#: Picks the items that are to be judged now.
Due = Callable[[Sequence[Item]], Sequence[Item]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where this worker finds checklists, and what the operator allows there."""

    root: Path
    read_paths: tuple[Path, ...] = ()
    private_hosts: tuple[str, ...] = ()
    commands: Mapping[str, Command] = field(default_factory=dict)
    bounds: Bounds
    limits: Limits
    parallel_items: int = 4
    second_reading: bool = True

    def policy(self, config: HeartbeatConfig, text: bytes, folder: Path) -> ToolPolicy:
        """Return what the tools of a heartbeat with this checklist may reach."""
        return ToolPolicy(
            owner=config.owner,
            root=root_of(config.owner, self.root),
            base=folder,
            read_paths=self.read_paths,
            private_hosts=self.private_hosts,
            commands=argv_by_name(self.commands, config.owner),
            model_hosts=_hosts_in(text),
            is_local=config.owner == LOCAL_OWNER,
        )


class HeartbeatRunner:
    """Judges a heartbeat's items; holds no right to run and stores nothing.

    `find_model` gives the model of an id (None: this worker's default), or None where
    no model is configured; `find_cheaper` the one to take when money runs short.
    `make_tools` gives the tools of one run. With a `keeper` the model makes rules of
    items, which are kept from run to run.
    """

    def __init__(
        self,
        place: Place,
        *,
        find_model: FindModel,
        find_cheaper: FindModel,
        make_tools: Callable[[ToolPolicy], ToolSet],
        keeper: RuleKeeper | None = None,
    ) -> None:
        self._place = place
        self._find_model = find_model
        self._find_cheaper = find_cheaper
        self._make_tools = make_tools
        self._keeper = keeper
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def evaluate(
        self,
        config: HeartbeatConfig,
        *,
        now: datetime,
        limit: timedelta,
        spend: Spend,
        due: Due = tuple,
        on_result: OnResult = lambda _: None,
    ) -> Evaluation | Unusable:
        """Read the checklist and judge the items that are due, within the run's limit.

        `due` picks them from those that are on; without it all are judged.
        """
        ends = asyncio.get_running_loop().time() + limit.total_seconds()
        try:
            text, folder = await self._read_in_time(config)
            checklist = await self._understood_in_time(text, config, ends)
            config = self._with_front_matter(config, checklist, now)
            model = self._find_model(config.model)
        except ChecklistUnavailable as error:
            return Unusable(reason=error.reason, message=str(error))
        except InvalidInput as error:
            return Unusable(reason=error.code, message=str(error))
        if checklist.is_empty:
            return Unusable(reason=Reason.EMPTY, message="expected items, got none")
        items = due(checklist.items)
        rules = await self._load_rules(config, items, now, ends)
        tools = ToolsOnDemand(
            lambda: self._make_tools(self._place.policy(config, text, folder))
        )
        judge = ItemJudge(
            tools=tools,
            model=model,
            find_model=self._find_model,
            find_cheaper=lambda name: self._find_cheaper(name or config.model),
            spend=spend,
            limits=self._place.limits,
            parallel_items=self._place.parallel_items,
            second_reading=self._place.second_reading,
            rules=rules,
        )
        try:
            judged = await judge.judge_all(items, ends=ends, on_result=on_result)
        finally:
            await tools.close(ends=ends, of=config.uid)
        present, disabled = keys_of(checklist)
        if self._keeper is not None and rules is not None:
            saving = self._keeper.end(config, rules, present=present)
            await end_in_time(saving, ends=ends, what=f"{config.uid}: saving rules")
        results = tuple(one.result for one in judged)
        none_due = checklist.items and not items
        return Evaluation(
            results=results + (() if none_due else unread(checklist)),
            present=present,
            disabled=disabled,
            paced=frozenset(item.key for item in checklist.items if item.every),
            usage=sum((one.usage for one in judged), Usage()),
            config=config,
        )

    async def _load_rules(
        self,
        config: HeartbeatConfig,
        items: Sequence[Item],
        now: datetime,
        ends: float,
    ) -> Rules | None:
        """Load them in time, or judge without."""
        if self._keeper is None or not any(item.needs_model for item in items):
            return None
        until = asyncio.get_running_loop().time() + RULES_SECONDS
        try:
            async with asyncio.timeout_at(min(until, ends)):
                return await self._keeper.begin(config, now)
        except TimeoutError:
            logger.warning("%s: rules not loaded in time", config.uid)
            return None

    async def _read_in_time(self, config: HeartbeatConfig) -> tuple[bytes, Path]:
        """Read the checklist; a file system that hangs must not hold the run."""
        if config.content is not None:
            return config.content.encode(), root_of(config.owner, self._place.root)
        try:
            async with asyncio.timeout(READ_SECONDS):
                return await in_thread(MACHINE, partial(self._read, config))
        except TimeoutError:
            raise not_in_time(config.path) from None

    async def _understood_in_time(
        self, text: bytes, config: HeartbeatConfig, ends: float
    ) -> Checklist:
        """Parse it while the run lasts; the long ones of one owner take turns."""
        try:
            async with asyncio.timeout_at(ends):
                if len(text) <= MAX_ON_LOOP:
                    return _parsed(text)
                async with self._turns.setdefault(config.owner, asyncio.Lock()):
                    return await _understood(text)
        except TimeoutError:
            raise ChecklistUnavailable(
                f"expected to parse {config.path!r} within the run's limit, got no end:"
                " the worker has too many long checklists to read",
                reason=FileTrouble.UNREADABLE,
            ) from None

    def _read(self, config: HeartbeatConfig) -> tuple[bytes, Path]:
        file = read_checklist(config.path, root=root_of(config.owner, self._place.root))
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
            accepted=config.timing,
        )
        return resolved.config


async def _understood(text: bytes) -> Checklist:
    """Parse a checklist, and find its hosts for the policy, beside the loop."""
    checklist = await in_thread(_READERS, partial(_parsed, text))
    await in_thread(_READERS, partial(_hosts_in, text))
    return checklist


@lru_cache(maxsize=KEPT_CHECKLISTS)
def _parsed(text: bytes) -> Checklist:
    return parse_checklist(text)


@lru_cache(maxsize=KEPT_CHECKLISTS)
def _hosts_in(text: bytes) -> frozenset[str]:
    return hosts_in(text.decode())
