"""`heartbeat watch`: alerts as they come."""

import argparse
import asyncio

from heartbeat.cli.alert_lines import lines, open_line
from heartbeat.cli.commands import Commands, add_command, check_count
from heartbeat.cli.context import Context
from heartbeat.cli.failures import Exit
from heartbeat.cli.output import Output
from heartbeat.client import Client, Message, connect

#: Messages of one call; whoever wants more wants no end.
_MOST = 1_000_000


def add_commands(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Add `watch`."""
    parser = add_command(commands, common, "watch", watch, "show alerts as they come")
    parser.add_argument(
        "--from",
        dest="start",
        choices=("head", "all"),
        default="head",
        help="all: begin with everything that the feed still has (default: head)",
    )
    parser.add_argument(
        "--client-id",
        metavar="NAME",
        help="keep this name's place in the feed between calls",
    )
    parser.add_argument("-n", type=int, metavar="N", help="end after so many messages")


def watch(context: Context, arguments: argparse.Namespace) -> int:
    """Show what is open, then each message of the feed, until interrupted."""
    if arguments.n is not None:
        check_count(arguments.n, most=_MOST)

    async def forever() -> None:
        async with connect(
            context.url,
            token=context.token,
            client_id=arguments.client_id,
            start=arguments.start,
        ) as client:
            await follow(client, context.output, most=arguments.n)

    asyncio.run(forever())
    return Exit.OK


async def follow(client: Client, output: Output, *, most: int | None = None) -> None:
    """Write messages as they come; what is open already is said first, to people."""
    found = client.ready.incidents
    output.say("open already:" if found else "connected, and nothing is open")
    for incident in found:
        output.say(open_line(incident))
    more = (client.ready.incidents_total or 0) - len(found)
    if more > 0:
        output.say(f"and {more} more, less severe or older: see `heartbeat incidents`")
    count = 0
    async for message in client.alerts():
        write(message, output)
        count += 1
        if count == most:
            return await client.done_with(message)


def write(message: Message, output: Output) -> None:
    """Write one message of the feed."""
    if output.as_json:
        output.data(message)
        return
    for line in lines(message):
        output.say(line)
