"""`heartbeat configure PATH`: create or update a heartbeat."""

import argparse
import re
from pathlib import Path
from typing import cast

from rich.console import Group, RenderableType
from rich.text import Text

from heartbeat.asked import Window
from heartbeat.checklist import MAX_CHECKLIST_BYTES
from heartbeat.checklist_file import FileTrouble
from heartbeat.cli.asking import ask
from heartbeat.cli.below_root import below_root, both_places
from heartbeat.cli.commands import Commands, add_command
from heartbeat.cli.context import Context
from heartbeat.cli.failures import Exit
from heartbeat.cli.output import counted, instant, plain
from heartbeat.cli.pace import hours_text
from heartbeat.client import Client, ConfigureFields
from heartbeat.errors import ChecklistUnavailable, InvalidInput, RequestRefused
from heartbeat.replies import Configured

#: `HH:MM-HH:MM`, then days as `/1,2,3` with Monday=1, then an interval as `@5m`.
_HOURS = re.compile(
    r"(\d\d:\d\d)-(\d\d:\d\d)(?:/([\d,]+))?(?:@(\d+(?:\.\d+)?)([mh]?))?", re.ASCII
)
#: Minutes of the units of an interval; a bare number is minutes, as of --interval.
_MINUTES = {"": 1, "m": 1, "h": 60}

#: Options that go over the wire under their own name when they are given.
_PLAIN = ("interval", "timezone", "name", "model", "notify", "align", "run_on")

#: How the gateway's warning begins where no worker has the label.
_UNSERVED = "runOn: no worker"


def add_commands(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Add `configure`."""
    parser = add_command(
        commands, common, "configure", configure, "create or update a heartbeat"
    )
    parser.add_argument("path", metavar="PATH", help="checklist, below ROOT")
    add = parser.add_argument
    add("--interval", type=float, metavar="MIN", help="minutes between slots")
    add("--cron", metavar="EXPR", help="five cron fields, instead of --interval")
    add("--timezone", metavar="ZONE", help="IANA name, such as Europe/Berlin")
    add(
        "--active",
        action="append",
        metavar="HOURS",
        help="active hours HH:MM-HH:MM; behind them, if wanted, days as /1,2,3"
        " (Monday=1), then an interval of their own as @5m or @1h; repeatable",
    )
    add("--name", help="name in alerts (default: the path)")
    add("--model", help="provider:model for items that need one")
    add("--notify", choices=("changes", "every-run"), help="when trouble is told")
    add("--repeat", type=float, metavar="MIN", help="tell open trouble again after")
    add("--run-on", metavar="LABEL", help="only workers with this label")
    add("--align", choices=("clock", "spread"), help="clock: full multiples")
    add("--id", metavar="ID", help="scheduleId (default: from the path)")
    add("--disabled", action="store_true", help="store it, and do not run it")
    add("--inline", action="store_true", help="send the file's text with it")
    add("--no-run", action="store_true", help="do not run it once now when it is new")


def configure(context: Context, arguments: argparse.Namespace) -> int:
    """Configure; a new heartbeat is run once at once, so that its result is seen."""
    path, fields = arguments.path, _fields(arguments)
    if arguments.inline:
        fields["content"] = _content(Path(context.folder, path))
    wants_run = not arguments.no_run and not arguments.disabled

    async def call(client: Client) -> Configured:
        try:
            return await put(client, path, fields, run_if_new=wants_run)
        except RequestRefused as error:
            if error.code != ChecklistUnavailable.code:
                raise
            there = _elsewhere(context, path, client.ready.owner, error)
            return await put(client, there, fields, run_if_new=wants_run)

    reply = ask(context, call)
    context.output.show(reply, lambda: _human(reply))
    for warning in reply.warnings:
        context.output.warn(f"warning: {warning}")
    return Exit.OK


def _elsewhere(context: Context, path: str, owner: str, error: RequestRefused) -> str:
    """Return the path below the root of a file that lies in the current folder.

    Raises the gateway's refusal where there is none, ChecklistUnavailable where there
    is one that the gateway cannot be told of.
    """
    found = below_root(context, path, owner)
    if found == path or not Path(context.folder, path).is_file():
        raise error
    if found is None:
        raise ChecklistUnavailable(
            f"{error}: {both_places(context, path, owner)}", reason=FileTrouble.MISSING
        ) from error
    return found


async def put(
    client: Client, path: str, fields: ConfigureFields, *, run_if_new: bool
) -> Configured:
    """Configure a heartbeat and, if that made it, run it off the grid."""
    reply = await client.configure(path, **fields)
    if not run_if_new or reply.outcome != "created":
        return reply
    try:
        run = await client.run(reply.schedule_id)
    except RequestRefused as error:
        if error.code != "busy":
            raise
        return reply  # its first slot was due this very moment
    return reply.model_copy(update={"run_id": run.run_id})


def _fields(arguments: argparse.Namespace) -> ConfigureFields:
    """Return only what was asked for: an absent option is not its default."""
    hours = [parse_hours(text) for text in arguments.active or ()]
    given = {
        **{name: getattr(arguments, name) for name in _PLAIN},
        "cron_expression": arguments.cron,
        "repeat_minutes": arguments.repeat,
        "schedule_id": arguments.id,
        "active_hours": hours or None,
        "enabled": False if arguments.disabled else None,
    }
    asked = {name: value for name, value in given.items() if value is not None}
    return cast(ConfigureFields, asked)  # the grammar above has the same types


def parse_hours(text: str) -> Window:
    """Read `HH:MM-HH:MM[/1,2,3][@5m]`; raises InvalidInput."""
    found = _HOURS.fullmatch(text)
    if found is None:
        raise InvalidInput(
            "--active: expected HH:MM-HH:MM, and behind it, where wanted, days as"
            " /1,2,3 (Monday=1), then an interval of its own as @5m or @1h,"
            f" got {text!r}"
        )
    start, end, days, number, unit = found.groups()
    return Window(
        start=start,
        end=end,
        days_of_week=None
        if days is None
        else tuple(int(day) for day in days.split(",") if day),
        interval=None if number is None else float(number) * _MINUTES[unit],
    )


def _content(path: Path) -> str:
    """Read the text to send; whether it is a checklist is for the gateway to say."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_CHECKLIST_BYTES + 1)
        text = data.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ChecklistUnavailable(
            f"expected a readable text file, got {str(path)!r}: {error}",
            reason="unreadable",
        ) from error
    if len(data) > MAX_CHECKLIST_BYTES:
        raise ChecklistUnavailable(
            f"expected at most {MAX_CHECKLIST_BYTES} bytes, got more in {str(path)!r}",
            reason="too_large",
        )
    return text


def _human(reply: Configured) -> RenderableType:
    config = reply.config
    often = config.cron_expression or f"every {config.interval or 0:g} min"
    hours = hours_text(map(Window.model_validate, config.active_hours))
    lines = [
        Text.assemble(
            (reply.outcome, "bold green"),
            plain(f" {reply.schedule_id}: {counted(len(reply.items), 'item')}"),
            plain(f", {often}{hours} ({config.timezone})"),
        )
    ]
    if reply.paused:
        lines.append(Text("it is paused; `heartbeat resume` lets it go on"))
    if reply.next_runs:
        lines.append(Text(f"next run {instant(reply.next_runs[0])} UTC"))
    if reply.run_id is not None:
        lines.append(Text(plain(_now(reply))))
    return Group(*lines)


def _now(reply: Configured) -> str:
    """Say what becomes of the run that was asked for."""
    if any(warning.startswith(_UNSERVED) for warning in reply.warnings):
        return f"its first run waits for a worker with the label {reply.config.run_on}"
    return "running once now; `heartbeat watch` shows what comes of it"
