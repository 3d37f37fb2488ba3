"""`python -m worker check FILE --json-lines`: evaluate a checklist once; store nothing.

Prints one JSON object a line: `start`, an `item` for each as it is judged, and `done`
with the whole run; `error` and exit code 2 when the checklist cannot be used. `compile`
does the same for the rules that the model makes of the items without. What either may
cost is bounded by the budgets of a run, said at the end, and counted nowhere.
"""

import argparse
import asyncio
import json
import os
import socket
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dotenv import dotenv_values

from heartbeat.asked import Asked
from heartbeat.budgets import SpendingLimits
from heartbeat.cadence import Cadence
from heartbeat.checklist import Checklist, parse_checklist
from heartbeat.checklist_file import FileTrouble, read_checklist
from heartbeat.config import HeartbeatConfig
from heartbeat.errors import ChecklistUnavailable, HeartbeatError, InvalidSettings
from heartbeat.instants import from_ms, to_ms
from heartbeat.owners import LOCAL_OWNER
from heartbeat.resolve import Identity, resolve
from heartbeat.runs import RunItem, run_id
from heartbeat.settings import Settings
from heartbeat.verdict import ItemResult
from worker.budget import RunBudget
from worker.compile_file import compile_item
from worker.evaluation import Unusable
from worker.model import Failure
from worker.settling import Run, record_of
from worker.tools.toolbox import Toolbox
from worker.wiring import Models, bounds_of, check_settings, make_runner, place_of

#: Name of the heartbeat that a check by hand stands for.
_CHECK = "check"


def main(arguments: list[str], environ: Mapping[str, str | None]) -> int:
    """Run the command; return its exit code."""
    options = _parser().parse_args(arguments)
    try:
        settings = Settings.from_env(environ)
        check_settings(settings)
        file = _resolved(options.file)
        settings = settings.model_copy(update={"root": file.parent})
        code: int = asyncio.run(options.command(settings, file))
    except HeartbeatError as error:
        _say("error", code=error.code, message=str(error))
        return 2
    return code


async def _check(settings: Settings, file: Path) -> int:
    now = from_ms(to_ms(datetime.now(UTC)))
    _, checklist, config = _read(settings, file, now)
    models = Models(settings)
    budget = RunBudget(SpendingLimits.from_settings(settings))
    _say("start", items=len(checklist.items), model=models.describe(config.model))
    try:
        evaluation = await make_runner(settings, models).evaluate(
            config,
            now=now,
            limit=_limit(config.timing.cadence(), now),
            spend=budget.spend,
            on_result=_say_item,
        )
    finally:
        await models.close()
    if isinstance(evaluation, Unusable):
        _say("error", code=evaluation.reason, message=evaluation.message)
        return 2
    run = Run(
        run_id=run_id(config.uid, to_ms(now), manual=True),
        slot=now,
        started=now,
        finished=datetime.now(UTC),
        host=socket.gethostname(),
        config=config,
    )
    # What was paid for, also where the item that it was for ran out of time.
    usage = budget.usage.to_wire()
    _say("done", run={**record_of(run, evaluation).to_wire(), "usage": usage})
    return 0


async def _compile(settings: Settings, file: Path) -> int:
    text, checklist, config = _read(settings, file, datetime.now(UTC))
    items = [item for item in checklist.items if item.needs_model]
    models = Models(settings)
    budget = RunBudget(SpendingLimits.from_settings(settings))
    tools = Toolbox(place_of(settings).policy(config, text, file.parent))
    try:
        found = [(item, models.find(item.model or config.model)) for item in items]
        if any(model is None for _, model in found):
            raise InvalidSettings(
                "expected ANTHROPIC_API_KEY or ANTHROPIC_BASE_URL, got neither"
            )
        _say("start", items=len(items), model=models.describe(config.model) or "none")
        for item, model in found:
            assert model is not None  # looked at above
            made = await compile_item(
                item, model=model, tools=tools, spend=budget.spend
            )
            if isinstance(made, Failure):
                _say("error", code=made.cause, message=made.why)
                return 2
            _say("item", **made.told())
    finally:
        await tools.close()
        await models.close()
    _say("done", usage=budget.usage.to_wire())
    return 0


def _read(
    settings: Settings, file: Path, now: datetime
) -> tuple[bytes, Checklist, HeartbeatConfig]:
    text = read_checklist(file.name, root=file.parent).text_bytes
    checklist = parse_checklist(text)
    resolved = resolve(
        Asked(heartbeat_path=file.name),
        checklist.front_matter,
        identity=Identity(owner=LOCAL_OWNER, schedule_id=_CHECK, path=file.name),
        bounds=bounds_of(settings),
        now=now,
    )
    return text, checklist, resolved.config


def _resolved(file: str) -> Path:
    """Follow links, since the folder of the real file is the root of this check."""
    try:
        return Path(file).resolve()
    except (OSError, RuntimeError) as error:  # links that lead to each other
        raise ChecklistUnavailable(
            f"expected a file, got {file!r}: {error}", reason=FileTrouble.UNREADABLE
        ) from error


def _limit(cadence: Cadence, now: datetime) -> timedelta:
    return cadence.plan(now).run_limit


def _say_item(result: ItemResult) -> None:
    item = RunItem.of(result).model_dump(mode="json", by_alias=True, exclude_none=True)
    _say("item", **item)


def _say(event: str, **facts: object) -> None:
    print(json.dumps({"event": event, **facts}), flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m worker")
    commands = parser.add_subparsers(required=True)
    _add(commands, "check", _check, "evaluate a checklist once, here, now")
    _add(commands, "compile", _compile, "have rules made of its items, and try them")
    return parser


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    command: Callable[[Settings, Path], Awaitable[int]],
    about: str,
) -> None:
    parser = commands.add_parser(name, help=about)
    parser.set_defaults(command=command)
    parser.add_argument("file")
    parser.add_argument(
        "--json-lines", action="store_true", help="one JSON object a line (the default)"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], {**dotenv_values(".env"), **os.environ}))
