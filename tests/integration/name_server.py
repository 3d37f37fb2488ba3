"""A name server and a resolver that asks it, in a network of their own.

Run in fresh user, mount and network namespaces: `unshare -rmn python name_server.py`.
Prints what the tool `dns` sees of each name given, as JSON lines.
"""

import asyncio
import fcntl
import json
import socket
import struct
import subprocess
import sys
import tempfile
import threading

from heartbeat.tools import Observation, ToolCall
from tests.integration.toolboxes import a_toolbox

_SET_FLAGS, _UP = 0x8914, 0x1
_TYPE_A = 1

#: By the first label of the name: the response code, and the address if there is one.
ANSWERS = {
    "there": (0, "192.0.2.7"),
    "empty": (0, None),
    "missing": (3, None),
    "broken": (2, None),
}


def bring_loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SET_FLAGS, struct.pack("16sh14x", b"lo", _UP))


def use_own_resolver() -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        file.flush()
        mount = ["mount", "--bind", file.name, "/etc/resolv.conf"]
        subprocess.run(mount, check=True)


def serve_forever(server: socket.socket) -> None:
    while True:
        question, client = server.recvfrom(512)
        reply = answer(question)
        if reply is not None:
            server.sendto(reply, client)


def answer(query: bytes) -> bytes | None:
    """Return the answer to the one question of a query; silence for other names."""
    end = query.index(b"\0", 12) + 5
    label = query[13 : 13 + query[12]].decode()
    if label not in ANSWERS:
        return None
    code, address = ANSWERS[label]
    is_for_address = query[end - 4 : end - 2] == struct.pack("!H", _TYPE_A)
    records = b""
    if address is not None and is_for_address:
        records = struct.pack("!HHHIH", 0xC00C, _TYPE_A, 1, 60, 4)
        records += socket.inet_aton(address)
    head = struct.pack("!HHHHHH", 0, 0x8580 | code, 1, bool(records), 0, 0)
    return query[:2] + head[2:] + query[12:end] + records


async def look_up(name: str) -> None:
    call = ToolCall(tool="dns", arguments=(name,))
    seen = await a_toolbox(seconds=5).observe(call)
    fields = dict(seen.fields) if isinstance(seen, Observation) else seen.why
    print(json.dumps(fields))


if __name__ == "__main__":
    bring_loopback_up()
    use_own_resolver()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 53))
        threading.Thread(target=serve_forever, args=[listening], daemon=True).start()
        for each in sys.argv[1:]:
            asyncio.run(look_up(each))
