"""How commands write: for people, for programs, and safely."""

import io
import json

import pytest
from rich.text import Text

from heartbeat.cli.output import Output, aligned, counted, instant, plain, rows, table


def an_output(*, as_json: bool = False) -> tuple[Output, io.StringIO, io.StringIO]:
    out, errors = io.StringIO(), io.StringIO()
    made = Output(out=out, errors=errors, as_json=as_json, no_color=False)
    return made, out, errors


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("all fine, 90 % – ü", "all fine, 90 % – ü", id="plain"),
        pytest.param("a\x1b[2Jb", "a\ufffd[2Jb", id="escape-sequence"),
        pytest.param("a\nb\tc", "a\ufffdb\ufffdc", id="line-feed"),
        pytest.param("a\x9b31mb", "a\ufffd31mb", id="c1-control"),
        pytest.param("a\u202eb", "a\ufffdb", id="text-direction"),
    ],
)
def test_text_from_elsewhere_cannot_drive_the_terminal(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_markup_in_text_is_only_text() -> None:
    output, out, _ = an_output()
    output.show({}, lambda: rows(table("a"), [["[bold]x[/bold]"]]))
    assert "[bold]x[/bold]" in out.getvalue()


def test_json_is_one_object_a_line_and_nothing_else() -> None:
    output, out, _ = an_output(as_json=True)
    output.say("not for programs")
    output.show({"a": "ü"}, lambda: Text("not for programs"))
    output.data({"b": [1]})
    lines = out.getvalue().splitlines()
    assert [json.loads(line) for line in lines] == [{"a": "ü"}, {"b": [1]}]


def test_people_get_no_json_and_no_colour_outside_a_terminal() -> None:
    output, out, _ = an_output()
    output.show({"a": 1}, lambda: Text("seen", style="bold red"))
    assert out.getvalue() == "seen\n"


def test_a_long_line_stays_one_line() -> None:
    output, out, errors = an_output()
    output.say("word " * 60)
    output.warn("word " * 60)
    assert out.getvalue().count("\n") == 1
    assert errors.getvalue().count("\n") == 1


def test_a_failure_goes_to_standard_error() -> None:
    output, out, errors = an_output()
    output.fail(code="busy", message="a run is open")
    assert out.getvalue() == ""
    assert errors.getvalue() == "error: a run is open\n"


def test_a_failure_is_told_to_programs_too() -> None:
    output, out, _ = an_output(as_json=True)
    output.fail(code="busy", message="a run is open")
    assert json.loads(out.getvalue())["code"] == "busy"


@pytest.mark.parametrize(
    ("text", "shown"),
    [("2026-11-24T16:00:03.120Z", "2026-11-24 16:00:03"), (None, "")],
)
def test_an_instant_is_shown_to_the_second(text: str | None, shown: str) -> None:
    assert instant(text) == shown


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_narrow_terminal_cuts_nothing_but_prose(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    terminal, key = Terminal(), "k" * 64
    output = Output(out=terminal, errors=terminal, as_json=False, no_color=True)
    made = table("key", "what", "since", prose=("what",))
    at = "2026-11-24 16:00:03"
    output.show({}, lambda: rows(made, [[key, "some words of prose", at]]))
    assert key in terminal.getvalue()
    assert at in terminal.getvalue()


def test_no_line_is_broken_where_there_is_no_terminal() -> None:
    output, out, _ = an_output()
    made = table("what", prose=("what",))
    output.show({}, lambda: rows(made, [["word " * 60]]))
    assert out.getvalue().count("\n") == 2


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 items"), (1, "1 item"), (2, "2 items")]
)
def test_one_item_is_no_items(count: int, said: str) -> None:
    assert counted(count, "item") == said


def test_columns_are_in_line_whatever_their_length() -> None:
    assert aligned([("id", "state"), ("h" * 64, "open")]) == [
        f"id{' ' * 64}state",
        f"{'h' * 64}  open",
    ]
