"""The body of an HTTP answer: read, unpacked and decoded within bounds."""

import codecs
import zlib
from dataclasses import dataclass

from aiohttp import ClientResponse

#: Enough for any health page; an unpacked body counts by its unpacked size.
MAX_BODY_BYTES = 256 * 1024

#: Codecs that no page has; some take quadratic time, some give half characters.
_NOT_CHARSETS = frozenset({"punycode", "raw-unicode-escape", "unicode-escape", "utf-7"})


class BrokenBody(ValueError):
    """Raised when a body cannot be unpacked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawBody:
    """A body as it came, at most one chunk longer than MAX_BODY_BYTES."""

    data: bytes
    coding: str = ""
    charset: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A body as text, and whether there was more of it."""

    text: str
    is_clipped: bool


async def read_body(response: ClientResponse) -> RawBody:
    """Read until the body's end, or until there is more than will be looked at."""
    data = bytearray()
    while len(data) <= MAX_BODY_BYTES:
        chunk = await response.content.readany()
        if not chunk:
            break
        data += chunk
    return RawBody(
        data=bytes(data),
        coding=response.headers.get("Content-Encoding", ""),
        charset=response.charset,
    )


def decode_body(raw: RawBody) -> Body:
    """Return the body as text, undecodable bytes replaced. Raises BrokenBody."""
    data = _unpack(raw)
    text = data[:MAX_BODY_BYTES].decode(_codec(raw.charset), errors="replace")
    return Body(
        text=text.lstrip("\ufeff"),
        is_clipped=max(len(raw.data), len(data)) > MAX_BODY_BYTES,
    )


def _unpack(raw: RawBody) -> bytes:
    """Undo the coding; none was asked for, so only what servers send regardless."""
    match raw.coding.strip().lower():
        case "" | "identity":
            return raw.data
        case "gzip" | "x-gzip" | "deflate":
            return _inflate(raw.data)
        case other:
            raise BrokenBody(f"the body has the coding {other!r}")


def _inflate(packed: bytes) -> bytes:
    """Unpack up to one byte beyond the limit, however much is packed."""
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # gzip or zlib, by header
    try:
        data = unpacker.decompress(packed, MAX_BODY_BYTES + 1)
    except zlib.error as error:
        raise BrokenBody("the packed body is broken") from error
    is_clipped = max(len(packed), len(data)) > MAX_BODY_BYTES
    if not (unpacker.eof or is_clipped):
        raise BrokenBody("the packed body ends early")
    return data


def _codec(charset: str | None) -> str:
    try:
        name = codecs.lookup(charset or "utf-8").name
        b" ".decode(name, errors="replace")  # refuses codecs that are not for text
    except (LookupError, ValueError):
        return "utf-8"
    return "utf-8" if name in _NOT_CHARSETS else name
