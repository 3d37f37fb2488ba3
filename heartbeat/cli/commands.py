"""How a topic adds a command to the grammar."""

import argparse
from typing import TypeAlias

from heartbeat.cli.context import Handler
from heartbeat.errors import InvalidInput

#: What `add_subparsers` returns; its class has no public name.
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_command(
    commands: Commands,
    common: argparse.ArgumentParser,
    name: str,
    handler: Handler,
    about: str,
) -> argparse.ArgumentParser:
    """Add a command that takes the common options and is run by the handler."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name, parents=[common], help=about, description=about, allow_abbrev=False
    )
    parser.set_defaults(handler=handler)
    return parser


def check_count(count: int, *, most: int) -> int:
    """Return what `-n` was given, or raise InvalidInput."""
    if not 1 <= count <= most:
        raise InvalidInput(f"-n: expected 1 to {most}, got {count}")
    return count
