"""Between messages and text frames, as a client sees them."""

import logging

from heartbeat.errors import InvalidMessage
from heartbeat.protocol import read_reply
from heartbeat.replies import ServerMessage
from heartbeat.requests import Request

_log = logging.getLogger(__name__)


def to_frame(request: Request) -> str:
    """Write only what was set: an absent field is not its default."""
    return request.model_dump_json(by_alias=True, exclude_unset=True, exclude_none=True)


def read_frame(frame: str | bytes) -> ServerMessage | None:
    """Read a frame; one of a newer gateway that says something unknown is passed by."""
    try:
        return read_reply(frame)
    except InvalidMessage as error:
        _log.warning("a message was not understood and is passed over: %s", error)
        return None
