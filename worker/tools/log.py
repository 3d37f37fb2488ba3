"""How many of a log's last lines match a pattern.

Only the named file is read: what was rotated away is not there. Lines without a time
of their own belong to the line before them. Where the window cannot be told from the
times, or is longer than what is read, the tool cannot tell: none found would be a lie.
"""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from heartbeat.containment import OpenFile
from heartbeat.patterns import Pattern
from heartbeat.phrases import clip
from heartbeat.tool_arguments import Window, parse_window
from heartbeat.tools import FieldValue
from worker.tools.log_times import Stamp, stamp_of
from worker.tools.measured import CannotTell, Measured
from worker.tools.paths import NotThere, looking_at
from worker.tools.policy import ToolPolicy
from worker.tools.reading import read_end, require_regular
from worker.tools.sizes import in_words

#: How much of the end is read: the next is tried when a window begins before one.
_LENGTHS = (256 * 1024, 2 * 1024**2, 8 * 1024**2)

#: Matching lines that are shown, and the longest piece of one.
_SHOWN_LINES = 5
MAX_LINE = 500

#: The last line of a log is as old as the file's last change, or its zone is not ours.
_ZONE_SLACK = timedelta(minutes=10)


def measure_log(
    path: str, pattern: str, window: str, *, policy: ToolPolicy
) -> Measured:
    """Count the matching lines of the window; reads up to 8 MiB, and blocks.

    A file that is not there has no `matches`: no condition on them is true.
    """
    try:
        with looking_at(path, policy=policy, flags=os.O_RDONLY) as file:
            require_regular(file, asked=path)
            lines = _last_lines(file, parse_window(window), asked=path)
    except NotThere as error:
        return Measured(fields={"exists": False}, text=str(error))
    wanted = Pattern(pattern)
    found = [line for line in lines if wanted.is_in(line)]
    fields: dict[str, FieldValue] = {
        "exists": True,
        "lines": len(lines),
        "matches": len(found),
    }
    shown = [_show(line) for line in found[-_SHOWN_LINES:]]
    text = f"{path!r}: {len(found)} of {len(lines)} lines match"
    if shown:
        fields["last"] = shown[-1]
        text += "; the last:\n" + "\n".join(shown)
    return Measured(fields=fields, text=text)


def _last_lines(file: OpenFile, window: Window, *, asked: str) -> Sequence[bytes]:
    now = datetime.now(UTC)
    changed = datetime.fromtimestamp(file.facts.st_mtime, UTC)
    for length in _LENGTHS:
        is_whole = length >= file.facts.st_size
        lines = read_end(file, length).split(b"\n")
        # The first is a part of a line; the last is one that has only been begun.
        lines = lines[0 if is_whole else 1 : None if lines[-1] else -1]
        if isinstance(window, timedelta):
            since = _Since(now - window, now=now, changed=changed, asked=asked)
            chosen = since.choose(lines, is_whole=is_whole)
        else:
            chosen = lines[-window:] if is_whole or len(lines) >= window else None
        if chosen is not None:
            return chosen
    raise CannotTell(f"the window is longer than the last {in_words(length)}")


#: No clock, and no zone that was taken for the local one, is further ahead.
_CLOCKS_AHEAD = timedelta(days=1)


class _Since:
    """Chooses the lines that were written since an instant."""

    def __init__(
        self, start: datetime, *, now: datetime, changed: datetime, asked: str
    ) -> None:
        self._start = start
        self._now = now
        self._changed = changed
        self._asked = asked

    def choose(
        self, lines: Sequence[bytes], *, is_whole: bool
    ) -> Sequence[bytes] | None:
        """Return the lines; None if some of them may lie before the given ones."""
        stamps = [self._stamp(line) for line in lines]
        known = [stamp for stamp in stamps if stamp is not None]
        if known:
            self._check_zone(known[-1])
        elif lines and is_whole:
            raise CannotTell(f"the lines of {self._asked!r} have no time")
        if not is_whole and (not known or known[0].at >= self._start):
            return None
        # A log grows at its end: what follows a recent line is recent, whatever older
        # time it is about. What comes before the first time may be.
        first = next((n for n, stamp in enumerate(stamps) if stamp is not None), 0)
        recent = (n for n, stamp in enumerate(stamps) if self._is_recent(stamp))
        return [*lines[:first], *lines[next(recent, len(lines)) :]]

    def _stamp(self, line: bytes) -> Stamp | None:
        stamp = stamp_of(line, now=self._now)
        # A line that goes on without a time of its own may name what is to come.
        return None if stamp and stamp.at > self._now + _CLOCKS_AHEAD else stamp

    def _is_recent(self, stamp: Stamp | None) -> bool:
        return stamp is not None and stamp.at >= self._start

    def _check_zone(self, last: Stamp) -> None:
        if not last.has_zone and abs(last.at - self._changed) > _ZONE_SLACK:
            raise CannotTell(
                f"the times in {self._asked!r} name no zone, and its last line is not"
                " as old as its last change"
            )


def _show(line: bytes) -> str:
    return clip(line.decode("utf-8", "replace").rstrip("\r"), MAX_LINE)
