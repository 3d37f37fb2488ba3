"""`heartbeat alive`: does this host's gateway, beat or worker report to the store?

For health checks of containers, which see an exit code and one line.
"""

import argparse
import socket

from heartbeat.cli.commands import Commands, add_command
from heartbeat.cli.context import Context
from heartbeat.cli.failures import Exit
from heartbeat.cli.store import connect_store
from heartbeat.errors import StoreError
from heartbeat.store.processes import GONE_MS, Processes, ProcessSeen
from heartbeat.store.statistics import Statistics

_KINDS = ("gateway", "beat", "worker")


def add_commands(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Add `alive`."""
    parser = add_command(
        commands,
        common,
        "alive",
        alive,
        "say whether a process of this host is alive; exit code 3: cannot be known",
    )
    parser.add_argument("kind", choices=_KINDS, help="which kind of process")


def alive(context: Context, arguments: argparse.Namespace) -> int:
    """Look in the store's roll; a store that is away cannot vouch for anything."""
    host = socket.gethostname()
    is_alive: bool | None
    server = connect_store(context.store_url, name="heartbeat-alive")
    try:
        seen = Processes(server).seen()
        now_ms = server.now_ms()
        here = [one for one in seen if (one.kind, one.host) == (arguments.kind, host)]
        is_alive = any(one.is_alive for one in here)
        refusal = None if is_alive else Statistics(server).refusal()
    except StoreError as error:
        is_alive, line = None, f"cannot be known: {error}"
    else:
        line = _told(arguments.kind, host, here, now_ms)
        if refusal is not None:
            is_alive, line = None, f"cannot be known, reports are refused: {refusal}"
    finally:
        server.close()
    context.output.say(line)  # one line, also where a terminal would wrap it
    if context.output.as_json:
        fact = {"kind": arguments.kind, "host": host, "alive": bool(is_alive)}
        context.output.data({**fact, "message": line})
    if is_alive is None:
        return Exit.UNREACHABLE
    return Exit.OK if is_alive else Exit.TROUBLE


def _told(kind: str, host: str, here: list[ProcessSeen], now_ms: int) -> str:
    if not here:
        return f"expected a {kind} on {host!r}, none has reported within the hour"
    newest = max(here, key=lambda one: one.last_seen_ms)
    ago = max(0, now_ms - newest.last_seen_ms) / 1000
    told = f"{kind} {newest.pid} on {host!r} reported {ago:.0f} s ago"
    if newest.is_alive:
        return told
    return f"{told}, expected a report within {GONE_MS / 1000:g} s"
