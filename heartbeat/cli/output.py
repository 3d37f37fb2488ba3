"""How commands speak: tables and lines for people, one JSON object a line for programs.

Text that came from elsewhere is shown without its control characters, so that an
alert cannot drive the terminal.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TextIO

from rich.console import Console, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from heartbeat.wire import Wire

#: C0 and C1 controls, and what turns the direction of text.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

#: Columns where there is no terminal: no line of ours is as long.
_UNLIMITED = 10_000

Data = Wire | Mapping[str, object]


class Output:
    """Standard output and standard error of one call."""

    def __init__(
        self, *, out: TextIO, errors: TextIO, as_json: bool, no_color: bool
    ) -> None:
        self.as_json = as_json
        self._out = out
        self._console = _console(out, no_color=no_color)
        self._errors = _console(errors, no_color=no_color)

    def show(self, data: Data, human: Callable[[], RenderableType]) -> None:
        """Write one result, in the form that was asked for."""
        if self.as_json:
            self.data(data)
        else:
            self._print(human())

    def _print(self, made: RenderableType) -> None:
        """Write it, wider than the terminal rather than with anything cut."""
        options = self._console.options.update(max_width=_UNLIMITED)
        needed = Measurement.get(self._console, options, made).minimum
        if needed > self._console.width:
            self._console.width = needed
        self._console.print(made, crop=False)

    def data(self, data: Data) -> None:
        """Write one JSON object on its own line, at once."""
        value = (
            data.model_dump(mode="json", by_alias=True, exclude_none=True)
            if isinstance(data, Wire)
            else data
        )
        self._out.write(json.dumps(value, ensure_ascii=False) + "\n")
        self._out.flush()

    def say(self, line: str | Text) -> None:
        """Write a line for people; nothing where JSON was asked for."""
        if not self.as_json:
            text = Text(plain(line)) if isinstance(line, str) else line
            self._console.print(text, soft_wrap=True)

    def warn(self, message: str) -> None:
        """Write a line to standard error."""
        self._errors.print(Text(plain(message), style="yellow"), soft_wrap=True)

    def fail(self, *, code: str, message: str) -> None:
        """Say why the command failed."""
        if self.as_json:
            self.data({"type": "error", "code": code, "message": message})
        text = Text.assemble(("error: ", "bold red"), plain(message))
        self._errors.print(text, soft_wrap=True)


def plain(text: str) -> str:
    """Return the text with every control character made visible."""
    return _CONTROLS.sub("\ufffd", text)


def table(*columns: str, prose: Collection[str] = ()) -> Table:
    """Return an empty table; only columns of prose are broken into lines."""
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        made.add_column(column, overflow="fold", no_wrap=column not in prose)
    return made


def rows(made: Table, cells: Iterable[Iterable[str | Text | None]]) -> Table:
    """Add rows of plain text or styled cells to a table."""
    for row in cells:
        shown = [_cell(cell) for cell in row]
        made.add_row(*shown)
        for column, cell in zip(made.columns, shown, strict=True):
            if column.no_wrap:
                column.min_width = max(column.min_width or 0, cell.cell_len)
    return made


def aligned(cells: Sequence[Sequence[str]]) -> list[str]:
    """Return rows as lines with their columns in line, however long they get."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(map(str.ljust, row, widths)).rstrip()  # ids and keys are ASCII
        for row in cells
    ]


def counted(count: int, noun: str) -> str:
    """Return so many of something: `1 item`, `2 items`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def instant(text: str | None) -> str:
    """Return an instant of the wire as people read it, in UTC, to the second."""
    return "" if text is None else f"{text[:10]} {text[11:19]}"


def _cell(cell: str | Text | None) -> Text:
    return cell if isinstance(cell, Text) else Text(plain(cell or ""))


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave the exit code to `main`; called while the error is handled."""
        raise


def _console(file: TextIO, *, no_color: bool) -> Console:
    width = None if file.isatty() else _UNLIMITED
    return _Console(
        file=file, width=width, no_color=no_color, highlight=False, markup=False
    )
