"""`python -m gateway` as an operator runs it."""

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest
import uvloop
from pydantic import SecretStr
from websockets.asyncio.client import connect

from gateway.__main__ import serve
from heartbeat.settings import Settings
from tests.conftest import free_port
from tests.integration.gateway_fixtures import PATIENCE_SECONDS, Client

ROOT = Path(__file__).parents[2]


def environment(**settings: str) -> dict[str, str]:
    """Return this process's environment with only these settings of ours."""
    ours = {f"HEARTBEAT_{name}": value for name, value in settings.items()}
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("HEARTBEAT_")
    }
    return {**kept, **ours, "PYTHONPATH": str(ROOT)}


@contextmanager
def a_process(
    python: str, folder: Path, **settings: str
) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [python, "-m", "gateway"],
        env=environment(**settings),
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


async def dial(port: int) -> Client:
    """Connect as soon as it listens."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                socket = await connect(f"ws://127.0.0.1:{port}/ws", proxy=None)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                return Client(socket)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_sends_clients_elsewhere_and_ends_it(
    number: signal.Signals, python: str, server_url: str, tmp_path: Path
) -> None:
    port = free_port()

    async def story(process: subprocess.Popen[str]) -> None:
        client = await dial(port)
        assert (await client.hello())["type"] == "ready"
        process.send_signal(number)
        code, last = await client.closed()
        assert (code, last["type"], last["reconnect"]) == (1012, "closing", True)

    known = {"REDIS_URL": server_url, "PORT": str(port)}
    with a_process(python, tmp_path, **known) as process:
        asyncio.run(story(process))
        _, said = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 0, said
        assert "Traceback" not in said


@pytest.mark.parametrize("work", ["feed", "watch", "sweep", "report"])
def test_it_ends_as_a_failure_when_its_recurring_work_does(
    work: str, server_url: str, tmp_path: Path
) -> None:
    """A gateway that goes on without its watcher would be silent, not well."""
    port = free_port()

    async def story() -> bool:
        settings = Settings(redis_url=SecretStr(server_url), root=tmp_path, port=port)
        serving = asyncio.create_task(serve(settings))
        client = await dial(port)
        assert (await client.hello())["type"] == "ready"
        [job] = [task for task in asyncio.all_tasks() if task.get_name() == work]
        job.cancel()
        code, last = await client.closed()
        assert (code, last["reconnect"]) == (1012, True)
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await serving

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(story()) is False


def test_it_serves_without_redis_and_says_so(python: str, tmp_path: Path) -> None:
    port = free_port()

    async def story() -> None:
        client = await dial(port)
        assert (await client.ask("ping"))["type"] == "pong"
        assert (await client.ask("heartbeat.list"))["code"] == "store_unavailable"
        await client.socket.close()

    known = {"REDIS_URL": f"redis://127.0.0.1:{free_port()}", "PORT": str(port)}
    with a_process(python, tmp_path, **known) as process:
        asyncio.run(story())
        process.terminate()
        _, said = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 0, said
        assert "Traceback" not in said


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"HOST": "0.0.0.0"}, "HEARTBEAT_TRUST_NETWORK"),
        ({"PROT": "1"}, "HEARTBEAT_PROT: expected a known setting"),
        ({"TOKENS_FILE": "bad"}, "line 1"),
        ({"PORT": "taken"}, "in use"),
    ],
    ids=["a network", "an unknown name", "a bad file", "a taken port"],
)
def test_what_cannot_work_is_one_line_and_no_trace(
    settings: dict[str, str], expected: str, python: str, tmp_path: Path
) -> None:
    (tmp_path / "bad").write_text("my-secret-token alice\n")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = str(other.getsockname()[1])
        known = {
            name: value.replace("taken", taken) for name, value in settings.items()
        }
        done = subprocess.run(
            [python, "-m", "gateway"],
            env=environment(**known),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
    assert done.returncode == 2
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert "my-secret-token" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_no_token_reaches_the_log(python: str, server_url: str, tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "tokens").write_text(f"{sha256(b'open-sesame').hexdigest()} alice\n")

    async def story() -> None:
        client = await dial(port)
        assert (await client.hello(token="open-sesame"))["type"] == "ready"
        await client.send("hello", id="again", token="open-sesame")
        other = await dial(port)
        await other.send("hello", token="close-sesame")
        assert (await other.closed())[0] == 4401
        await client.socket.close()

    known = {"REDIS_URL": server_url, "PORT": str(port), "TOKENS_FILE": "tokens"}
    with a_process(python, tmp_path, **known) as process:
        asyncio.run(story())
        process.terminate()
        _, said = process.communicate(timeout=PATIENCE_SECONDS)
        assert "sesame" not in said
        assert sha256(b"open-sesame").hexdigest() not in said
