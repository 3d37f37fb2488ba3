"""What `up` shows: the first checklist it finds, and alerts as they come."""

import asyncio
from pathlib import Path

from heartbeat.cli.context import Context
from heartbeat.cli.starter import STARTER
from heartbeat.cli.watch import follow
from heartbeat.client import Client, ConfigureFields, connect
from heartbeat.errors import HeartbeatError, RequestRefused, Unauthorized
from heartbeat.owners import root_of
from heartbeat.replies import RunResult
from heartbeat.views import ListedHeartbeat

#: Checklists below the owner's root, of which the first that is there is configured.
_CANDIDATES = ("HEARTBEAT.md", "examples/HEARTBEAT.md")
#: How often it is asked whether the first run is over.
_BETWEEN_SECONDS = 1.0
#: Name of the starter checklist, where there is no file.
_STARTER_NAME = "starter"
#: What to do where the gateway takes clients with a token only.
_WITH_TOKEN = (
    "no example was configured: `heartbeat configure PATH --token-file FILE` makes a"
    " heartbeat, `heartbeat watch --token-file FILE` shows alerts, and"
    " `heartbeat up --token-file FILE` does both"
)


async def show_alerts(context: Context, *, with_example: bool) -> None:
    """Show alerts until cancelled; where that cannot be, say why and stay."""
    try:
        async with (
            connect(context.url, token=context.token) as client,
            asyncio.TaskGroup() as tasks,
        ):
            run = await _run_example(client, context) if with_example else None
            if run is not None:
                tasks.create_task(_explain_silence(client, context, run))
            await follow(client, context.output)
    except* HeartbeatError as errors:
        for error in errors.exceptions:
            context.output.warn(f"alerts are not shown here: {error}")
        if errors.subgroup(Unauthorized) is not None:
            context.output.warn(_WITH_TOKEN)
    await asyncio.Event().wait()


async def _run_example(client: Client, context: Context) -> RunResult | None:
    """Run the example now; what is wrong with it is only said.

    A heartbeat that watches it already is left as somebody configured it.
    """
    root = Path(context.folder, context.settings.root)
    path, fields = _example(root_of(client.ready.owner, root))
    try:
        view = await _known(client, path)
        if view is None:
            return await client.run(await _configure(client, context, path, fields))
        context.output.say(f"{view.schedule_id} from {path} is {view.state}")
        if view.state == "active":
            return await client.run(view.schedule_id)
    except RequestRefused as error:
        if error.code != "busy":
            context.output.warn(f"{path} was not run: {error}")
    return None


async def _explain_silence(client: Client, context: Context, run: RunResult) -> None:
    """Say once what it means that nothing more is said, when the first run is over."""
    while not await _is_over(client, run):
        await asyncio.sleep(_BETWEEN_SECONDS)
    context.output.say(
        "silence from here on means: checked, and fine but for what is told above;"
        f" `heartbeat history {run.schedule_id}` shows each run"
    )


async def _is_over(client: Client, run: RunResult) -> bool:
    try:
        found = await client.history(run.schedule_id)
    except HeartbeatError as error:
        return not error.retryable  # it will never be known: deleted, most likely
    return any(record.run_id == run.run_id for record in found.runs)


def _example(root: Path) -> tuple[str, ConfigureFields]:
    for candidate in _CANDIDATES:
        if (root / candidate).is_file():
            return candidate, ConfigureFields()
    return _STARTER_NAME, ConfigureFields(content=STARTER)


async def _known(client: Client, path: str) -> ListedHeartbeat | None:
    heartbeats = (await client.list()).heartbeats
    return next((view for view in heartbeats if view.path == path), None)


async def _configure(
    client: Client, context: Context, path: str, fields: ConfigureFields
) -> str:
    reply = await client.configure(path, **fields)
    context.output.say(f"{reply.outcome} {reply.schedule_id} from {path}")
    for warning in reply.warnings:
        context.output.warn(f"warning: {warning}")
    return reply.schedule_id
