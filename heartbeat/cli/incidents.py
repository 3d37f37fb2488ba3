"""`incidents`, `acknowledge`, `snooze`, `unsnooze`: what is open, and silencing it."""

import argparse
from collections.abc import Iterator, Sequence

from rich.text import Text

from heartbeat.cli.asking import ask
from heartbeat.cli.commands import Commands, add_command
from heartbeat.cli.context import Context, Handler
from heartbeat.cli.failures import Exit
from heartbeat.cli.output import aligned, instant, plain
from heartbeat.views import IncidentView

_HEAD = ("id", "kind", "item", "severity", "since (UTC)", "state")


def add_commands(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Add the commands about open trouble."""
    parser = add_command(
        commands,
        common,
        "incidents",
        incidents,
        "list what is open; exit code 1 if any",
    )
    parser.add_argument("id", nargs="?", metavar="ID", help="only of this heartbeat")

    def of_item(name: str, handler: Handler, about: str) -> argparse.ArgumentParser:
        parser = add_command(commands, common, name, handler, about)
        parser.add_argument("id", metavar="ID", help="scheduleId, see `list`")
        parser.add_argument("item", metavar="ITEM", help="itemKey, see `incidents`")
        return parser

    of_item("acknowledge", acknowledge, "silence an incident until it ends or worsens")
    snoozing = of_item("snooze", snooze, "silence an incident for a while")
    snoozing.add_argument("minutes", type=float, metavar="MINUTES")
    of_item("unsnooze", unsnooze, "end a snooze")


def incidents(context: Context, arguments: argparse.Namespace) -> int:
    """List open incidents."""
    reply = ask(context, lambda client: client.incidents(arguments.id))
    if context.output.as_json:
        context.output.data(reply)
    for line in incident_lines(reply.incidents):
        context.output.say(line)
    return Exit.TROUBLE if reply.incidents else Exit.OK


def incident_lines(found: Sequence[IncidentView]) -> Iterator[Text]:
    """Yield what is open, each with its trouble on a line of its own.

    However narrow the terminal is, nothing is cut: ids and keys are copied from here.
    """
    if not found:
        yield Text("nothing is open", style="green")
        return
    head, *cells = aligned([_HEAD, *(_cells(view) for view in found)])
    yield Text(head, style="bold")
    for line, view in zip(cells, found, strict=True):
        yield Text(line)
        said = [part for part in (view.name, view.description, view.details) if part]
        yield Text(plain(f"  {': '.join(said)}"))


def _cells(view: IncidentView) -> tuple[str, ...]:
    key, since = view.item_key or "-", instant(view.since)
    cells = (view.schedule_id, view.kind, key, view.severity, since, _state(view))
    return tuple(plain(cell) for cell in cells)


def acknowledge(context: Context, arguments: argparse.Namespace) -> int:
    """Silence an incident until it resolves or its severity rises."""
    reply = ask(
        context, lambda client: client.acknowledge(arguments.id, arguments.item)
    )
    context.output.show(reply, lambda: Text(plain(f"{reply.item_key} acknowledged")))
    return Exit.OK


def snooze(context: Context, arguments: argparse.Namespace) -> int:
    """Silence an incident for so many minutes."""
    minutes = arguments.minutes
    reply = ask(
        context,
        lambda client: client.snooze(arguments.id, arguments.item, minutes=minutes),
    )
    until = instant(reply.until)
    context.output.show(
        reply, lambda: Text(plain(f"{reply.item_key} is silent until {until} UTC"))
    )
    return Exit.OK


def unsnooze(context: Context, arguments: argparse.Namespace) -> int:
    """End a snooze."""
    reply = ask(context, lambda client: client.unsnooze(arguments.id, arguments.item))
    said = "is no longer snoozed" if reply.changed else "was not snoozed"
    context.output.show(reply, lambda: Text(plain(f"{reply.item_key} {said}")))
    return Exit.OK


def _state(view: IncidentView) -> str:
    if view.snoozed_until is None:
        return view.state
    return f"{view.state} until {instant(view.snoozed_until)}"
