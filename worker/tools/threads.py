"""Threads for the calls that can block, so that the event loop never does.

Pools apart, since a resolver that hangs must not keep a full disk from being seen, nor
a mount that hangs a host from being looked up. A call that finds all threads of its
pool hanging times out in the toolbox, and so reads as unknown.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Result = TypeVar("_Result")

#: As many mounts as may hang before everything else that asks this machine waits.
MACHINE_THREADS = 16

#: For what asks this machine: file systems, the process table.
MACHINE = ThreadPoolExecutor(MACHINE_THREADS, thread_name_prefix="tool")

#: For what asks the resolver: one dead name server holds a thread for many seconds.
RESOLVER = ThreadPoolExecutor(32, thread_name_prefix="lookup")


#: For what runs the operator's commands: each is a process of its own.
COMMANDS = ThreadPoolExecutor(8, thread_name_prefix="command")


async def in_thread(
    pool: ThreadPoolExecutor, function: Callable[[], _Result]
) -> _Result:
    """Run a function in a thread; when the caller is cancelled it runs on unheard.

    The pools start their threads on use: a fork before the first call shares none.
    """
    return await asyncio.get_running_loop().run_in_executor(pool, function)
