"""How a command of the operator's ended, and what it said.

The checklist only names it. There is no shell, no input, next to no environment, and
no folder of the owner's; what it starts ends with it when it takes too long.
"""

import os
import selectors
import signal
import subprocess
import time
from contextlib import suppress

from heartbeat.phrases import did_you_mean
from worker.tools.measured import CannotTell, Measured, NotAllowed
from worker.tools.policy import ToolPolicy

#: Most that is kept of each output; the rest is read and dropped.
MAX_OUTPUT_BYTES = 64 * 1024

#: How much of each output is shown to people and models.
_SHOWN_CHARACTERS = 4_000

_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"}

#: Time that a killed process gets to be gone: one that waits for a disk may not be.
_REAP_SECONDS = 0.2


def measure_command(name: str, *, policy: ToolPolicy, seconds: float) -> Measured:
    """Run it to its end, which all that holds its output must reach too; blocks.

    Ended by a signal it has that number as its exit code, below 0.
    """
    argv = policy.commands.get(name)
    if argv is None:
        raise NotAllowed(
            f"expected a command that this worker has for {policy.owner!r},"
            f" got {name!r}{did_you_mean(name, policy.commands)}"
        )
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            env=_ENVIRONMENT,
            start_new_session=True,
        )
    except OSError as error:
        raise CannotTell(f"cannot run {name!r}: {error.strerror}") from error
    try:
        said, complained = _finish(process, deadline=time.monotonic() + seconds)
    except TimeoutError as error:
        raise CannotTell(f"{name!r} did not end in time") from error
    finally:
        _end(process)
    return _describe(name, process.returncode, said, complained)


def _finish(process: "subprocess.Popen[bytes]", *, deadline: float) -> tuple[str, str]:
    """Read both outputs to their ends, and wait for the process."""
    assert process.stdout is not None  # both are pipes
    assert process.stderr is not None
    kept = {process.stdout.fileno(): bytearray(), process.stderr.fileno(): bytearray()}
    with selectors.DefaultSelector() as waiting:
        for descriptor in kept:
            waiting.register(descriptor, selectors.EVENT_READ)
        while waiting.get_map():
            ready = waiting.select(max(deadline - time.monotonic(), 0))
            if not ready or time.monotonic() >= deadline:
                raise TimeoutError
            for key, _ in ready:
                data = os.read(key.fd, MAX_OUTPUT_BYTES)
                kept[key.fd] += data[: MAX_OUTPUT_BYTES - len(kept[key.fd])]
                if not data:
                    waiting.unregister(key.fd)
    try:
        process.wait(max(deadline - time.monotonic(), 0))
    except subprocess.TimeoutExpired as error:
        raise TimeoutError from error
    said, complained = (
        data.decode("utf-8", "replace").rstrip("\r\n") for data in kept.values()
    )
    return said, complained


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Kill what was not seen to end, with all that it started in its session."""
    if process.returncode is None:  # not waited for, so its id is still its own
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_REAP_SECONDS)
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def _describe(name: str, code: int, said: str, complained: str) -> Measured:
    text = f"{name!r} ended with {code}"
    if said:
        text += f"; it said:\n{said[:_SHOWN_CHARACTERS]}"
    if complained:
        text += f"\nand on its error output:\n{complained[:_SHOWN_CHARACTERS]}"
    return Measured(fields={"exit_code": code, "stdout": said}, text=text)
