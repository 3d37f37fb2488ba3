"""`heartbeat doctor`: what is wrong with this installation, and what to do."""

import argparse
import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

from rich.console import RenderableType
from rich.text import Text

from heartbeat.budgets import Budget, Scope, SpendingLimits
from heartbeat.cli.asking import ask_within
from heartbeat.cli.commands import Commands, add_command
from heartbeat.cli.context import Context
from heartbeat.cli.failures import Exit
from heartbeat.cli.finding import Finding, Level
from heartbeat.cli.findings import Facts, judge
from heartbeat.cli.output import plain, rows, table
from heartbeat.cli.running import STATE_FOLDER
from heartbeat.cli.store import connect_store
from heartbeat.client import Client
from heartbeat.errors import HeartbeatError, InvalidModel, StoreError
from heartbeat.instants import from_ms, to_ms
from heartbeat.models import DEFAULT_MODEL, check_model_id
from heartbeat.settings import Settings
from heartbeat.store.ahead import Ahead
from heartbeat.store.gates import Gates
from heartbeat.store.placements import Placements
from heartbeat.store.processes import Processes, ProcessSeen
from heartbeat.store.server import Server
from heartbeat.store.spending import Spending
from heartbeat.store.statistics import Statistics
from heartbeat.store.watch import Watch

_CONNECT_SECONDS = 3.0
#: A gateway without a store needs longer, and then it is not well.
_GATEWAY_SECONDS = 4.0
_DEFAULT_PORTS = {"redis": 6379, "rediss": 6379, "amqp": 5672, "amqps": 5671}
_STYLES = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "bold red"}


def add_commands(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Add `doctor`."""
    add_command(
        commands, common, "doctor", doctor, "say what is wrong here and what to do"
    )


def doctor(context: Context, _: argparse.Namespace) -> int:
    """Look at store, broker, processes, gateway and model; exit code 1 on any fail."""
    settings = context.settings
    findings = [
        *_store(context),
        *_broker(settings),
        _gateway(context),
        _model(settings, context.now),
    ]
    sound = all(finding.level is not Level.FAIL for finding in findings)
    data = [
        {
            "level": finding.level,
            "subject": finding.subject,
            "message": finding.message,
            "advice": finding.advice,
        }
        for finding in findings
    ]
    context.output.show({"sound": sound, "findings": data}, lambda: _human(findings))
    return Exit.OK if sound else Exit.TROUBLE


def _store(context: Context) -> Iterator[Finding]:
    url = context.store_url
    server = connect_store(url, name="doctor")
    try:
        now_ms, statistics = server.now_ms(), Statistics(server)
        facts = Facts(
            info=server.ask(lambda client: client.info()),
            now_ms=now_ms,
            skew_seconds=(to_ms(context.now) - now_ms) / 1000,
            processes=[_looked_for(one) for one in Processes(server).seen()],
            lag=statistics.lag(),
            placements=Placements(server).count(),
            silent=list(Watch(server).all_silent()),
            gates=Gates(server).closed(),
            fleet_budget=_fleet_budget(context.settings, server, from_ms(now_ms)),
            ahead=Ahead(server).count(),
            refusal=statistics.refusal(),
        )
    except StoreError as error:
        yield Finding(
            level=Level.FAIL,
            subject="Redis",
            message=f"looked at {_without_secrets(url)}: {error}",
            advice=_advice(context),
        )
        return
    finally:
        server.close()
    yield from judge(facts)


def _fleet_budget(settings: Settings, server: Server, now: datetime) -> Budget:
    """Look at today's, by this machine's settings; the workers go by their own."""
    scope = Scope.TOKENS_OF_FLEET
    spent = scope.measure(Spending(server).of_fleet(now))
    return SpendingLimits.from_settings(settings).budget(scope, spent)


def _advice(context: Context) -> str:
    """Say where the store may be: that of an `up` is known in its folder only."""
    if context.here is None and "redis_url" not in context.settings.model_fields_set:
        if (context.folder / STATE_FOLDER).is_dir():
            return "`heartbeat up` is not running here: start it"
        return "call this in the folder of `heartbeat up`, or set HEARTBEAT_REDIS_URL"
    return "start it, or set HEARTBEAT_REDIS_URL"


def _without_secrets(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()


def _looked_for(one: ProcessSeen) -> ProcessSeen:
    """Look for a process of this host itself: its last report outlives it."""
    if one.host != socket.gethostname() or _exists(one.pid):
        return one
    return replace(one, is_alive=False)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # another user's
        return True
    return True


def _broker(settings: Settings) -> Iterator[Finding]:
    """Knock at a broker of its own; the store's server is looked at already."""
    if settings.broker_url is None or settings.broker_url == settings.redis_url:
        return
    parts = urlsplit(settings.broker)
    host = parts.hostname or "127.0.0.1"
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 6379)
    try:
        socket.create_connection((host, port), timeout=_CONNECT_SECONDS).close()
    except OSError as error:
        yield Finding(
            level=Level.FAIL,
            subject="broker",
            message=f"{host} port {port}: {error}",
            advice="start it, or change HEARTBEAT_BROKER_URL",
        )
    else:
        yield Finding(
            level=Level.OK, subject="broker", message=f"{host} port {port} accepts"
        )


def _gateway(context: Context) -> Finding:
    async def look(client: Client) -> str:
        return client.ready.owner

    try:
        owner = ask_within(context, look, seconds=_GATEWAY_SECONDS)
    except HeartbeatError as error:
        return Finding(
            level=Level.FAIL,
            subject="clients",
            message=str(error),
            advice="start a gateway, or say where it is with --url (and --token-file)",
        )
    return Finding(
        level=Level.OK, subject="clients", message=f"{context.url} as owner {owner!r}"
    )


def _model(settings: Settings, now: datetime) -> Finding:
    """Look at the settings only: a call would cost tokens."""
    if not settings.has_model:
        return Finding(
            level=Level.WARN,
            subject="model",
            message="none in the settings that are seen here; those of the workers are"
            " not: without one, items without conditions are unknown",
            advice="see that ANTHROPIC_API_KEY is set where the workers run",
        )
    model = settings.model or DEFAULT_MODEL
    try:
        _, warning = check_model_id(
            model,
            today=now.date(),
            custom_base_url=settings.anthropic_base_url is not None,
        )
    except InvalidModel as error:
        return Finding(
            level=Level.FAIL,
            subject="model",
            message=str(error),
            advice="change HEARTBEAT_MODEL",
        )
    if warning is not None:
        return Finding(level=Level.WARN, subject="model", message=warning)
    return Finding(level=Level.OK, subject="model", message=model)


def _human(findings: list[Finding]) -> RenderableType:
    return rows(
        table("", "what", "found", prose=("found",)),
        (
            (
                Text(finding.level, style=_STYLES[finding.level]),
                finding.subject,
                _said(finding),
            )
            for finding in findings
        ),
    )


def _said(finding: Finding) -> Text:
    text = Text(plain(finding.message))
    return text.append(f"\n→ {plain(finding.advice)}" if finding.advice else "")
