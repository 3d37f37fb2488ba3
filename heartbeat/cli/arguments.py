"""The command line's grammar: what is common to all commands, and their list."""

import argparse

from heartbeat.cli import (
    alive,
    check,
    compiling,
    configure,
    control,
    doctor,
    incidents,
    initial,
    run,
    upcoming,
    usage,
    watch,
)
from heartbeat.cli.up import command as up

_TOPICS = (
    up,
    initial,
    check,
    compiling,
    run,
    configure,
    control,
    watch,
    upcoming,
    incidents,
    usage,
    alive,
    doctor,
)

_EPILOG = """\
exit codes: 0 fine, 1 trouble found, 2 wrong usage or input, 3 gateway or store away
settings come from HEARTBEAT_… variables and from .env; see the README
"""


def build_parser() -> argparse.ArgumentParser:
    """Build the whole grammar; each topic adds its own commands."""
    parser = argparse.ArgumentParser(
        prog="heartbeat",
        description="Checklists judged on schedule; alerts that are not lost.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--version", action="store_true", help="say which version this is"
    )
    _add_common(parser, is_top=True)
    common = argparse.ArgumentParser(add_help=False)
    _add_common(common, is_top=False)
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", title="commands"
    )
    for topic in _TOPICS:
        topic.add_commands(commands, common)
    return parser


def _add_common(parser: argparse.ArgumentParser, *, is_top: bool) -> None:
    """Add what may stand before and after the command's name.

    After it there is no default, which would undo what was said before it.
    """
    absent = None if is_top else argparse.SUPPRESS
    group = parser.add_argument_group("common options")
    group.add_argument("--url", default=absent, help="gateway, ws://host:port/ws")
    group.add_argument("--token", default=absent, help="token of the gateway")
    group.add_argument(
        "--token-file", default=absent, metavar="FILE", help="file that holds the token"
    )
    group.add_argument(
        "--json",
        action="store_true",
        default=False if is_top else argparse.SUPPRESS,
        help="write JSON instead of text",
    )
