"""The tools of a run, made when the first of them is used: many a run uses none."""

from collections.abc import Callable
from typing import Protocol

from heartbeat.tools import Observation, ToolCall, Unobserved
from worker.asking import Tools
from worker.ending import end_in_time


class ToolSet(Tools, Protocol):
    """Tools that may keep something open."""

    async def close(self) -> None:
        """Close what is open."""


class ToolsOnDemand:
    """Observes with what `make` gives, which is called once, or not at all."""

    def __init__(self, make: Callable[[], ToolSet]) -> None:
        self._make = make
        self._made: ToolSet | None = None

    async def observe(
        self, call: ToolCall, *, chosen_by_model: bool = False
    ) -> Observation | Unobserved:
        """Execute a call; nothing but cancellation is raised."""
        if self._made is None:
            self._made = self._make()
        return await self._made.observe(call, chosen_by_model=chosen_by_model)

    async def close(self, *, ends: float, of: str) -> None:
        """Close what is open, not much beyond `ends` by the loop's clock."""
        if self._made is not None:
            what = f"{of}: closing its tools"
            await end_in_time(self._made.close(), ends=ends, what=what)
