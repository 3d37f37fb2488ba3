"""`heartbeat up`: starts everything, shows alerts, and ends everything."""

import argparse
import asyncio
import signal
from dataclasses import replace
from pathlib import Path

from heartbeat.cli.commands import Commands, add_command
from heartbeat.cli.context import Context, default_url
from heartbeat.cli.failures import Exit
from heartbeat.cli.running import only_one
from heartbeat.cli.up.example import show_alerts
from heartbeat.cli.up.fleet import Fleet
from heartbeat.cli.up.plan import Ports
from heartbeat.cli.up.ports import find_ports
from heartbeat.cli.up.readiness import store_answers
from heartbeat.errors import StoreUnavailable


def add_commands(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Add `up`."""
    parser = add_command(
        commands, common, "up", up, "run everything here until Ctrl-C, showing alerts"
    )
    parser.add_argument(
        "--no-example", action="store_true", help="configure no checklist at the start"
    )


def up(context: Context, arguments: argparse.Namespace) -> int:
    """Run all services until a signal; afterwards none of them is left."""
    settings = context.settings
    with_store = "redis_url" not in settings.model_fields_set
    with only_one(context.folder) as state:
        ports = find_ports(settings, with_store=with_store)
        url = settings.redis_url.get_secret_value()
        if not with_store and not store_answers(url):
            raise StoreUnavailable("cannot reach the Redis of HEARTBEAT_REDIS_URL")
        found = settings.model_copy(update={"port": ports.gateway})
        there = replace(context, settings=found, url=default_url(found))
        asyncio.run(_run(there, ports, state, with_example=not arguments.no_example))
    return Exit.OK


async def _run(
    context: Context, ports: Ports, state: Path, *, with_example: bool
) -> None:
    """Live until SIGINT, SIGTERM or SIGHUP: the first ends all in order, the next now.

    What comes between the two is the time that running work is given to finish.
    """
    stopped, hurry = asyncio.Event(), asyncio.Event()

    def end() -> None:
        (hurry if stopped.is_set() else stopped).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, end)
    fleet = Fleet(context, ports, state)
    living = asyncio.create_task(_live(fleet, context, with_example=with_example))
    stopping = asyncio.create_task(stopped.wait())
    try:
        await asyncio.wait([living, stopping], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (living, stopping):
            task.cancel()
        await asyncio.wait([living, stopping])
        await fleet.stop(hurry)
    if not living.cancelled():
        living.result()


async def _live(fleet: Fleet, context: Context, *, with_example: bool) -> None:
    await fleet.start()
    fleet.announce()
    fleet.introduce()
    await show_alerts(context, with_example=with_example)
