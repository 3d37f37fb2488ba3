"""`incidents`, `acknowledge`, `snooze`, `unsnooze`: what is open, and silencing it."""

import argparse

from rich.console import RenderableType
from rich.text import Text

from heartbeat.cli.asking import ask
from heartbeat.cli.commands import Commands, add_command
from heartbeat.cli.context import Context, Handler
from heartbeat.cli.failures import Exit
from heartbeat.cli.output import instant, plain, rows, table
from heartbeat.views import IncidentView


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
    context.output.show(reply, lambda: incident_table(reply.incidents))
    return Exit.TROUBLE if reply.incidents else Exit.OK


def incident_table(found: tuple[IncidentView, ...]) -> RenderableType:
    """Return open incidents as people read them."""
    if not found:
        return Text("nothing is open", style="green")
    made = table("id", "item", "trouble", "state", "since (UTC)", prose=("trouble",))
    return rows(
        made,
        (
            (
                view.schedule_id,
                view.item_key,
                f"{view.name}: {view.description}: {view.details} ({view.severity})",
                _state(view),
                instant(view.since),
            )
            for view in found
        ),
    )


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
    context.output.show(
        reply, lambda: Text(plain(f"{reply.item_key} is no longer snoozed"))
    )
    return Exit.OK


def _state(view: IncidentView) -> str:
    if view.snoozed_until is None:
        return view.state
    return f"{view.state} until {instant(view.snoozed_until)}"
