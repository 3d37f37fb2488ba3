"""Ends what a run leaves behind, without waiting for ever: what is judged counts."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

logger = logging.getLogger(__name__)

#: What an ending may take, in seconds: a hung one would renew its run's lease for ever.
END_SECONDS = 5.0
#: What it gets at least, where the run's time is over.
LEAST_END_SECONDS = 1.0

#: The loop itself would let go of a task that nobody holds.
_abandoned: set[asyncio.Task[None]] = set()


async def end_in_time(
    ending: Coroutine[Any, Any, None], *, ends: float, what: str
) -> None:
    """Wait for it, but not much beyond `ends` by the loop's clock; a failure is logged.

    One that takes longer is cancelled and not waited for: it may not heed that either.
    """
    left = ends - asyncio.get_running_loop().time()
    seconds = min(END_SECONDS, max(LEAST_END_SECONDS, left))
    task = asyncio.create_task(ending)
    _abandoned.add(task)
    task.add_done_callback(_abandoned.discard)
    extra = {"action": "end_run"}
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        is_done = task.done()
        task.cancel()
    if not is_done:
        logger.error("%s hangs: abandoned after %g s", what, seconds, extra=extra)
    elif not task.cancelled() and task.exception() is not None:
        logger.error("%s failed", what, exc_info=task.exception(), extra=extra)
