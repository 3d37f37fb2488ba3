"""`heartbeat run FILE`: evaluate a checklist once, here, now; nothing is stored.

So what it costs is in no usage and no budget but those of a run: it is said instead.
"""

import argparse
from typing import assert_never

from rich.console import Group, RenderableType
from rich.text import Text

from heartbeat.cli.commands import Commands, add_command
from heartbeat.cli.context import Context
from heartbeat.cli.costs import bill
from heartbeat.cli.failures import Exit
from heartbeat.cli.output import Output, counted, plain, rows, table
from heartbeat.cli.run_events import Done, Failed, ItemEnded, Started, read_event
from heartbeat.cli.styles import status_text
from heartbeat.cli.worker_lines import worker_lines
from heartbeat.views import RunView

#: What a reason that is only a word means for a file.
_WHY = {"empty": "no item is on"}


def add_commands(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Add `run`."""
    parser = add_command(
        commands, common, "run", run, "evaluate a checklist once, here and now"
    )
    parser.add_argument("file", metavar="FILE", help="a HEARTBEAT.md")


def run(context: Context, arguments: argparse.Namespace) -> int:
    """Let a worker process evaluate the file and show verdicts as they come."""
    done: RunView | None = None
    with worker_lines(context, "check", arguments.file) as lines:
        for event in map(read_event, lines):
            match event:
                case Failed():
                    context.output.fail(code=event.code, message=event.message)
                    return Exit.BAD_INPUT
                case Done():
                    done = event.run
                case Started() | ItemEnded():
                    _progress(event, context.output)
                case _:
                    assert_never(event)
    assert done is not None  # the lines end with a result or a failure
    shown = done
    context.output.show(Done(event="done", run=shown), lambda: _verdicts(shown))
    return Exit.OK if shown.status == "ok" else Exit.TROUBLE


def _progress(event: Started | ItemEnded, output: Output) -> None:
    if output.as_json:
        output.data(event)
    elif isinstance(event, Started):
        count = counted(event.items, "item")
        output.say(f"judging {count}, model: {event.model or 'none'}")
    else:
        output.say(
            Text.assemble(status_text(event.status), f"  {plain(event.description)}")
        )


def _verdicts(done: RunView) -> RenderableType:
    made = table("verdict", "item", "details", "by", prose=("item", "details"))
    rows(
        made,
        (
            (
                status_text(item.status),
                item.description,
                f"{item.details}{f' ({item.cause})' if item.cause else ''}",
                item.by,
            )
            for item in done.items
        ),
    )
    why = _WHY.get(done.reason or "", done.reason)
    total = Text.assemble(f"\n{done.slot}: ", status_text(done.status))
    total.append(plain(f": {why}") if why else "")
    return Group(Text(), made, total, Text(bill(done.usage), style="dim"))
