"""`heartbeat upcoming FILE`: when a checklist would run next, and why not before."""

import argparse

from rich.console import Group

from heartbeat.cli.check import pace
from heartbeat.cli.commands import Commands, add_command, check_count
from heartbeat.cli.context import Context
from heartbeat.cli.failures import Exit
from heartbeat.cli.item_slots import NOT_JUDGED_YET, item_slots, shown_item_slots
from heartbeat.cli.reading import read
from heartbeat.cli.slots import coming_slots, shown_slots
from heartbeat.errors import InvalidInput
from heartbeat.hours import parse_zone
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
    check_count(arguments.n, most=_MOST)
    after = context.now
    if arguments.start is not None:
        try:
            after = from_text(arguments.start)
        except ValueError as error:
            raise InvalidInput(f"--from: {error}") from error
    found = read(context, arguments.file)
    zone = parse_zone(found.config.timing.timezone)
    slots = list(coming_slots(found.cadence, after, arguments.n))
    context.output.say(f"{found.path} runs {pace(found.config.timing)}")
    of_items = item_slots(found, after, arguments.n)
    context.output.show(
        {
            "path": found.path,
            "slots": [slot.as_data(zone) for slot in slots],
            "itemRuns": [one.as_data() for one in of_items],
        },
        lambda: Group(
            shown_slots(slots, zone), shown_item_slots(of_items, note=NOT_JUDGED_YET)
        ),
    )
    return Exit.OK
