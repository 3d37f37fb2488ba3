"""The wire protocol: JSON text frames, one object each, both ways.

`requests` has what clients send, `replies` what the gateway sends. Here a message
becomes a frame, a frame becomes a message, and both become JSON Schema.
"""

from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError
from pydantic.json_schema import models_json_schema

from heartbeat.errors import HeartbeatError, InvalidMessage
from heartbeat.replies import ErrorReply, ServerMessage
from heartbeat.requests import ClientMessage
from heartbeat.wire import Wire, explain

#: Name and version of the protocol, as documents and the schema state it.
PROTOCOL = "heartbeat.v1"

SERVER_MESSAGE: TypeAdapter[ServerMessage] = TypeAdapter(
    Annotated[ServerMessage, Field(discriminator="type")]
)


def to_frame(message: Wire) -> str:
    """Write one message as a text frame; fields without a value are left out."""
    return message.model_dump_json(by_alias=True, exclude_none=True)


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
    models = [*ClientMessage.__args__, *ServerMessage.__args__]
    modes = ["validation"] * len(ClientMessage.__args__) + ["serialization"] * len(
        ServerMessage.__args__
    )
    _, definitions = models_json_schema(
        [(model, mode) for model, mode in zip(models, modes, strict=True)],
        title=PROTOCOL,
    )
    return {
        **definitions,
        "clientToServer": [model.__name__ for model in ClientMessage.__args__],
        "serverToClient": [model.__name__ for model in ServerMessage.__args__],
    }
