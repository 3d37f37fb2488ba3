"""A worker process that does one thing for a command, and what it says line by line."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from heartbeat.cli.context import Context
from heartbeat.errors import HeartbeatError

#: Seconds that the worker has to end after it was told to.
_END_SECONDS = 5.0
#: What the last line of a worker that came to an end says.
_ENDS = ('{"event": "done"', '{"event": "error"')


@contextmanager
def worker_lines(context: Context, command: str, file: str) -> Iterator[Iterator[str]]:
    """Run `python -m worker` for the block; the last of its lines is done or error.

    Its standard error goes to a file: an unread pipe would fill up and stop it. Reading
    the lines raises HeartbeatError if it ends otherwise, with the last it said there.
    """
    words = [sys.executable, "-m", "worker", command, file, "--json-lines"]
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as beside,
        subprocess.Popen(
            words,
            cwd=context.folder,
            env=dict(context.environ),
            stdout=subprocess.PIPE,
            stderr=beside,
            text=True,
        ) as worker,
    ):
        assert worker.stdout is not None  # it was asked for
        try:
            yield _read(worker.stdout, worker, beside)
        finally:
            _end(worker)


def _read(
    lines: IO[str], worker: "subprocess.Popen[str]", beside: IO[str]
) -> Iterator[str]:
    line = ""
    for line in lines:
        yield line
    code = worker.wait()
    if not line.startswith(_ENDS):
        beside.seek(0)
        said = beside.read().strip().splitlines()[-1:] or ["it said nothing"]
        raise HeartbeatError(f"the worker ended with exit code {code}: {said[0]}")


def _end(worker: "subprocess.Popen[str]") -> None:
    """Leave no process behind, also when the call was interrupted."""
    if worker.poll() is not None:
        return
    worker.terminate()
    try:
        worker.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        worker.kill()
