"""A web site on the loopback that answers as told, byte for byte."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

#: For `localhost` and 127.0.0.1, signed by itself: nobody trusts it.
CERTIFICATE = Path(__file__).with_name("self_signed.pem")

NOT_FOUND = b"HTTP/1.1 404 Not Found\r\n\r\n"

Page = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Site:
    """Where the site listens, and every request that it was sent."""

    port: int = 0
    requests: list[bytes] = field(default_factory=list)

    def url(
        self, path: str = "/", host: str = "127.0.0.1", scheme: str = "http"
    ) -> str:
        return f"{scheme}://{host}:{self.port}{path}"


@contextlib.asynccontextmanager
async def serve(
    pages: Mapping[str, Page], *, tls: bool | ssl.SSLContext = False
) -> AsyncIterator[Site]:
    """Serve pages by path, each one over a connection that ends after it.

    `tls`: True for CERTIFICATE, or a server's context of the test's own.
    """
    site = Site()
    answering: set[asyncio.Task[None]] = set()

    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        answering.add(task)
        # Cancelled at the end of the site: an end like any other.
        with contextlib.suppress(OSError, asyncio.CancelledError):
            try:
                request = await reader.read(65536)
                site.requests.append(request)
                path = request.decode(errors="replace").partition(" ")[2].split(" ")[0]
                await _send(pages.get(path, NOT_FOUND), writer)
            finally:
                writer.close()
                await writer.wait_closed()

    context = tls if isinstance(tls, ssl.SSLContext) else None
    if tls is True:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        server.close()
        for task in answering:
            task.cancel()
        await asyncio.gather(*answering, return_exceptions=True)


async def _send(page: Page, writer: asyncio.StreamWriter) -> None:
    if isinstance(page, bytes):
        writer.write(page)
        await writer.drain()
    else:
        await page(writer)


def page(body: bytes | str, *headers: str, status: str = "200 OK") -> bytes:
    """Return an answer with its length."""
    data = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(data)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + data


def redirect(location: str, *headers: str) -> bytes:
    """Return an answer that sends the client elsewhere."""
    return page("", f"Location: {location}", *headers, status="302 Found")
