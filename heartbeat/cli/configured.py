"""The heartbeats that run a file of this machine, as far as a gateway tells of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from heartbeat.cli.asking import ask_within
from heartbeat.cli.below_root import spellings
from heartbeat.cli.context import Context
from heartbeat.client import Client
from heartbeat.errors import HeartbeatError
from heartbeat.replies import GetResult

#: A file is looked at at once, whether or not a gateway answers.
_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownHeartbeats:
    """What the gateway at `url` knows of a file; `why` says why that is not known."""

    url: str
    owner: str = ""
    why: str | None = None
    heartbeats: Mapping[str, GetResult] = field(default_factory=dict)


def ask_for_heartbeats(context: Context, file: str) -> KnownHeartbeats:
    """Ask the gateway, for a second at most."""

    async def look(client: Client) -> KnownHeartbeats:
        owner = client.ready.owner
        found: dict[str, GetResult] = {}
        for path in spellings(context, file, owner):
            for one in (await client.list(path=path)).heartbeats:
                if one.path == path:  # an older gateway lists all
                    found[one.schedule_id] = await client.get(one.schedule_id)
        return KnownHeartbeats(url=context.url, owner=owner, heartbeats=found)

    try:
        return ask_within(context, look, seconds=_SECONDS)
    except HeartbeatError as error:
        return KnownHeartbeats(url=context.url, why=str(error))
