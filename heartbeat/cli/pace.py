"""How often a heartbeat runs, in words."""

from collections.abc import Iterable

from heartbeat.asked import Window
from heartbeat.config import Timing


def pace(timing: Timing) -> str:
    """Return in words how often and when a heartbeat runs."""
    if timing.cron is not None:
        often = f"cron {timing.cron}"
    else:
        often = f"every {(timing.interval_ms or 0) / 60_000:g} min"
    return f"{often}{hours_text(timing.hours)} ({timing.timezone})"


def hours_text(windows: Iterable[Window]) -> str:
    """Return active hours in words, each after a comma; nothing if there are none."""
    return "".join(f", {_window(window)}" for window in windows)


def _window(window: Window) -> str:
    days = window.days_of_week
    on_days = "" if days is None else f" on days {','.join(map(str, days))}"
    often = "" if window.interval is None else f" every {window.interval:g} min"
    return f"{window.start}-{window.end}{on_days}{often}"
