"""One heartbeat's tools: each call of the catalogue becomes an observation, or not."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from types import MappingProxyType

from heartbeat.errors import InvalidProbe
from heartbeat.tool_calls import check_call
from heartbeat.tools import Observation, ToolCall, Unobserved
from worker.tools.command import measure_command
from worker.tools.disk import measure_disk
from worker.tools.dns import measure_dns
from worker.tools.egress import Egress
from worker.tools.file import measure_file
from worker.tools.http import measure_http
from worker.tools.http_client import HttpClient
from worker.tools.json import measure_json
from worker.tools.load import measure_load
from worker.tools.log import measure_log
from worker.tools.measured import CannotTell, Measured, NotAllowed
from worker.tools.memory import measure_memory
from worker.tools.network import Network, SystemNetwork
from worker.tools.policy import ToolPolicy
from worker.tools.process import measure_process
from worker.tools.reach import Reach
from worker.tools.redis_server import measure_redis, measure_redis_info
from worker.tools.tcp import measure_tcp
from worker.tools.threads import COMMANDS, MACHINE, in_thread
from worker.tools.tls import measure_tls

logger = logging.getLogger(__name__)

#: Longer than any answer worth waiting for, short beside the shortest run limit.
TOOL_TIMEOUT = timedelta(seconds=10)

#: Share of it that is left to a host to answer: its silence is an observation, and
#: must be noticed before the tool itself is given up, which is none.
_SHARE_OF_HOST = 0.95

#: Share of it that the resolver gets: one that is slower has failed, and what it was
#: asked about is not known.
_SHARE_OF_RESOLVER = 0.4

#: Share of it that a connection gets to be accepted, over all addresses of the host.
_SHARE_OF_CONNECTING = 0.5

_Executor = Callable[[ToolCall, bool], Awaitable[Measured]]


class Toolbox:
    """Observes for one heartbeat, within its policy, on one event loop."""

    def __init__(
        self,
        policy: ToolPolicy,
        *,
        timeout: timedelta = TOOL_TIMEOUT,
        network: Network | None = None,
    ) -> None:
        self._policy = policy
        self._timeout_seconds = timeout.total_seconds()
        egress = Egress(
            policy,
            network=network or SystemNetwork(),
            lookup_seconds=self._timeout_seconds * _SHARE_OF_RESOLVER,
        )
        reach = Reach(
            egress=egress, seconds=self._timeout_seconds * _SHARE_OF_CONNECTING
        )
        answer_seconds = self._timeout_seconds * _SHARE_OF_HOST
        client = HttpClient(
            egress, connect_seconds=reach.seconds, timeout_seconds=answer_seconds
        )
        self._client = client
        self._executors: Mapping[str, _Executor] = MappingProxyType(
            {
                "command": _in_thread(
                    partial(measure_command, policy=policy, seconds=answer_seconds),
                    pool=COMMANDS,
                ),
                "disk": _in_thread(measure_disk),
                "dns": _on_loop(partial(measure_dns, egress=egress)),
                "file": _in_thread(partial(measure_file, policy=policy)),
                "http": _on_loop(partial(measure_http, client=client)),
                "json": _on_loop(partial(measure_json, client=client, policy=policy)),
                "load": _in_thread(measure_load),
                "log": _in_thread(partial(measure_log, policy=policy)),
                "memory": _in_thread(measure_memory),
                "process": _in_thread(measure_process),
                "redis": _on_loop(partial(measure_redis, reach=reach)),
                "redis_info": _on_loop(partial(measure_redis_info, reach=reach)),
                "tcp": _on_loop(partial(measure_tcp, reach=reach)),
                "tls": _on_loop(partial(measure_tls, reach=reach)),
            }
        )

    async def observe(
        self, call: ToolCall, *, chosen_by_model: bool = False
    ) -> Observation | Unobserved:
        """Execute the call; whatever goes wrong but cancellation is an Unobserved.

        A call that a model chose may connect only to hosts that it may choose.
        """
        try:
            check_call(call)
            async with asyncio.timeout(self._timeout_seconds):
                measured = await self._executors[call.tool](call, chosen_by_model)
        except NotAllowed as error:
            return Unobserved(call=call, why=str(error), is_allowed=False)
        except (CannotTell, InvalidProbe) as error:
            return Unobserved(call=call, why=str(error))
        except TimeoutError:
            why = f"{call.tool} took longer than {self._timeout_seconds:g} s"
            return Unobserved(call=call, why=why)
        except Exception:  # one crash must not end the run
            extra = {"action": "tool_crashed", "owner": self._policy.owner}
            logger.exception("tool %s crashed", call.tool, extra=extra)
            return Unobserved(call=call, why=f"{call.tool} crashed")
        return Observation(call=call, fields=measured.fields, text=measured.text)

    async def close(self) -> None:
        """Close the connections that are still open."""
        await self._client.close()


def _on_loop(measure: Callable[..., Awaitable[Measured]]) -> _Executor:
    async def execute(call: ToolCall, chosen_by_model: bool) -> Measured:
        return await measure(*call.arguments, chosen_by_model=chosen_by_model)

    return execute


def _in_thread(
    measure: Callable[..., Measured], pool: ThreadPoolExecutor = MACHINE
) -> _Executor:
    async def execute(call: ToolCall, chosen_by_model: bool) -> Measured:  # noqa: ARG001 - only hosts are choices
        return await in_thread(pool, partial(measure, *call.arguments))

    return execute
