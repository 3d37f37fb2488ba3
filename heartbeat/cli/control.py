"""`list`, `get`, `history`, `pause`, `resume`, `run-now`, `delete`: what there is."""

import argparse

from rich.console import RenderableType
from rich.text import Text

from heartbeat.cli.asking import ask
from heartbeat.cli.commands import Commands, add_command, check_count
from heartbeat.cli.context import Context, Handler
from heartbeat.cli.failures import Exit
from heartbeat.cli.output import counted, instant, plain, rows, table
from heartbeat.cli.styles import status_text
from heartbeat.cli.whole import pause_text, whole
from heartbeat.errors import Busy, RequestRefused
from heartbeat.replies import ResumeResult
from heartbeat.requests import DEFAULT_HISTORY, MAX_HISTORY
from heartbeat.views import ListedHeartbeat, RunView


def add_commands(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Add the commands that look at and act on configured heartbeats."""
    add_command(commands, common, "list", show_list, "list the heartbeats")

    def of_one(name: str, handler: Handler, about: str) -> argparse.ArgumentParser:
        parser = add_command(commands, common, name, handler, about)
        parser.add_argument("id", metavar="ID", help="scheduleId, see `list`")
        return parser

    of_one("get", get, "show one heartbeat whole")
    history_parser = of_one("history", history, "show the newest runs, newest first")
    history_parser.add_argument(
        "-n",
        type=int,
        default=DEFAULT_HISTORY,
        metavar="N",
        help=f"how many, up to {MAX_HISTORY} (default: {DEFAULT_HISTORY})",
    )
    pause_parser = of_one("pause", pause, "stop a heartbeat until `resume`")
    pause_parser.add_argument("--note", metavar="TEXT", help="why, for the others")
    of_one("resume", resume, "let a paused heartbeat go on")
    of_one("run-now", run_now, "run a heartbeat once now, off its schedule")
    of_one("delete", delete, "forget a heartbeat")


def show_list(context: Context, _: argparse.Namespace) -> int:
    """List heartbeats with state, next and last run."""
    reply = ask(context, lambda client: client.list())
    for warning in reply.warnings:
        context.output.warn(warning)

    def human() -> RenderableType:
        if not reply.heartbeats:
            return Text("no heartbeats yet; `heartbeat configure PATH` makes one")
        columns = ("id", "name", "state", "next run (UTC)", "last run", "open")
        made = table(*columns, prose=("name", "state"))
        return rows(made, (_row(view) for view in reply.heartbeats))

    context.output.show(reply, human)
    return Exit.OK


def get(context: Context, arguments: argparse.Namespace) -> int:
    """Show one heartbeat: config with sources, trouble, items and next slots."""
    reply = ask(context, lambda client: client.get(arguments.id))
    for warning in reply.warnings:
        context.output.warn(f"warning: {warning}")
    context.output.show(reply, lambda: whole(reply, context.now))
    return Exit.OK


def history(context: Context, arguments: argparse.Namespace) -> int:
    """Show runs, newest first."""
    limit = check_count(arguments.n, most=MAX_HISTORY)
    reply = ask(context, lambda client: client.history(arguments.id, limit=limit))

    def human() -> RenderableType:
        if not reply.runs:
            return Text("no runs yet")
        made = table("slot (UTC)", "status", "late", "host", "what", prose=("what",))
        return rows(made, (_run(run) for run in reply.runs))

    context.output.show(reply, human)
    return Exit.OK


def pause(context: Context, arguments: argparse.Namespace) -> int:
    """Stop a heartbeat's slots."""
    note = arguments.note
    reply = ask(context, lambda client: client.pause(arguments.id, note=note))
    kept = "; the note is not kept" if note is not None else ""
    said = "paused" if reply.changed else f"was paused already{kept}"
    context.output.show(reply, lambda: Text(plain(f"{reply.schedule_id} {said}")))
    return Exit.OK


def resume(context: Context, arguments: argparse.Namespace) -> int:
    """Let a heartbeat go on."""
    reply = ask(context, lambda client: client.resume(arguments.id))
    context.output.show(reply, lambda: Text(plain(_resumed(reply))))
    return Exit.OK


def _resumed(reply: ResumeResult) -> str:
    if reply.state == "disabled":
        said = "is no longer paused" if reply.changed else "was not paused"
        return (
            f"{reply.schedule_id} {said}; it is disabled: `heartbeat configure`"
            " without --disabled lets it run"
        )
    said = "goes on" if reply.changed else "was not paused"
    when = f", next run {instant(reply.next_runs[0])} UTC" if reply.next_runs else ""
    return f"{reply.schedule_id} {said}{when}"


def run_now(context: Context, arguments: argparse.Namespace) -> int:
    """Ask for a run and wait for nothing; busy, paused or disabled is refused."""
    try:
        reply = ask(context, lambda client: client.run(arguments.id))
    except RequestRefused as error:
        if error.code != Busy.code:
            raise
        raise Busy(f"{arguments.id} is busy: a run of it is open already") from error

    def human() -> RenderableType:
        what = f"`heartbeat history {reply.schedule_id}` shows what comes of it"
        return Text(plain(f"{reply.run_id} is asked for; {what}"))

    context.output.show(reply, human)
    return Exit.OK


def delete(context: Context, arguments: argparse.Namespace) -> int:
    """Forget a heartbeat."""
    reply = ask(context, lambda client: client.delete(arguments.id))
    context.output.show(reply, lambda: Text(plain(f"{reply.schedule_id} deleted")))
    return Exit.OK


def _state(view: ListedHeartbeat) -> str:
    """Return all that is true of it: a run goes on when its heartbeat is paused."""
    paused = view.paused and f"paused {pause_text(view.paused)}"
    known = ("running" if view.running else "", paused)
    return ", ".join(part for part in known if part) or view.state


def _row(view: ListedHeartbeat) -> tuple[str | Text | None, ...]:
    last = view.last_run
    return (
        view.schedule_id,
        view.name,
        _state(view),
        instant(view.next_run),
        Text() if last is None else status_text(last.status),
        str(view.open_incidents or ""),
    )


def _run(run: RunView) -> tuple[str | Text | None, ...]:
    late = "" if run.late_by is None else f"{run.late_by:.1f} s"
    return instant(run.slot), status_text(run.status), late, run.host, what(run)


def what(run: RunView) -> str:
    """Say what a run found, or why there was none."""
    said = [": ".join(part for part in (run.reason, run.problem) if part)]
    if run.count is not None and run.count > 1:
        said.append(f"{run.count} times until {instant(run.to)}")
    bad = [item for item in run.items if item.status != "ok"]
    said += [f"{item.description}: {item.details}" for item in bad]
    if run.items and not bad:
        said.append(f"{counted(len(run.items), 'item')} fine")
    return "; ".join(part for part in said if part)
