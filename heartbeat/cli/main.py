"""The entry point: reads the environment and the clock, maps errors to exit codes."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TextIO

from dotenv import dotenv_values

from heartbeat.cli.arguments import build_parser
from heartbeat.cli.context import Context, default_url
from heartbeat.cli.failures import Exit, exit_code
from heartbeat.cli.output import Output
from heartbeat.cli.running import find
from heartbeat.errors import (
    GatewayUnavailable,
    HeartbeatError,
    InvalidInput,
    NotFound,
    RequestRefused,
    Unauthorized,
)
from heartbeat.settings import Settings


def main(
    argv: Sequence[str] | None = None, environ: Mapping[str, str] | None = None
) -> int:
    """Run one command and return its exit code."""
    parser = build_parser()
    try:
        arguments = parser.parse_args(argv)
    except SystemExit as asked:  # argparse has said why, or printed the help
        return int(asked.code or 0)
    if arguments.version:
        print(f"heartbeat {version('heartbeat')}")
        return Exit.OK
    if arguments.command is None:
        parser.print_help(sys.stderr)
        return Exit.BAD_INPUT
    given = _with_dotenv(os.environ) if environ is None else environ
    output = _output(arguments, given)
    try:
        return int(arguments.handler(_context(arguments, given, output), arguments))
    except HeartbeatError as error:
        output.fail(code=error.code, message=f"{error}{_hint(error, arguments)}")
        return exit_code(error)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # Python flushes standard output at exit: let that go nowhere instead of fail.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.BROKEN_PIPE


def _hint(error: HeartbeatError, arguments: argparse.Namespace) -> str:
    is_up = arguments.command == "up"
    if isinstance(error, GatewayUnavailable) and not (arguments.url or is_up):
        return " (`heartbeat up` starts one here; --url says where another is)"
    if isinstance(error, Unauthorized) and not (
        arguments.token or arguments.token_file
    ):
        return " (--token-file FILE or --token gives one)"
    if isinstance(error, RequestRefused) and error.code == NotFound.code:
        listing = "incidents" if hasattr(arguments, "item") else "list"
        return f" (`heartbeat {listing}` shows them)"
    return ""


def _with_dotenv(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment over what `.env` in this folder says."""
    values = dotenv_values(".env", interpolate=False)
    return {name: text for name, text in values.items() if text is not None} | dict(
        environ
    )


def _context(
    arguments: argparse.Namespace, environ: Mapping[str, str], output: Output
) -> Context:
    settings, folder = Settings.from_env(environ), Path.cwd()
    here = find(folder)
    return Context(
        settings=settings,
        environ=environ,
        folder=folder,
        now=datetime.now(UTC),
        output=output,
        here=here,
        url=arguments.url or (default_url(settings) if here is None else here.url),
        token=_token(arguments),
    )


def _output(arguments: argparse.Namespace, environ: Mapping[str, str]) -> Output:
    out: TextIO = sys.stdout
    return Output(
        out=out,
        errors=sys.stderr,
        as_json=arguments.json,
        no_color=bool(environ.get("NO_COLOR")),
    )


def _token(arguments: argparse.Namespace) -> str | None:
    if arguments.token_file is None:
        return arguments.token or None
    if arguments.token is not None:
        raise InvalidInput("expected --token or --token-file, got both")
    try:
        text = Path(arguments.token_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"--token-file: expected a readable file, got {arguments.token_file!r}:"
            f" {error}"
        ) from error
    if not text:
        raise InvalidInput(
            f"--token-file: expected a token, got an empty file"
            f" {arguments.token_file!r}"
        )
    return text


if __name__ == "__main__":
    sys.exit(main())
