"""The wire protocol: JSON text frames, one object each, both ways.

`requests` has what clients send, `replies` what the gateway sends. Here a message
becomes a frame, a frame becomes a message, and both become JSON Schema.
"""

import json
import re
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.json_schema import models_json_schema

from heartbeat.errors import HeartbeatError, InvalidMessage, Unsupported
from heartbeat.replies import ErrorReply, ServerMessage
from heartbeat.requests import CLIENT_MESSAGE, REQUEST_TYPES, ClientMessage
from heartbeat.wire import Wire, explain, shown

#: Name and version of the protocol, as documents and the schema state it.
PROTOCOL = "heartbeat.v1"

_HALF_A_PAIR = re.compile(r"[\ud800-\udfff]")

SERVER_MESSAGE: TypeAdapter[ServerMessage] = TypeAdapter(
    Annotated[ServerMessage, Field(discriminator="type")]
)


def to_frame(message: Wire) -> str:
    """Write one message as a text frame; fields without a value are left out."""
    return message.model_dump_json(by_alias=True, exclude_none=True)


def parse_request(frame: str | bytes) -> ClientMessage:
    """Read one frame; raises InvalidMessage or Unsupported with what was expected."""
    if isinstance(frame, bytes):
        raise InvalidMessage(
            f"expected a text frame with a JSON object, got {len(frame)} binary bytes"
        )
    data = _object(frame)
    kind = data.get("type")
    if kind == "schedule.create":
        raise Unsupported(
            "schedule.create: workflows are not scheduled here; to watch a checklist"
            " send heartbeat.configure"
        )
    if kind not in REQUEST_TYPES:
        raise InvalidMessage(
            f"type: expected one of {', '.join(REQUEST_TYPES)},"
            f" got {shown(kind) if 'type' in data else 'nothing'}"
        )
    try:
        return CLIENT_MESSAGE.validate_json(frame, strict=True)
    except ValidationError as error:
        raise InvalidMessage(
            f"{kind}: {_without_tag(explain(error), str(kind))}"
        ) from error


def request_id(frame: str | bytes) -> str | None:
    """Return the id of a frame that may be no message at all, for the error reply.

    One with half of a surrogate pair is none: no text frame can hold it.
    """
    try:
        found = _object(frame).get("id") if isinstance(frame, str) else None
    except InvalidMessage:
        return None
    if not isinstance(found, str) or len(found) > 200 or _HALF_A_PAIR.search(found):
        return None
    return found


def read_reply(frame: str | bytes) -> ServerMessage:
    """Read a frame of the gateway; raises InvalidMessage."""
    try:
        return SERVER_MESSAGE.validate_json(frame)
    except ValidationError as error:
        raise InvalidMessage(f"from the gateway: {explain(error)}") from error


def error_reply(error: HeartbeatError, request_id: str | None) -> ErrorReply:
    """Tell a client what failed; other exceptions must not get here."""
    return ErrorReply(
        request_id=request_id,
        code=error.code,
        message=str(error),
        retryable=error.retryable,
    )


def json_schema() -> dict[str, object]:
    """Return the JSON Schema of every message, by direction."""
    client, server = ClientMessage.__args__, ServerMessage.__args__
    _, definitions = models_json_schema(
        [
            *((model, "validation") for model in client),
            *((model, "serialization") for model in server),
        ],
        title=PROTOCOL,
    )
    return {
        **definitions,
        "clientToServer": [model.__name__ for model in client],
        "serverToClient": [model.__name__ for model in server],
    }


def _object(frame: str) -> dict[str, object]:
    try:
        data = json.loads(frame, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidMessage(f"expected a JSON object, got {frame[:80]!r}") from error
    if not isinstance(data, dict):
        raise InvalidMessage(f"expected a JSON object, got {frame[:80]!r}")
    return data


def _refuse_constant(name: str) -> float:
    raise InvalidMessage(f"expected a JSON object, got one with {name}, not JSON")


def _without_tag(text: str, kind: str) -> str:
    """Drop the discriminator that the validator puts before every field's name."""
    return text.replace(f"{kind}.", "")
