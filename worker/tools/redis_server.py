"""What a Redis or Valkey server says of a key, and of itself; nothing is changed.

A server that cannot be reached, or is not able to answer (loading, busy), is an
observation without the fields that it did not give. One that wants a password cannot
be told: checklists hold none.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

from heartbeat.phrases import clip
from heartbeat.tool_arguments import RedisServer, parse_redis_server
from heartbeat.tools import FieldValue
from worker.tools.addresses import Address
from worker.tools.measured import CannotTell, Measured
from worker.tools.reach import Reach, Unreached
from worker.tools.resp import ErrorReply, NotRedis, RespConnection

_Answer = TypeVar("_Answer")

#: The command that tells the length of each type; others have none.
_LENGTH: Mapping[str, str] = {
    "hash": "HLEN",
    "list": "LLEN",
    "set": "SCARD",
    "stream": "XLEN",
    "string": "STRLEN",
    "zset": "ZCARD",
}

#: Errors that say who is asking, not how the server is.
_NOT_FOR_US = frozenset({"DENIED", "NOAUTH", "NOPERM", "WRONGPASS"})

#: INFO of a server with all its sections has some hundred fields.
_MAX_INFO_FIELDS = 1_000

_NUMBER = re.compile(r"-?\d{1,18}(?:\.\d{1,15})?", re.ASCII)

#: Longest error of a server that is shown.
_MAX_ERROR = 200


async def measure_redis(
    server: str, key: str, *, reach: Reach, chosen_by_model: bool
) -> Measured:
    """Ask for a key's type and length. One that is not there is of length 0."""

    async def ask(connection: RespConnection) -> tuple[str, int | None]:
        kind = str(await connection.ask("TYPE", key))
        if kind == "none":
            return kind, 0
        command = _LENGTH.get(kind)
        length = await connection.ask(command, key) if command else None
        return kind, length if isinstance(length, int) else None

    answer = await _ask(server, ask, reach=reach, chosen_by_model=chosen_by_model)
    if isinstance(answer, Unreached):
        return Measured(fields={}, text=f"{server!r}: {answer.why}")
    kind, length = answer
    fields: dict[str, FieldValue] = {"exists": kind != "none"}
    if kind != "none":
        fields["type"] = kind
    if length is not None:
        fields["length"] = length
    said = "is not there" if kind == "none" else f"is a {kind} of length {length}"
    return Measured(fields=fields, text=f"{server!r}: {key!r} {said}")


async def measure_redis_info(
    server: str, *, reach: Reach, chosen_by_model: bool
) -> Measured:
    """Ask a server for its INFO."""

    async def ask(connection: RespConnection) -> str:
        return str(await connection.ask("INFO"))

    info = await _ask(server, ask, reach=reach, chosen_by_model=chosen_by_model)
    if isinstance(info, Unreached):
        return Measured(fields={"answers": False}, text=f"{server!r}: {info.why}")
    fields: dict[str, FieldValue] = {"answers": True}
    for line in info.splitlines()[:_MAX_INFO_FIELDS]:
        name, colon, value = line.partition(":")
        if colon and not line.startswith("#"):
            fields[f"info.{name}"] = _value(value)
    return Measured(fields=fields, text=f"{server!r} answers:\n{info}")


async def _ask(
    server: str,
    ask: Callable[[RespConnection], Awaitable[_Answer]],
    *,
    reach: Reach,
    chosen_by_model: bool,
) -> _Answer | Unreached:
    place = parse_redis_server(server)

    async def attempt(address: Address) -> _Answer | Unreached:
        return await _converse(address, place, ask)

    found = await reach.first(
        place.host, place.port, attempt, chosen_by_model=chosen_by_model
    )
    return found if isinstance(found, Unreached) else found.result


async def _converse(
    address: Address,
    place: RedisServer,
    ask: Callable[[RespConnection], Awaitable[_Answer]],
) -> _Answer | Unreached:
    connection = await RespConnection.open(str(address), place.port)
    try:
        if place.database:
            await connection.ask("SELECT", str(place.database))
        return await ask(connection)
    except NotRedis as error:
        return Unreached(why=str(error))
    except ErrorReply as error:
        said = clip(str(error), _MAX_ERROR)
        if said.partition(" ")[0] in _NOT_FOR_US:
            raise CannotTell(f"not for us: {said}") from error
        return Unreached(why=f"it answers {said!r}")
    finally:
        connection.close()


def _value(text: str) -> FieldValue:
    """Read a number as one; all else of INFO is text."""
    if _NUMBER.fullmatch(text) is None:
        return text
    return float(text) if "." in text else int(text)
