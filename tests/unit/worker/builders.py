"""Values for the tests of the model loop."""

from heartbeat.checklist import Item
from heartbeat.tools import FieldValue, Observation, ToolCall
from heartbeat.usage import Usage
from heartbeat.verdict import Severity
from worker.model import Failure, JsonObject, ModelRequest, Reply


def an_item(
    text: str = "the load is low",
    *,
    group: str | None = None,
    notes: tuple[str, ...] = (),
    severity: Severity = Severity.WARNING,
) -> Item:
    return Item(
        key="load-low",
        text=text,
        line=3,
        group=group,
        notes=notes,
        probes=(),
        severity=severity,
    )


def a_reply(
    *blocks: JsonObject,
    stop_reason: str | None = "",
    refused_for: str | None = None,
) -> Reply:
    """Return a reply; it stops as its blocks suggest unless told otherwise."""
    calls = any(block["type"] == "tool_use" for block in blocks)
    suggested = "tool_use" if calls else "end_turn"
    return Reply(
        content=list(blocks),
        stop_reason=suggested if stop_reason == "" else stop_reason,
        usage=Usage(calls=1, input_tokens=10, output_tokens=2),
        refused_for=refused_for,
    )


def seen(
    tool: str, *arguments: str, text: str = "", **fields: FieldValue
) -> Observation:
    return Observation(
        call=ToolCall(tool=tool, arguments=arguments), fields=fields, text=text
    )


#: A step of a script: a reply, a failure, or an exception to raise.
Step = Reply | Failure | BaseException


class ScriptedModel:
    """Answers by a script; the last step is repeated. `requests` is what was asked."""

    def __init__(self, *steps: Step) -> None:
        self.steps = steps
        self.requests: list[ModelRequest] = []

    async def reply(self, request: ModelRequest) -> Reply | Failure:
        step = self.steps[min(len(self.requests), len(self.steps) - 1)]
        self.requests.append(request)
        if isinstance(step, BaseException):
            raise step
        return step
