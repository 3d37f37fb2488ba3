"""Toolboxes over the loopback or a scripted network, and what one GET sees."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from heartbeat.tools import Observation, ToolCall, Unobserved
from worker.tools.network import Network
from worker.tools.policy import ToolPolicy
from worker.tools.toolbox import Toolbox

Seen = Observation | Unobserved


def a_policy(
    *, owner: str = "local", listed: Sequence[str] = (), chosen: Sequence[str] = ()
) -> ToolPolicy:
    return ToolPolicy(
        owner=owner,
        root=Path("/nowhere"),
        base=Path("/nowhere"),
        private_hosts=tuple(listed),
        model_hosts=frozenset(chosen),
        is_local=owner == "local",
    )


def a_toolbox(
    *,
    owner: str = "local",
    listed: Sequence[str] = (),
    chosen: Sequence[str] = (),
    network: Network | None = None,
    seconds: float = 5.0,
) -> Toolbox:
    policy = a_policy(owner=owner, listed=listed, chosen=chosen)
    return Toolbox(policy, network=network, timeout=timedelta(seconds=seconds))


async def get(url: str, toolbox: Toolbox, *, by_model: bool = False) -> Seen:
    try:
        return await toolbox.observe(
            ToolCall(tool="http", arguments=(url,)), chosen_by_model=by_model
        )
    finally:
        await toolbox.close()
