"""How what the feed tells is written at the terminal. Pure."""

from rich.text import Text

from heartbeat.cli.output import instant, plain
from heartbeat.client import Message
from heartbeat.told import Alert, CheckView, LostMessage, Resolved, Status
from heartbeat.views import IncidentView

_KINDS = {
    "action": ("ALERT", "bold red"),
    "degraded": ("UNKNOWN", "bold yellow"),
    "overdue": ("OVERDUE", "bold magenta"),
    "config": ("CONFIG", "bold magenta"),
}


def lines(message: Message) -> list[Text]:
    """Return the lines that tell one message."""
    if isinstance(message, LostMessage):
        return [_lost(message)]
    if isinstance(message, Status):
        return [_status(message)]
    head = Text.assemble((f"{message.timestamp[11:19]} ", "dim"))
    name = plain(message.name or message.schedule_id or "several heartbeats")
    if isinstance(message, Resolved):
        head.append("RESOLVED ", "bold green").append(name)
        return [
            head,
            *(_resolved(item.description, item.reason) for item in message.items),
        ]
    word, style = _KINDS[message.kind]
    head.append(f"{word} ", style).append(name).append(_where(message), "dim")
    if message.schedule_id not in (None, name):
        head.append(plain(f" ({message.schedule_id})"), "dim")
    return [head, *(_check(check, message.kind) for check in message.checks)]


def open_line(incident: IncidentView) -> Text:
    """Return the line that tells of trouble that was open before."""
    line = _marked(incident.kind, "red")
    line.append(plain(f"{incident.name}: {incident.description}"))
    if incident.details:
        line.append(f": {plain(incident.details)}")
    since = instant(incident.since)
    kind = "" if incident.kind == "action" else f"{incident.kind}, "
    key = f" {incident.item_key}" if incident.item_key else ""
    known = f" ({kind}{incident.severity}, since {since} UTC, {incident.state};"
    return line.append(plain(f"{known} {incident.schedule_id}{key})"), "dim")


def _marked(kind: str, style: str) -> Text:
    """Begin a line of trouble: what could not be judged has not failed."""
    mark = ("? ", "yellow") if kind == "degraded" else ("✗ ", style)
    return Text.assemble("         ", mark)


def _where(alert: Alert) -> str:
    host = f" on {plain(alert.host)}" if alert.host else ""
    late = f", {alert.late_by:.1f} s late" if (alert.late_by or 0) >= 1 else ""
    return f"{host}{late}"


def _check(check: CheckView, kind: str) -> Text:
    critical = check.severity == "critical"
    line = _marked(kind, "bold red" if critical else "red")
    line.append(plain(check.description), "bold" if critical else "")
    if check.details:
        line.append(f": {plain(check.details)}")
    by = f"by {check.by}" if check.by else ""
    key = check.item_key if kind == "action" else None
    known = [key or "", check.severity, check.state, by]
    line.append(f" ({', '.join(plain(word) for word in known if word)})", "dim")
    return line


def _resolved(description: str, reason: str) -> Text:
    return Text.assemble(
        "         ", ("✓ ", "green"), plain(description), (f" ({plain(reason)})", "dim")
    )


def _status(status: Status) -> Text:
    if status.state == "served":
        return Text("SERVED again; what was missed follows", "bold green")
    reason = plain(status.reason or "for an unknown reason")
    since = instant(status.since)
    return Text(f"HELD UP since {since} UTC: no alert can come; {reason}", "bold red")


def _lost(lost: LostMessage) -> Text:
    count = "an unknown number of" if lost.count is None else str(lost.count)
    why = "they were too old" if lost.reason == "retention" else "the store lost them"
    return Text(f"LOST {count} messages that this client had not read: {why}", "bold")
