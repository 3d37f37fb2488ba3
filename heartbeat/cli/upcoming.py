"""`heartbeat upcoming FILE`: when a checklist would run next, and why not before."""

import argparse

from rich.console import Group

from heartbeat.cli.commands import Commands, add_command, check_count
from heartbeat.cli.configured import ask_for_heartbeats
from heartbeat.cli.context import Context
from heartbeat.cli.failures import Exit
from heartbeat.cli.pace import pace
from heartbeat.cli.previews import by_itself, of_fleet, shown_previews
from heartbeat.cli.reading import read
from heartbeat.errors import InvalidInput
from heartbeat.instants import from_text

#: Most slots that are shown at once.
_MOST = 1000


def add_commands(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Add `upcoming`."""
    parser = add_command(
        commands, common, "upcoming", upcoming, "show the next slots of a checklist"
    )
    parser.add_argument("file", metavar="FILE", help="a HEARTBEAT.md")
    parser.add_argument(
        "--from",
        dest="start",
        metavar="INSTANT",
        help="slots after this instant, such as 2026-11-24T16:00:00Z (default: now)",
    )
    parser.add_argument(
        "-n", type=int, default=10, metavar="N", help="how many (default: 10)"
    )


def upcoming(context: Context, arguments: argparse.Namespace) -> int:
    """Show slots in UTC and in the heartbeat's zone."""
    count = check_count(arguments.n, most=_MOST)
    after = context.now
    if arguments.start is not None:
        try:
            after = from_text(arguments.start)
        except ValueError as error:
            raise InvalidInput(f"--from: {error}") from error
    found = read(context, arguments.file)
    known = ask_for_heartbeats(context, arguments.file)
    alone = by_itself(found, after, most=count, of_items=count)
    fleet = of_fleet(found, known, after, most=count, of_items=count)
    context.output.say(f"{found.path} runs {pace(found.config.timing)}")
    itself = alone.as_data()
    context.output.show(
        {
            "path": found.path,
            "slots": itself["nextRuns"],
            "itemRuns": itself["itemRuns"],
            "fleet": [one.as_data() for one in fleet],
        },
        lambda: Group(*shown_previews(fleet or [alone])),
    )
    return Exit.OK
