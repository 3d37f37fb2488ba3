"""What the worker says, a line each, while it compiles the items of a checklist."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from heartbeat.cli.run_events import Failed
from heartbeat.errors import HeartbeatError
from heartbeat.views import UsageView
from heartbeat.wire import Wire, explain


class CompileStarted(Wire):
    """So many items have no rule; this model is asked."""

    event: Literal["start"]
    items: int
    model: str


class ItemCompiled(Wire):
    """What the model made of one item: a rule and what it finds now, or why none.

    One that needs reading has none by its nature; another may have one next time.
    """

    event: Literal["item"]
    item_key: str
    description: str
    line: int
    probes: tuple[str, ...] = ()
    why: str
    needs_reading: bool
    status: str | None = None
    details: str | None = None


class CompileDone(Wire):
    """Every item has been asked for, at this cost."""

    event: Literal["done"]
    usage: UsageView


CompileEvent = CompileStarted | ItemCompiled | CompileDone | Failed

_EVENT: TypeAdapter[CompileEvent] = TypeAdapter(
    Annotated[CompileEvent, Field(discriminator="event")]
)


def read_compile_event(line: str) -> CompileEvent:
    """Read one line; raises HeartbeatError, since the worker is of this version."""
    try:
        return _EVENT.validate_json(line)
    except ValidationError as error:
        raise HeartbeatError(f"from the worker: {explain(error)}") from error
