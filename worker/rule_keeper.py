"""Keeps the compiled rules of heartbeats from run to run."""

import asyncio
import logging
from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial

from heartbeat.config import HeartbeatConfig
from heartbeat.errors import InvalidModel, StoreError
from heartbeat.store.compiled import Compiled
from worker.by_rule import Rules

logger = logging.getLogger(__name__)


class RuleKeeper:
    """Loads rules once a run, and saves them once; a store that is away costs rules.

    `name_model` gives the full id of the model that an id, or None, stands for.
    """

    def __init__(
        self, compiled: Compiled, *, name_model: Callable[[str | None], str | None]
    ) -> None:
        self._compiled = compiled
        self._name_model = name_model

    async def begin(self, config: HeartbeatConfig, now: datetime) -> Rules | None:
        """Return the rules to run with; None judges this run without any."""
        try:
            known = await asyncio.to_thread(self._compiled.load, config.uid)
        except StoreError as error:
            logger.warning("%s: rules not loaded: %s", config.uid, error)
            return None

        def name_model(model: str | None) -> str:
            try:
                return self._name_model(model or config.model) or ""
            except InvalidModel:  # its item is not judged at all
                return ""

        return Rules(now=now, known=dict(known.items), name_model=name_model)

    async def end(
        self, config: HeartbeatConfig, rules: Rules, *, present: Collection[str]
    ) -> None:
        """Keep what the run has made of the rules of the items that are there."""
        save = partial(self._compiled.save, config.uid, rules.record(present))
        try:
            await asyncio.to_thread(save)
        except StoreError as error:
            logger.warning("%s: rules not saved: %s", config.uid, error)
