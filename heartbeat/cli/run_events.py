"""What the worker says, a line each, while it evaluates a checklist once."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from heartbeat.errors import HeartbeatError
from heartbeat.views import RunItemView, RunView
from heartbeat.wire import Wire, explain


class Started(Wire):
    """So many items are to be judged, by this model if by any."""

    event: Literal["start"]
    items: int
    model: str | None = None


class ItemEnded(RunItemView):
    """One item has its verdict."""

    event: Literal["item"]


class Done(Wire):
    """The run is over."""

    event: Literal["done"]
    run: RunView


class Failed(Wire):
    """There is no run."""

    event: Literal["error"]
    code: str
    message: str


Event = Started | ItemEnded | Done | Failed

_EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="event")])


def read_event(line: str) -> Event:
    """Read one line; raises HeartbeatError, since the worker is of this version."""
    try:
        return _EVENT.validate_json(line)
    except ValidationError as error:
        raise HeartbeatError(f"from the worker: {explain(error)}") from error
