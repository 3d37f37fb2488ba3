"""The few words of the Redis protocol that it takes to ask a server something."""

import asyncio
from dataclasses import dataclass

#: Many times what INFO answers; a server may be anything.
MAX_REPLY_BYTES = 256 * 1024


class ErrorReply(Exception):
    """Raised when the server answers with an error, whose first word is its kind."""


class NotRedis(Exception):
    """Raised when what comes is not the protocol, or too much of it."""


@dataclass(frozen=True, slots=True)
class RespConnection:
    """One connection, asked one command after another."""

    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter

    @classmethod
    async def open(cls, address: str, port: int) -> "RespConnection":
        """Connect. Raises OSError."""
        return cls(*await asyncio.open_connection(address, port))

    async def ask(self, *words: str) -> str | int | None:
        """Send a command and return its reply.

        Raises ErrorReply, NotRedis, and OSError where the connection breaks.
        """
        encoded = [word.encode("utf-8", "surrogateescape") for word in words]
        parts = [b"$%d\r\n%s\r\n" % (len(word), word) for word in encoded]
        self._writer.write(b"*%d\r\n" % len(parts) + b"".join(parts))
        await self._writer.drain()
        try:
            return await self._reply()
        except (asyncio.LimitOverrunError, ValueError) as error:
            raise NotRedis("the answer is not of Redis") from error
        except asyncio.IncompleteReadError as error:
            raise ConnectionResetError("the server ended the connection") from error

    def close(self) -> None:
        """Drop the connection; nothing is under way."""
        self._writer.transport.abort()

    async def _reply(self) -> str | int | None:
        line = await self._reader.readuntil(b"\r\n")
        kind, rest = line[:1], line[1:-2].decode("utf-8", "replace")
        match kind:
            case b"+":
                return rest
            case b"-":
                raise ErrorReply(rest)
            case b":":
                return int(rest)
            case b"$":
                return await self._bulk(int(rest))
            case _:
                raise ValueError(f"expected a reply, got {kind!r}")

    async def _bulk(self, length: int) -> str | None:
        if length < 0:
            return None
        if length > MAX_REPLY_BYTES:
            raise ValueError(f"expected at most {MAX_REPLY_BYTES} bytes, got {length}")
        data = await self._reader.readexactly(length + 2)
        return data[:-2].decode("utf-8", "replace")
