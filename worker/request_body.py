"""A request as the Messages API takes it, in bytes.

What all requests of a kind have alike, some 8 kB of it, is written once.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypedDict

from anthropic.types import (
    OutputConfigParam,
    TextBlockParam,
    ToolChoiceParam,
    ToolParam,
)

from heartbeat.tools import Tool
from worker.model import Capabilities, Frame, ModelRequest

#: Room for a reply. Thinking counts, so less may stop a model before its first word.
MAX_OUTPUT_TOKENS = 2_048

#: Requests alike that are kept written: a few kinds for each model that is in use.
KEPT_HEADS = 64


class _Head(TypedDict, total=False):
    """All of a request but its messages, in the SDK's types."""

    model: str
    max_tokens: int
    system: list[TextBlockParam]
    tools: list[ToolParam]
    tool_choice: ToolChoiceParam
    output_config: OutputConfigParam


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyWriter:
    """Writes requests to one model, with no more than its server understands."""

    name: str
    capabilities: Capabilities
    effort: Literal["low", "medium", "high"]

    def write(self, request: ModelRequest) -> bytes:
        """Return the body: the same bytes up to the messages for the same frame."""
        head = _written_head(self, request.frame, last=request.last)
        return b'%s,"messages":%s}' % (head, _json(request.messages))

    def head(self, frame: Frame, *, last: bool) -> _Head:
        """Return what stands before the messages."""
        head: _Head = {
            "model": self.name,
            "max_tokens": MAX_OUTPUT_TOKENS,
            "system": self._system(frame),
        }
        can_choose = self.capabilities.tool_choice
        if frame.tools and (can_choose or not last):
            strict = self.capabilities.strict
            head["tools"] = [_tool(tool, strict=strict) for tool in frame.tools]
        if frame.tools and can_choose:
            head["tool_choice"] = {"type": "none"} if last else {"type": "auto"}
        if config := self._output_config(frame):
            head["output_config"] = config
        return head

    def _system(self, frame: Frame) -> list[TextBlockParam]:
        block: TextBlockParam = {"type": "text", "text": frame.system}
        if self.capabilities.cache:
            # Tools and system come first, so this one mark covers both.
            block["cache_control"] = {"type": "ephemeral"}
        return [block]

    def _output_config(self, frame: Frame) -> OutputConfigParam:
        config: OutputConfigParam = {}
        if self.capabilities.json_schema:
            config["format"] = {"type": "json_schema", "schema": dict(frame.schema)}
        if self.capabilities.effort:
            config["effort"] = self.effort
        return config


@lru_cache(maxsize=KEPT_HEADS)
def _written_head(writer: BodyWriter, frame: Frame, *, last: bool) -> bytes:
    return _json(writer.head(frame, last=last)).removesuffix(b"}")


def _json(value: object) -> bytes:
    """Write as the SDK does; mappings of whatever sort are objects."""
    text = json.dumps(
        value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=dict
    )
    return text.encode()


def _tool(tool: Tool, *, strict: bool) -> ToolParam:
    fields = "; ".join(f"{f.name}: {f.about} ({f.unit})" for f in tool.fields)
    param: ToolParam = {
        "name": tool.name,
        "description": f"{tool.about} Measures {fields}.",
        "input_schema": tool.schema(),
    }
    if strict:
        param["strict"] = True
    return param
