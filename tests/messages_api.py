"""A server on loopback that speaks the Messages API, for tests and the bench.

Scripted answers are served first, one a request, in order; then the standing behaviour
answers. `python -m tests.messages_api --port 0` prints the port it took and serves.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

Json = dict[str, object]

#: Arguments for the tools that work on any machine.
ARGUMENTS: Mapping[str, Json] = {"disk": {"path": "/"}, "load": {}, "memory": {}}
REASONS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    429: "Too Many Requests",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer. `cut_after`: reset the connection after so much of the body."""

    body: object
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_seconds: float = 0
    cut_after: int | None = None

    def encoded(self) -> bytes:
        """Return the body as sent: text and bytes as given, the rest as JSON."""
        if isinstance(self.body, bytes):
            return self.body
        if isinstance(self.body, str):
            return self.body.encode()
        return json.dumps(self.body).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request that came."""

    path: str
    headers: Mapping[str, str]
    body: Json

    @property
    def messages(self) -> list[Json]:
        """Return the conversation so far."""
        messages = self.body["messages"]
        assert isinstance(messages, list)
        return messages

    @property
    def item(self) -> str:
        """Return the first message: the item to judge."""
        return str(self.messages[0]["content"])

    @property
    def results(self) -> list[Json]:
        """Return the tool results so far, oldest first."""
        return [
            block
            for message in self.messages
            if isinstance(content := message["content"], list)
            for block in content
            if block["type"] == "tool_result"
        ]


Behaviour = Callable[[Request], Answer]


def text(words: str) -> Json:
    """Return a text block."""
    return {"type": "text", "text": words}


def thinking(words: str = "Let me see.") -> Json:
    """Return a signed thinking block."""
    return {"type": "thinking", "thinking": words, "signature": "c2lnbmVk"}


def tool_use(name: str, use_id: str = "toolu_1", **arguments: object) -> Json:
    """Return a tool call."""
    return {"type": "tool_use", "id": use_id, "name": name, "input": arguments}


def verdict(
    status: str,
    *quotes: tuple[str, str],
    severity: str = "warning",
    details: str = "as observed",
) -> Json:
    """Return a text block with a verdict; quotes are (tool use id, words)."""
    evidence = [{"tool_use_id": use_id, "quote": words} for use_id, words in quotes]
    answer = {
        "status": status,
        "severity": severity,
        "details": details,
        "evidence": evidence,
    }
    return text(json.dumps(answer))


_ids = itertools.count(1)


def message(*blocks: Json, stop_reason: str | None = None, **rest: object) -> Json:
    """Return a message; it stops as its blocks suggest unless told otherwise."""
    calls = any(block["type"] == "tool_use" for block in blocks)
    return {
        "id": f"msg_{next(_ids)}",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-5-5",
        "content": list(blocks),
        "stop_reason": stop_reason or ("tool_use" if calls else "end_turn"),
        "stop_sequence": None,
        "usage": {
            "input_tokens": 100,
            "output_tokens": 20,
            "cache_read_input_tokens": 1000,
            "cache_creation_input_tokens": 10,
        },
        **rest,
    }


def reply(*blocks: Json, stop_reason: str | None = None, delay: float = 0) -> Answer:
    """Return an answer with one message."""
    return Answer(body=message(*blocks, stop_reason=stop_reason), delay_seconds=delay)


def error(
    status: int, kind: str = "api_error", *, code: str | None = None, **headers: str
) -> Answer:
    """Return an API error; headers are given with underscores: `retry_after="3600"`."""
    details: Json = {"type": kind, "message": f"scripted {status}"}
    if code is not None:
        details["details"] = {"error_code": code}
    return Answer(
        status=status,
        body={"type": "error", "error": details, "request_id": "req_1"},
        headers={
            "request-id": "req_1",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        },
    )


def look_then_judge(request: Request) -> Answer:
    """Call a tool that the item names (else `load`), then judge with a quote from it.

    The verdict is ok; with FAIL in the item's text it is action_needed.
    """
    choice = request.body.get("tool_choice")
    may_look = bool(request.body.get("tools")) and choice != {"type": "none"}
    if not request.results and may_look:
        name = next((name for name in ARGUMENTS if name in request.item), "load")
        return reply(tool_use(name, f"toolu_{next(_ids)}", **ARGUMENTS[name]))
    status = "action_needed" if "FAIL" in request.item else "ok"
    return reply(verdict(status, *map(quote_of, request.results[-1:])))


def alarm(_: Request) -> Answer:
    """Ask for action at once: one request an item."""
    return reply(verdict("action_needed", details="alarm without a look"))


def quote_of(result: Json) -> tuple[str, str]:
    """Return a true quote of a tool result: its first field, else its text."""
    seen = json.loads(str(result["content"]))
    fields = json.dumps(dict(itertools.islice(seen.get("fields", {}).items(), 1)))
    words = fields.strip("{}") or str(seen.get("text", ""))[:100]
    return str(result["tool_use_id"]), words


BEHAVIOURS: Mapping[str, Behaviour] = {"look": look_then_judge, "alarm": alarm}


class MessagesApi:
    """The server. `requests` keeps the newest thousand, `served` counts all."""

    def __init__(
        self,
        *script: Answer,
        behaviour: Behaviour = look_then_judge,
        delay_seconds: float = 0,
    ) -> None:
        self.script = deque(script)
        self.behaviour = behaviour
        self.delay_seconds = delay_seconds
        self.requests: deque[Request] = deque(maxlen=1000)
        self.served = 0
        self.port = 0
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Return the base URL for a client."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self, port: int = 0) -> None:
        """Listen on loopback; port 0 takes a free one."""
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", port, backlog=1024, limit=1 << 20
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Drop every connection."""
        if self._server is not None:
            self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while True:
                await self._answer(await _read(reader), writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._connections.discard(task)

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> None:
        self.requests.append(request)
        self.served += 1
        answer = self._choose(request)
        delay = answer.delay_seconds or self.delay_seconds
        if delay:
            await asyncio.sleep(delay)
        body = answer.encoded()
        headers = {"content-type": "application/json", **answer.headers}
        headers["content-length"] = str(len(body))
        lines = [f"{name}: {value}" for name, value in headers.items()]
        status = f"HTTP/1.1 {answer.status} {REASONS.get(answer.status, 'Error')}"
        writer.write("\r\n".join([status, *lines, "", ""]).encode())
        writer.write(body[: answer.cut_after])
        await writer.drain()
        if answer.cut_after is not None:
            raise ConnectionResetError

    def _choose(self, request: Request) -> Answer:
        if request.path != "/v1/messages":
            return error(404, "not_found_error")
        return self.script.popleft() if self.script else self.behaviour(request)


@contextlib.contextmanager
def serving(behaviour: Behaviour) -> Iterator[MessagesApi]:
    """Serve in a thread: the worker that asks is a child of this one."""
    api = MessagesApi(behaviour=behaviour)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(api.start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield api
    finally:
        asyncio.run_coroutine_threadsafe(api.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    pairs = (line.split(":", 1) for line in head[1:] if line)
    headers: dict[str, str] = {}
    for name, value in pairs:  # one that comes twice means both
        before = headers.get(name.lower())
        headers[name.lower()] = (before + ", " if before else "") + value.strip()
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(
        path=head[0].split(" ")[1], headers=headers, body=json.loads(body or b"{}")
    )


async def _main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--delay", type=float, default=0, help="seconds a reply takes")
    parser.add_argument("--behaviour", choices=sorted(BEHAVIOURS), default="look")
    options = parser.parse_args(arguments)
    api = MessagesApi(
        behaviour=BEHAVIOURS[options.behaviour], delay_seconds=options.delay
    )
    await api.start(options.port)
    print(api.port, flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        await api.close()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main())
