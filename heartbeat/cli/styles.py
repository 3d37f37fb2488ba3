"""Colours and marks of verdicts, run statuses and severities."""

from rich.text import Text

_STATUS = {
    "ok": ("✓ ok", "green"),
    "action_needed": ("✗ action needed", "bold red"),
    "alert": ("✗ alert", "bold red"),
    "unknown": ("? unknown", "yellow"),
    "skipped": ("- skipped", "dim"),
    "missed": ("! missed", "magenta"),
    "lost": ("! lost", "magenta"),
}


def status_text(status: str) -> Text:
    """Return a verdict or a run's status as it is shown."""
    mark, style = _STATUS.get(status, (status, ""))
    return Text(mark, style=style)
