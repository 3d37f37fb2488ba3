"""Any bytes, any JSON and any order of messages on a real gateway's socket.

The gateway lives, answers the next valid request, and grows by next to nothing.
"""

import asyncio
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from heartbeat.protocol import read_reply
from heartbeat.replies import ListResult
from heartbeat.requests import REQUEST_TYPES, ClientMessage
from tests.acceptance.processes import PATIENCE_SECONDS, RunningProcess, running_fleet
from tests.conftest import free_port, running_server

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]

#: Growth of the gateway's memory that may be left after it all, in bytes.
MOST_GROWTH = 30 * 1024 * 1024
#: Codes with which the gateway may end a socket for what was sent on it: a frame that
#: is too large, and bytes that are no text. None: it has not. All else is answered.
CLOSES = {None, 1007, 1009}

SETTINGS = {
    "HEARTBEAT_MAX_COMMANDS_PER_SECOND": "100000",
    "HEARTBEAT_MAX_CONFIGURES_PER_MINUTE": "100000",
    "HEARTBEAT_MAX_HEARTBEATS_PER_OWNER": "20",
}

Frame = str | bytes

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=80)
    | st.just("half a pair: \ud800"),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=12,
)
#: Values that a field may well have, so that messages get far.
plausible = st.sampled_from(
    [
        "HEARTBEAT.md", "- [ ] Up {#up}\n  - probe: file up exists == true\n",
        "---\ninterval: 5\n---\n- [ ] Up\n", "a", "Europe/Berlin", "*/5 * * * *",
        "every-run", "clock", "1-1", "0-0", "9999999999999-1", True, False, 1, 5, 0.5,
        1e308, -1, 10**30, {"start": "09:00", "end": "17:00"},
        [{"start": "22:00", "end": "06:00", "daysOfWeek": [1, 7]}],
    ]
)  # fmt: skip
FIELDS = sorted(
    {
        field.alias or name
        for model in ClientMessage.__args__
        for name, field in model.model_fields.items()
    }
    - {"type"}
)


@st.composite
def messages(draw: st.DrawFn) -> str:
    """Draw a message of some known type, with some of the known fields."""
    names = draw(st.sets(st.sampled_from(FIELDS), max_size=6))
    fields = {name: draw(plausible | anything) for name in sorted(names)}
    kind = draw(st.sampled_from(REQUEST_TYPES))
    return json.dumps({"id": draw(st.just("x") | anything), **fields, "type": kind})


deep = st.builds(
    lambda depth, opening: opening * depth,
    st.integers(1, 20_000),
    st.sampled_from(["[", '{"a":', '{"type":"hello","id":[']),
)
large = st.integers(100_000, 140_000).map(lambda size: json.dumps("x" * size))
frames: st.SearchStrategy[Frame] = (
    messages()
    | messages()
    | anything.map(json.dumps)
    | st.text(max_size=200)
    | st.binary(max_size=200)
    | deep
    | large
)


@dataclass(frozen=True, slots=True)
class Door:
    """A running gateway and its port."""

    gateway: RunningProcess
    port: int

    @property
    def memory(self) -> int:
        """Return the gateway's resident memory in bytes."""
        status = Path(f"/proc/{self.gateway.pid}/status").read_text()
        line = next(one for one in status.splitlines() if one.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024

    def check(self) -> None:
        """Fail if anything went wrong inside."""
        assert self.gateway.is_running, self.gateway.output
        assert "Traceback" not in self.gateway.output, self.gateway.output[-4000:]


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("fuzz")
    port = free_port()
    with (
        running_server(folder) as server,
        running_fleet(server.url, folder, **SETTINGS) as fleet,
    ):
        yield Door(fleet.gateway(port=port), port)


#: A failure is a silence, so that looking for a smaller one would take for ever.
fuzzing = settings(
    max_examples=150,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)


@fuzzing
@given(sent=st.lists(frames, max_size=30))
def test_whatever_is_sent_the_next_request_is_answered(
    door: Door, sent: list[Frame]
) -> None:
    asyncio.run(_send_all(door, sent))
    asyncio.run(_send_all(door, []))
    door.check()


@fuzzing
@given(garbage=st.binary(max_size=2_000), is_upgraded=st.booleans())
def test_bytes_that_are_no_protocol_end_their_own_connection_at_most(
    door: Door, garbage: bytes, is_upgraded: bool
) -> None:
    asyncio.run(_send_raw(door, garbage, is_upgraded=is_upgraded))
    asyncio.run(_send_all(door, []))
    door.check()


def test_thousands_of_bad_frames_leave_no_memory_behind(door: Door) -> None:
    bad: list[Frame] = [
        "[" * 10_000,
        '{"type":"nonsense","id":"x"}',
        '{"type":"heartbeat.get","id":"x","scheduleId":"' + "y" * 50_000 + '"}',
        b"\xff" * 10_000,
        json.dumps({"type": "hello", "id": "x", "resume": "no cursor"}),
        json.dumps({"type": "heartbeat.configure", "id": "x", "heartbeatPath": "\0"}),
    ]
    asyncio.run(_send_all(door, bad * 50))
    before = door.memory
    for _ in range(10):
        asyncio.run(_send_all(door, bad * 100))
    assert door.memory - before < MOST_GROWTH
    door.check()


async def _send_all(door: Door, sent: Sequence[Frame]) -> None:
    """Send these and then a request, to be answered if the socket still lives."""
    async with connect(
        f"ws://127.0.0.1:{door.port}/ws", compression=None, max_size=None
    ) as socket:
        with suppress(ConnectionClosed):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await asyncio.gather(_send(socket, sent), _until_last_reply(socket))
        assert socket.close_code in CLOSES, socket.close_reason


async def _send(socket: ClientConnection, sent: Sequence[Frame]) -> None:
    for frame in (*sent, '{"type":"heartbeat.list","id":"the end"}'):
        await socket.send(frame)


async def _until_last_reply(socket: ClientConnection) -> None:
    """Read replies, each of which must be of the protocol, up to the last one."""
    while True:
        frame = await socket.recv()
        reply = read_reply(frame)
        if isinstance(reply, ListResult) and reply.id == "the end":
            return


async def _send_raw(door: Door, garbage: bytes, *, is_upgraded: bool) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
    if is_upgraded:
        writer.write(_UPGRADE)
        await reader.readuntil(b"\r\n\r\n")
    writer.write(garbage)
    writer.transport.abort()


_UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
