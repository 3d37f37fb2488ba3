"""Makes requests of what a program gives, and speaks of them as the wire does."""

from typing import TypeVar

from pydantic import ValidationError

from heartbeat.errors import InvalidMessage
from heartbeat.replies import Reply
from heartbeat.requests import Request
from heartbeat.wire import explain

_Request = TypeVar("_Request", bound=Request)


def type_of(kind: type[Reply]) -> str:
    """Return what a kind of reply is called on the wire."""
    return repr(kind.model_fields["type"].default)


def build(kind: type[_Request], /, **fields: object) -> _Request:
    """Make a request of the fields that have a value; raises InvalidMessage.

    Errors name them as the wire does.
    """
    names = {name: one.alias or name for name, one in kind.model_fields.items()}
    given = {
        names.get(name, name): value
        for name, value in fields.items()
        if value is not None
    }
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        raise InvalidMessage(explain(error)) from error
