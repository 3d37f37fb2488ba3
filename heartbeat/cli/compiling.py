"""`heartbeat compile FILE`: let the model propose probes, for a person to own."""

import argparse
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import assert_never

from rich.console import Group, RenderableType
from rich.text import Text

from heartbeat.checklist_file import read_checklist
from heartbeat.cli.commands import Commands, add_command
from heartbeat.cli.compile_events import (
    CompileDone,
    CompileStarted,
    ItemCompiled,
    read_compile_event,
)
from heartbeat.cli.context import Context
from heartbeat.cli.costs import bill
from heartbeat.cli.failures import Exit
from heartbeat.cli.output import Output, counted, plain, rows, table
from heartbeat.cli.run_events import Failed
from heartbeat.cli.styles import status_text
from heartbeat.cli.worker_lines import worker_lines
from heartbeat.errors import InvalidInput
from heartbeat.probe_lines import add_probes
from heartbeat.probes import parse_probe
from heartbeat.views import UsageView

#: What a rule finds that could be tried out; others are left to a person.
_TRIED = ("ok", "action_needed")


def add_commands(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Add `compile`."""
    parser = add_command(
        commands,
        common,
        "compile",
        compile_file,
        "let the model propose probes for the items without",
    )
    parser.add_argument("file", metavar="FILE", help="a HEARTBEAT.md")
    parser.add_argument(
        "--write", action="store_true", help="write the probes into the file"
    )


def compile_file(context: Context, arguments: argparse.Namespace) -> int:
    """Show what the model proposes, and with --write put it below the items."""
    items: list[ItemCompiled] = []
    usage: UsageView | None = None
    with worker_lines(context, "compile", arguments.file) as lines:
        for event in map(read_compile_event, lines):
            match event:
                case Failed():
                    context.output.fail(code=event.code, message=event.message)
                    return Exit.BAD_INPUT
                case CompileStarted():
                    _say_whom(event, context.output)
                case ItemCompiled():
                    items.append(event)
                case CompileDone():
                    usage = event.usage
                case _:
                    assert_never(event)
    tried = [item for item in items if item.status in _TRIED]
    written = len(tried) if arguments.write else 0
    if written:
        _write(Path(context.folder, arguments.file), tried)
    shown = [
        item.model_dump(mode="json", by_alias=True, exclude={"event"}) for item in items
    ]
    assert usage is not None  # the lines end with it or with a failure
    spent = usage.model_dump(mode="json", by_alias=True, exclude_none=True)
    context.output.show(
        {"path": arguments.file, "items": shown, "written": written, "usage": spent},
        lambda: Group(_human(items, written), Text(bill(usage), style="dim")),
    )
    return Exit.OK


def _say_whom(event: CompileStarted, output: Output) -> None:
    if event.items:
        count = counted(event.items, "item")
        output.say(f"asking {event.model} for rules of {count}")


def _write(path: Path, items: Sequence[ItemCompiled]) -> None:
    """Put the file in place as a whole, so that no worker reads half of it."""
    path = path.resolve()
    text = read_checklist(path.name, root=path.parent).text_bytes.decode()
    probes = {
        item.item_key: [parse_probe(one, line=item.line) for one in item.probes]
        for item in items
    }
    added = add_probes(text, probes)
    try:
        with tempfile.NamedTemporaryFile(
            "wb", dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as new:
            new.write(added.encode())
        shutil.copymode(path, new.name)
        os.replace(new.name, path)
    except OSError as error:
        raise InvalidInput(
            f"expected a file to write, got {str(path)!r}: {error.strerror}"
        ) from error


def _human(items: Sequence[ItemCompiled], written: int) -> RenderableType:
    if not items:
        return Text("every item has a probe that judges it")
    made = table("line", "item", "rule", "now", prose=("item", "rule"))
    rows(
        made,
        (
            (
                str(item.line),
                item.description,
                Text("\n".join(map(plain, item.probes)) or plain(_no_rule(item))),
                status_text(item.status) if item.status else "",
            )
            for item in items
        ),
    )
    if written:
        said = f"written below {written} item{'' if written == 1 else 's'}"
    else:
        said = "nothing written; --write puts the rules into the file"
    return Group(made, Text(), Text(plain(said)))


def _no_rule(item: ItemCompiled) -> str:
    kind = "needs reading" if item.needs_reading else "no rule"
    return f"{kind}: {item.why}"
