import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from worker.tools.process import measure_process


@contextmanager
def running(folder: Path, name: str) -> Iterator[None]:
    """Run a process under a name of our own until the end."""
    program = folder / name
    program.symlink_to(Path(sys.executable).resolve())
    command = [
        str(program),
        "-S",
        "-c",
        "print(flush=True); import sys; sys.stdin.read()",
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as it:
        assert it.stdout is not None
        it.stdout.readline()
        yield
        it.kill()


def test_it_finds_this_very_process() -> None:
    fields = measure_process(psutil.Process().name()).fields

    assert int(fields["count"]) >= 1
    assert int(fields["rss_bytes"]) > 1024 * 1024


def test_none_is_an_answer() -> None:
    assert measure_process("no-such-name-anywhere").fields == {
        "count": 0,
        "rss_bytes": 0,
    }


def test_the_name_must_be_exact(tmp_path: Path) -> None:
    with running(tmp_path, "exactly"):
        assert measure_process("exactly").fields["count"] == 1
        assert measure_process("exact").fields["count"] == 0
        assert measure_process("Exactly").fields["count"] == 0


def test_a_long_name_goes_by_its_short_form_too(tmp_path: Path) -> None:
    with running(tmp_path, "a-name-of-20-letters"):
        assert measure_process("a-name-of-20-letters").fields["count"] == 1
        assert measure_process("a-name-of-20-le").fields["count"] == 1


def test_a_zombie_does_not_run() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    try:
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        name = psutil.Process(child).name()
        alive = sum(
            each.info["status"] != psutil.STATUS_ZOMBIE
            for each in psutil.process_iter(["name", "status"])
            if each.info["name"] == name
        )
        assert measure_process(name).fields["count"] == alive
    finally:
        os.waitpid(child, 0)
