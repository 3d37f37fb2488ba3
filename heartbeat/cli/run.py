"""`heartbeat run FILE`: evaluate a checklist once, here, now; nothing is stored."""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, assert_never

from rich.console import Group, RenderableType
from rich.text import Text

from heartbeat.cli.commands import Commands, add_command
from heartbeat.cli.context import Context
from heartbeat.cli.failures import Exit
from heartbeat.cli.output import Output, counted, plain, rows, table
from heartbeat.cli.run_events import Done, Event, Failed, ItemEnded, Started, read_event
from heartbeat.cli.styles import status_text
from heartbeat.errors import HeartbeatError
from heartbeat.views import RunView

#: Seconds that the worker has to end after it was told to.
_END_SECONDS = 5.0


def add_commands(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Add `run`."""
    parser = add_command(
        commands, common, "run", run, "evaluate a checklist once, here and now"
    )
    parser.add_argument("file", metavar="FILE", help="a HEARTBEAT.md")


def run(context: Context, arguments: argparse.Namespace) -> int:
    """Let a worker process evaluate the file and show verdicts as they come."""
    done: RunView | None = None
    command = [
        sys.executable, "-m", "worker", "check", arguments.file, "--json-lines"
    ]  # fmt: skip
    with _events(context, command) as events:
        for event in events:
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
    if done is None:
        raise HeartbeatError("the worker ended without a result")
    shown = done
    context.output.show(Done(event="done", run=shown), lambda: _verdicts(shown))
    fine = all(item.status == "ok" for item in shown.items)
    return Exit.OK if fine else Exit.TROUBLE


@contextmanager
def _events(context: Context, command: list[str]) -> Iterator[Iterator[Event]]:
    """Run the worker for the block; what it writes beside its events shows if it fails.

    Its standard error goes to a file: an unread pipe would fill up and stop it.
    """
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as beside,
        subprocess.Popen(
            command,
            cwd=context.folder,
            env=dict(context.environ),
            stdout=subprocess.PIPE,
            stderr=beside,
            text=True,
        ) as worker,
    ):
        assert worker.stdout is not None  # it was asked for
        try:
            yield _read(worker.stdout, worker, beside)
        finally:
            _end(worker)


def _read(
    lines: IO[str], worker: "subprocess.Popen[str]", beside: IO[str]
) -> Iterator[Event]:
    has_ended = False
    for line in lines:
        event = read_event(line)
        has_ended = isinstance(event, (Done, Failed))
        yield event
    code = worker.wait()
    if not has_ended:
        beside.seek(0)
        said = beside.read().strip().splitlines()[-1:] or ["it said nothing"]
        raise HeartbeatError(f"the worker ended with exit code {code}: {said[0]}")


def _end(worker: "subprocess.Popen[str]") -> None:
    """Leave no process behind, also when the call was interrupted."""
    if worker.poll() is not None:
        return
    worker.terminate()
    try:
        worker.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        worker.kill()


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
    total = Text.assemble(f"\n{done.slot}: ", status_text(done.status))
    return Group(Text(), made, total)
