"""`heartbeat usage`: what the model has cost, and what is left of the budgets."""

import argparse
from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.text import Text

from heartbeat.cli.asking import ask
from heartbeat.cli.commands import Commands, add_command
from heartbeat.cli.context import Context
from heartbeat.cli.costs import cost
from heartbeat.cli.failures import Exit
from heartbeat.cli.output import rows, table
from heartbeat.client import Client
from heartbeat.errors import InvalidInput
from heartbeat.replies import UsageReport
from heartbeat.requests import DEFAULT_USAGE_DAYS, MAX_USAGE_DAYS
from heartbeat.views import BudgetView, UsageOfDay

_STYLES = {"cheaper": "yellow", "critical": "bold yellow", "stopped": "bold red"}


def add_commands(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Add `usage`."""
    parser = add_command(
        commands, common, "usage", usage, "show what the model has cost"
    )
    parser.add_argument(
        "id", metavar="ID", nargs="?", help="scheduleId, see `list` (default: all)"
    )
    parser.add_argument(
        "--days",
        type=int,
        default=DEFAULT_USAGE_DAYS,
        metavar="N",
        help=f"UTC days back, up to {MAX_USAGE_DAYS} (default: {DEFAULT_USAGE_DAYS})",
    )


def usage(context: Context, arguments: argparse.Namespace) -> int:
    """Show usage by day and heartbeat, the days' sums, and today's budgets."""
    days: int = arguments.days
    if not 1 <= days <= MAX_USAGE_DAYS:
        raise InvalidInput(f"--days: expected 1 to {MAX_USAGE_DAYS}, got {days}")

    async def call(client: Client) -> UsageReport:
        report = await client.usage(arguments.id, days=days)
        if arguments.id and not report.days:
            await client.get(arguments.id)  # refuses what there is none of
        return report

    report = ask(context, call)
    for warning in report.warnings:
        context.output.warn(warning)
    context.output.show(report, lambda: shown(report, is_of_one=bool(arguments.id)))
    return Exit.OK


def shown(report: UsageReport, *, is_of_one: bool) -> RenderableType:
    """Return the report as people read it."""
    parts: list[RenderableType] = []
    if report.days:
        parts.append(_usage(report.days))
    else:
        parts.append(Text("no model was called in these days"))
    if report.totals and not is_of_one:
        parts += [Text("\nall heartbeats", style="bold"), _usage(report.totals)]
    parts += [
        Text("\nbudgets of today (UTC)", style="bold"),
        _budgets(report.budgets),
        Text(f"\nlist prices of {report.prices_of}"),
    ]
    return Group(*parts)


def _usage(days: Iterable[UsageOfDay]) -> RenderableType:
    made = table("day", "id", "calls", "input", "output", "cached", "to cache", "cost")
    return rows(
        made,
        (
            (
                one.day,
                one.schedule_id,
                f"{one.calls:,}",
                f"{one.input_tokens:,}",
                f"{one.output_tokens:,}",
                f"{one.cache_read_tokens:,}",
                f"{one.cache_write_tokens:,}",
                cost(one),
            )
            for one in days
        ),
    )


def _budgets(budgets: Iterable[BudgetView]) -> RenderableType:
    made = table("setting", "state", "limit", "spent", "left")
    return rows(
        made,
        (
            (
                one.setting,
                Text(one.state or "each", style=_STYLES.get(one.state or "", "")),
                _amount(one, one.limit),
                _amount(one, one.spent),
                _amount(one, one.left),
            )
            for one in budgets
        ),
    )


def _amount(budget: BudgetView, amount: float | None) -> str:
    if amount is None:
        return ""
    is_money = "DOLLARS" in budget.setting
    return f"${amount:,.2f}" if is_money else f"{amount:,.0f} tokens"
