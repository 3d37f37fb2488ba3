import contextlib
import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from worker.tools.command import MAX_OUTPUT_BYTES, measure_command
from worker.tools.measured import CannotTell, Measured
from worker.tools.policy import ToolPolicy


def run(*argv: str, seconds: float = 5.0) -> Measured:
    policy = ToolPolicy(
        owner="local", root=Path("/"), base=Path("/"), commands={"it": argv}
    )
    return measure_command("it", policy=policy, seconds=seconds)


def run_shell(script: str, seconds: float = 5.0) -> Measured:
    return run("/bin/sh", "-c", script, seconds=seconds)


def refusal(*argv: str, seconds: float = 5.0) -> str:
    with pytest.raises(CannotTell) as caught:
        run(*argv, seconds=seconds)
    return str(caught.value)


def running_in(group: int) -> list[int]:
    """Return the processes of a group that have not ended, reaped or not."""
    found = []
    for process in psutil.process_iter(["status"]):
        with contextlib.suppress(ProcessLookupError):
            if os.getpgid(process.pid) == group:
                found.append(process)
    return [p.pid for p in found if p.info["status"] != psutil.STATUS_ZOMBIE]


def test_it_tells_how_it_ended_and_what_it_said() -> None:
    seen = run_shell("echo OK; echo trouble >&2; exit 3")

    assert seen.fields == {"exit_code": 3, "stdout": "OK"}
    assert "trouble" in seen.text


def test_no_shell_reads_its_arguments() -> None:
    assert run("/bin/echo", "$HOME; `id` > x").fields["stdout"] == "$HOME; `id` > x"


def test_its_environment_is_next_to_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "hunter2")

    said = str(run("/usr/bin/env").fields["stdout"])

    assert {line.partition("=")[0] for line in said.splitlines()} == {"PATH", "LANG"}


def test_it_has_no_input_and_is_nowhere_of_ours() -> None:
    assert run_shell("cat; pwd").fields["stdout"] == "/"


def test_one_that_is_killed_ended_by_that_signal() -> None:
    assert run_shell("kill -TERM $$").fields["exit_code"] == -signal.SIGTERM


def test_a_long_output_is_read_to_its_end_and_kept_in_part() -> None:
    seen = run_shell("head -c 3000000 /dev/zero | tr '\\0' x; exit 2")

    assert seen.fields["exit_code"] == 2
    assert len(str(seen.fields["stdout"])) == MAX_OUTPUT_BYTES


def test_an_output_that_is_not_text_is_made_one() -> None:
    assert run_shell("printf 'a\\377b'").fields["stdout"] == "a\ufffdb"


@pytest.mark.parametrize(
    "script",
    ["sleep 60", "yes", "sleep 60 & echo started", "exec >&- 2>&-; sleep 60"],
    ids=["silent", "endless", "left behind", "closed output"],
)
def test_one_that_does_not_end_is_ended_with_all_it_started(
    tmp_path: Path, script: str
) -> None:
    file = tmp_path / "session"
    started = time.monotonic()

    why = refusal("/bin/sh", "-c", f"echo $$ > {file}; {script}", seconds=0.3)

    assert why == "'it' did not end in time"
    group = int(file.read_text())
    while running_in(group):
        assert time.monotonic() - started < 5


@pytest.mark.parametrize("program", ["/nowhere/at-all", "/etc/hostname", "/"])
def test_what_cannot_be_run_cannot_be_told(program: str) -> None:
    assert refusal(program).startswith("cannot run 'it': ")


def test_only_names_that_the_operator_gave_are_run() -> None:
    policy = ToolPolicy(
        owner="alice",
        root=Path("/"),
        base=Path("/"),
        commands={"backup-age": ("/bin/echo",)},
    )
    for name, why in (
        ("/bin/echo", "for 'alice', got '/bin/echo'"),
        ("backup_age", "did you mean 'backup-age'?"),
    ):
        with pytest.raises(CannotTell) as caught:
            measure_command(name, policy=policy, seconds=1)
        assert why in str(caught.value)
