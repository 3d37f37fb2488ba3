"""What `up` shows: the first checklist it finds, and alerts as they come."""

import asyncio
from pathlib import Path

from heartbeat.cli.context import Context
from heartbeat.cli.starter import STARTER
from heartbeat.cli.watch import follow
from heartbeat.client import Client, ConfigureFields, connect
from heartbeat.errors import HeartbeatError, RequestRefused

#: Checklists below ROOT, of which the first that is there is configured.
_CANDIDATES = ("HEARTBEAT.md", "examples/HEARTBEAT.md")
#: Name of the starter checklist, where there is no file.
_STARTER_NAME = "starter"


async def show_alerts(context: Context, *, with_example: bool) -> None:
    """Show alerts until cancelled; where that cannot be, say why and stay."""
    try:
        async with connect(context.url, token=context.token) as client:
            if with_example:
                await _configure(client, context)
            await follow(client, context.output)
    except HeartbeatError as error:
        context.output.warn(f"alerts are not shown here: {error}")
    await asyncio.Event().wait()


async def _configure(client: Client, context: Context) -> None:
    """Configure the example and run it now; what is wrong with it is only said."""
    root = Path(context.folder, context.settings.root)
    path, fields = _STARTER_NAME, ConfigureFields(content=STARTER)
    for candidate in _CANDIDATES:
        if (root / candidate).is_file():
            path, fields = candidate, ConfigureFields()
            break
    try:
        reply = await client.configure(path, **fields)
        context.output.say(f"{reply.outcome} {reply.schedule_id} from {path}")
        for warning in reply.warnings:
            context.output.warn(f"warning: {warning}")
        await client.run(reply.schedule_id)
    except RequestRefused as error:
        if error.code != "busy":
            context.output.warn(f"{path} was not run: {error}")
