import asyncio
import logging
import socket
import threading
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from heartbeat.tools import CATALOGUE, Observation, ToolCall, Unobserved
from tests.unit.worker.tools.scripted_network import HangingNetwork, ScriptedNetwork
from worker.tools.network import Network
from worker.tools.policy import ToolPolicy
from worker.tools.threads import MACHINE, MACHINE_THREADS
from worker.tools.toolbox import Toolbox

TCP = ToolCall(tool="tcp", arguments=("example.com", "80"))


def a_toolbox(
    *, network: Network | None = None, timeout: timedelta = timedelta(seconds=5)
) -> Toolbox:
    policy = ToolPolicy(
        owner="local",
        root=Path("/"),
        base=Path("/"),
        commands={"greet": ("/bin/echo", "hello")},
        is_local=True,
    )
    return Toolbox(policy, network=network, timeout=timeout)


def observe(
    tool: str, *arguments: str, network: Network | None = None
) -> Observation | Unobserved:
    async def run() -> Observation | Unobserved:
        toolbox = a_toolbox(network=network)
        try:
            return await toolbox.observe(ToolCall(tool=tool, arguments=arguments))
        finally:
            await toolbox.close()

    return asyncio.run(run())


#: A call of each tool of this host that finds something.
CALLS = {
    "command": ("greet",),
    "disk": ("/",),
    "file": (__file__,),
    "load": (),
    "memory": (),
    "process": ("init",),
}


@pytest.mark.parametrize("tool", sorted(CALLS))
def test_it_measures_exactly_the_fields_of_the_catalogue(tool: str) -> None:
    seen = observe(tool, *CALLS[tool])

    assert isinstance(seen, Observation)
    assert set(seen.fields) == {field.name for field in CATALOGUE[tool].fields}


@pytest.mark.parametrize("tool", sorted(CATALOGUE))
def test_every_tool_of_the_catalogue_can_be_called(tool: str) -> None:
    samples = {
        "url": "http://nope.example/",
        "source": "http://nope.example/",
        "host": "nope.example",
        "name": "greet",
        "port": "1",
        "path": "/nowhere",
        "server": "nope.example:6379",
        "window": "10m",
    }
    arguments = (samples.get(each.name, "/") for each in CATALOGUE[tool].arguments)

    seen = observe(tool, *arguments, network=ScriptedNetwork())

    assert isinstance(seen, Observation)


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [("shell", ("ls",)), ("disk", ()), ("tcp", ("host", "99999")), ("load", ("x",))],
)
def test_what_is_not_in_the_catalogue_is_unobserved(
    tool: str, arguments: tuple[str, ...]
) -> None:
    seen = observe(tool, *arguments)

    assert isinstance(seen, Unobserved)
    assert "expected" in seen.why


class BrokenNetwork(ScriptedNetwork):
    """Fails in a way that nobody foresaw."""

    def look_up(self, host: str, port: int) -> Sequence[str]:
        raise RuntimeError("the secret is hunter2")


def test_a_crash_is_logged_and_told_without_its_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        seen = observe("tcp", "example.com", "80", network=BrokenNetwork())

    assert isinstance(seen, Unobserved)
    assert seen.why == "tcp crashed"
    assert "tool tcp crashed" in caplog.text


def test_a_tool_that_hangs_is_given_up_and_the_loop_goes_on() -> None:
    network = HangingNetwork()

    async def run() -> tuple[Observation | Unobserved, ...]:
        toolbox = a_toolbox(network=network, timeout=timedelta(seconds=0.5))
        try:
            hanging = asyncio.create_task(toolbox.observe(TCP))
            quick = await toolbox.observe(ToolCall(tool="load"))
            assert not hanging.done()
            return await hanging, quick
        finally:
            network.released.set()

    hanging, quick = asyncio.run(run())
    assert isinstance(hanging, Unobserved)
    assert isinstance(quick, Observation)


def test_a_host_whose_every_mount_hangs_is_unobserved() -> None:
    released = threading.Event()
    for _ in range(MACHINE_THREADS):
        MACHINE.submit(released.wait, 10)
    toolbox = a_toolbox(timeout=timedelta(seconds=0.05))
    try:
        seen = asyncio.run(toolbox.observe(ToolCall(tool="disk", arguments=("/",))))
    finally:
        released.set()

    assert isinstance(seen, Unobserved)
    assert seen.why == "disk took longer than 0.05 s"


def test_cancellation_is_passed_on() -> None:
    network = HangingNetwork()

    async def run() -> None:
        task = asyncio.create_task(a_toolbox(network=network).observe(TCP))
        await asyncio.to_thread(network.was_asked.wait)
        task.cancel()
        try:
            with pytest.raises(asyncio.CancelledError):
                await task
        finally:
            network.released.set()

    asyncio.run(run())


def test_a_resolver_that_is_down_is_unobserved() -> None:
    down = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    for tool, arguments in (
        ("http", ("http://example.com/?token=hunter2",)),
        ("tcp", ("example.com", "80")),
    ):
        network = ScriptedNetwork({"example.com": [down]})
        seen = observe(tool, *arguments, network=network)
        assert isinstance(seen, Unobserved)
        assert "the resolver failed for 'example.com'" in seen.why
        assert "hunter2" not in seen.why
