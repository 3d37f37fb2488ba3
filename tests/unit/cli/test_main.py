"""Arguments, exit codes and messages, as a shell sees them."""

from pathlib import Path

import pytest

from heartbeat.cli.main import main
from tests.unit.cli.calling import Call

COMMANDS = (
    *("up", "init", "check", "run", "configure", "list", "get", "watch", "history"),
    *("upcoming", "pause", "resume", "delete", "incidents", "acknowledge", "snooze"),
    *("unsnooze", "usage", "doctor", "alive", "run-now"),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_its_help(call: Call, command: str) -> None:
    called = call(command, "--help")
    assert called.code == 0
    assert f"heartbeat {command}" in called.out


def test_the_help_lists_every_command(call: Call) -> None:
    words = call("--help").out.split()
    assert set(COMMANDS) <= set(words)


def test_the_version_is_said(call: Call) -> None:
    called = call("--version")
    assert (called.code, called.out.split()[0]) == (0, "heartbeat")
    assert called.out.split()[1][0].isdecimal()


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        pytest.param([], "write a commented starter", id="nothing"),
        pytest.param(["nothing"], "invalid choice: 'nothing'", id="unknown-command"),
        pytest.param(["check"], "required: FILE", id="no-file"),
        pytest.param(["list", "--colour"], "unrecognized", id="unknown-option"),
        pytest.param(["list", "--js"], "unrecognized", id="no-abbreviations"),
        pytest.param(["snooze", "hb", "it", "soon"], "invalid float", id="no-number"),
        pytest.param(
            ["configure", "a", "--notify", "x"], "invalid choice", id="choice"
        ),
        pytest.param(["configure", "a", "--interval", "x"], "invalid float", id="word"),
    ],
)
def test_wrong_usage_is_exit_code_2(call: Call, argv: list[str], expected: str) -> None:
    called = call(*argv)
    assert called.code == 2
    assert expected in called.errors


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        pytest.param(["check", "none.md"], "found no file 'none.md'", id="no-file"),
        pytest.param(["check", "."], "expected a regular file", id="a-folder"),
        pytest.param(["upcoming", "none.md"], "found no file", id="upcoming-no-file"),
        pytest.param(
            ["upcoming", "ok.md", "--from", "today"], "--from: expected", id="instant"
        ),
        pytest.param(
            ["upcoming", "ok.md", "--from", "2026-11-24T16:00:00"], "offset", id="naive"
        ),
        pytest.param(["upcoming", "ok.md", "-n", "0"], "-n: expected 1 to", id="none"),
        pytest.param(
            ["watch", "-n", "0"], "-n: expected 1 to 1000000, got 0", id="watch-n"
        ),
        pytest.param(["upcoming", "bad.md"], "line 2", id="bad-checklist"),
        pytest.param(
            ["configure", "a.md", "--active", "8-9"], "--active: expected", id="hours"
        ),
        pytest.param(
            ["configure", "none.md", "--inline"], "expected a readable", id="inline"
        ),
        pytest.param(
            ["configure", "latin.md", "--inline"], "expected a readable", id="latin-1"
        ),
        pytest.param(
            ["configure", "big.md", "--inline"], "at most 65536 bytes", id="large"
        ),
        pytest.param(
            ["list", "--url", "http://x"], "url: expected ws://", id="url-scheme"
        ),
        pytest.param(
            ["list", "--token", "a", "--token-file", "b"], "got both", id="two-tokens"
        ),
        pytest.param(
            ["list", "--token-file", "none"], "--token-file: expected", id="no-token"
        ),
        pytest.param(
            ["list", "--token-file", "empty"], "expected a token", id="empty-token"
        ),
        pytest.param(["init", "no/such/folder"], "can be written", id="init-nowhere"),
        pytest.param(["init", "ok.md"], "expected no file yet", id="init-exists"),
        pytest.param(
            ["watch", "--client-id", "a b", "--url", "ws://127.0.0.1:1/ws"],
            "clientId: expected",
            id="client-id",
        ),
        pytest.param(
            ["history", "hb", "-n", "0"], "-n: expected 1 to 200", id="history-n"
        ),
    ],
)
def test_wrong_input_is_exit_code_2_and_one_clear_line(
    call: Call, tmp_path: Path, argv: list[str], expected: str
) -> None:
    (tmp_path / "ok.md").write_text("- [ ] a\n")
    (tmp_path / "bad.md").write_text("- [ ] a\n  - probe: dsk /\n")
    (tmp_path / "latin.md").write_bytes(b"- [ ] \xe4\n")
    (tmp_path / "big.md").write_text("- [ ] a\n" + "x" * 70_000)
    (tmp_path / "empty").write_text("\n")
    called = call(*argv)
    assert called.code == 2
    assert expected in called.errors
    assert called.errors.count("\n") == 1


@pytest.mark.parametrize(
    "argv",
    [
        pytest.param(["list"], id="list"),
        pytest.param(["get", "hb-1"], id="get"),
        pytest.param(["watch"], id="watch"),
        pytest.param(["configure", "a.md"], id="configure"),
        pytest.param(["incidents"], id="incidents"),
    ],
)
def test_a_gateway_that_is_away_is_exit_code_3(call: Call, argv: list[str]) -> None:
    called = call(*argv, "--url", "ws://127.0.0.1:1/ws")
    assert called.code == 3
    assert "cannot reach the gateway at ws://127.0.0.1:1/ws" in called.errors


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        pytest.param({"HEARTBEAT_PRT": "1"}, "did you mean HEARTBEAT_PORT", id="name"),
        pytest.param({"HEARTBEAT_PORT": "x"}, "HEARTBEAT_PORT: expected", id="value"),
    ],
)
def test_wrong_settings_are_exit_code_2(
    call: Call, environ: dict[str, str], expected: str
) -> None:
    called = call("list", **environ)
    assert called.code == 2
    assert expected in called.errors


def test_settings_may_stand_in_a_dotenv_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".env").write_text("HEARTBEAT_PORT=1\n")
    monkeypatch.chdir(tmp_path)
    assert main(["list"]) == 3
    errors = capsys.readouterr().err
    assert "127.0.0.1:1/ws" in errors
    assert "`heartbeat up` starts one" in errors


def test_an_error_is_json_where_json_was_asked_for(call: Call) -> None:
    called = call("--json", "check", "none.md")
    assert called.code == 2
    assert called.data["code"] == "checklist_unavailable"


@pytest.mark.parametrize("argv", [["--json", "init"], ["init", "--json"]])
def test_common_options_may_stand_before_and_after_the_command(
    call: Call, tmp_path: Path, argv: list[str]
) -> None:
    assert call(*argv).data == {"path": str(tmp_path / "HEARTBEAT.md")}
