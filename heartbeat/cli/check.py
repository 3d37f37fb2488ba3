"""`heartbeat check FILE`: what would be evaluated, how, and when."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from rich.console import Group, RenderableType
from rich.text import Text

from heartbeat.checklist import Item
from heartbeat.cli.commands import Commands, add_command
from heartbeat.cli.compiled_rules import CompiledRules, compiled_rules
from heartbeat.cli.configured import ask_for_heartbeats
from heartbeat.cli.context import Context
from heartbeat.cli.failures import Exit
from heartbeat.cli.output import counted, plain, rows, table
from heartbeat.cli.pace import pace
from heartbeat.cli.previews import by_itself, of_fleet, shown_previews
from heartbeat.cli.reading import ReadChecklist, read
from heartbeat.cli.refusals import refusals
from heartbeat.errors import InvalidInput

#: How many of the next slots are shown.
_SLOTS = 5
#: The same for each item with a cadence of its own.
_ITEM_SLOTS = 3


def add_commands(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Add `check`."""
    parser = add_command(
        commands, common, "check", check, "say what a checklist would evaluate"
    )
    parser.add_argument("file", metavar="FILE", help="a HEARTBEAT.md")


def check(context: Context, arguments: argparse.Namespace) -> int:
    """Show items, probes, warnings and slots.

    Errors in the file are trouble found, and so is that nothing would be evaluated.
    """
    try:
        found = read(context, arguments.file)
    except InvalidInput as error:
        return _invalid(context, arguments.file, error)
    known = ask_for_heartbeats(context, arguments.file)
    owner = known.owner or found.config.owner
    refused = refusals(context, arguments.file, found.checklist, owner=owner)
    found = replace(found, warnings=(*found.warnings, *refused))
    rules = compiled_rules(known, found.checklist.items)
    alone = by_itself(found, context.now, most=_SLOTS, of_items=_ITEM_SLOTS)
    fleet = of_fleet(found, known, context.now, most=_SLOTS, of_items=_ITEM_SLOTS)
    itself = alone.as_data()
    context.output.show(
        {
            **_data(found),
            "nextRuns": itself["nextRuns"],
            "itemRuns": itself["itemRuns"],
            "fleet": [one.as_data() for one in fleet],
            "compiled": rules.as_data(),
        },
        lambda: Group(
            _human(context, found, rules),
            *shown_previews(fleet or [alone]),
            *_dim(rules.note()),
        ),
    )
    return Exit.OK if found.checklist.items else Exit.TROUBLE


def _invalid(context: Context, file: str, error: InvalidInput) -> int:
    problem = {"code": error.code, "message": str(error)}
    context.output.show(
        {"path": file, "valid": False, "error": problem},
        lambda: Text.assemble(("invalid: ", "bold red"), plain(f"{file}: {error}")),
    )
    return Exit.TROUBLE


def _data(found: ReadChecklist) -> Mapping[str, object]:
    checklist = found.checklist
    return {
        "path": found.path,
        "valid": True,
        "items": [_item(item) for item in checklist.items],
        "disabled": [_item(item) for item in checklist.disabled],
        "warnings": [
            *({"line": one.line, "message": one.message} for one in checklist.warnings),
            *({"message": message} for message in found.warnings),
        ],
        "timing": found.config.timing.model_dump(
            mode="json", by_alias=True, exclude_none=True, exclude={"heartbeat_id"}
        ),
    }


def _item(item: Item) -> Mapping[str, object]:
    return {
        "itemKey": item.key,
        "description": item.text,
        "line": item.line,
        "group": item.group,
        "severity": item.severity,
        "probes": [probe.source for probe in item.probes],
        "needsModel": item.needs_model,
        "every": None if item.every is None else item.every / timedelta(minutes=1),
        "model": item.model,
    }


def _human(
    context: Context, found: ReadChecklist, rules: CompiledRules
) -> RenderableType:
    checklist = found.checklist
    parts: list[RenderableType] = [
        Text(plain(f"{found.path}: {_count(found)}"), style="bold"),
        Text(f"runs {pace(found.config.timing)}"),
    ]
    if checklist.items:
        items = table("line", "item", "judged by", "key", prose=("item", "judged by"))
        has_model = context.settings.has_model
        judge = "a model" if has_model else "a model (none is configured here)"
        rows(
            items,
            (
                _cells(item, judge, list(rules.of(item, context.now)))
                for item in checklist.items
            ),
        )
        parts += [Text(), items]
    warnings = [f"line {one.line}: {one.message}" for one in checklist.warnings]
    for message in [*warnings, *found.warnings]:
        parts.append(Text(plain(f"warning: {message}"), style="yellow"))
    return Group(*parts)


def _dim(note: str) -> list[Text]:
    return [Text(f"\n{plain(note)}", style="dim")] if note else []


def _count(found: ReadChecklist) -> str:
    checklist = found.checklist
    if checklist.is_empty:
        return "empty: nothing would be evaluated"
    off = f", {len(checklist.disabled)} off" if checklist.disabled else ""
    model = sum(item.needs_model for item in checklist.items)
    if not checklist.items:
        return f"no item is on{off}: nothing would be evaluated"
    return f"{counted(len(checklist.items), 'item')}{off}; {model} by a model"


def _cells(item: Item, judge: str, rule: Sequence[Text]) -> tuple[str | Text, ...]:
    probes = "\n".join(plain(probe.source) for probe in item.probes)
    if item.model is not None:
        judge = plain(judge.replace("a model", item.model, 1))
    if not item.needs_model:
        judged = Text(probes)
    elif probes:
        judged = Text(f"{judge}, from\n{probes}")
    else:
        judged = Text(judge)
    severity = "" if item.severity == "warning" else f" [{item.severity}]"
    lines = Text("\n").join([judged, *rule])
    return str(item.line), f"{item.text}{severity}", lines, item.key
