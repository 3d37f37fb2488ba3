"""`heartbeat init`: a starter checklist."""

import argparse
from pathlib import Path

from rich.text import Text

from heartbeat.cli.commands import Commands, add_command
from heartbeat.cli.context import Context
from heartbeat.cli.failures import Exit
from heartbeat.cli.output import plain
from heartbeat.cli.starter import STARTER
from heartbeat.errors import InvalidInput

#: Name of a checklist where only a folder is given.
DEFAULT_NAME = "HEARTBEAT.md"


def add_commands(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Add `init`."""
    parser = add_command(
        commands, common, "init", initialise, "write a commented starter HEARTBEAT.md"
    )
    parser.add_argument(
        "path", nargs="?", default=DEFAULT_NAME, metavar="PATH", help="file or folder"
    )
    parser.add_argument("--force", action="store_true", help="overwrite what is there")


def initialise(context: Context, arguments: argparse.Namespace) -> int:
    """Write the starter; a file that is there is only overwritten with --force."""
    path = Path(context.folder, arguments.path)
    if path.is_dir():
        path /= DEFAULT_NAME
    try:
        with path.open("w" if arguments.force else "x", encoding="utf-8") as file:
            file.write(STARTER)
    except FileExistsError as error:
        raise InvalidInput(
            f"expected no file yet, found {str(path)!r}; --force overwrites it"
        ) from error
    except OSError as error:
        raise InvalidInput(
            f"expected a path that can be written, got {str(path)!r}: {error.strerror}"
        ) from error
    context.output.show(
        {"path": str(path)},
        lambda: Text(plain(f"wrote {path}; `heartbeat run {path}` evaluates it once")),
    )
    return Exit.OK
