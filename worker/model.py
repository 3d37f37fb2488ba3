"""What the loop asks of a model and what comes back, whoever the provider is.

Messages and content blocks have the JSON shape of the Messages API, which every
provider here speaks; a reply's blocks are kept as given, since some are signed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from heartbeat.tools import Tool
from heartbeat.usage import Usage
from heartbeat.verdict import Cause

#: A JSON object: a message, a content block, a tool's input.
JsonObject = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """What all requests of one kind have alike. It is itself, not what it holds.

    `schema`: the form of the answer, for servers that can be held to one.
    """

    system: str
    tools: tuple[Tool, ...] = ()
    schema: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRequest:
    """One step of a conversation, whose steps all have the same frame.

    `last`: no further step follows, so the model must answer without a tool.
    """

    frame: Frame
    messages: Sequence[JsonObject]
    last: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolUse:
    """A tool that the model asks for; name and input are not checked yet."""

    id: str
    name: str
    input: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a model said: its content blocks as given, and why it stopped.

    Blocks are found by type, never by position: thinking often comes first.
    """

    content: Sequence[JsonObject]
    stop_reason: str | None
    usage: Usage
    refused_for: str | None = None

    @property
    def text(self) -> str:
        """Return the text blocks as one text."""
        return "".join(str(block.get("text", "")) for block in self._blocks("text"))

    @property
    def tool_uses(self) -> tuple[ToolUse, ...]:
        """Return the tool calls in the order in which they were asked for."""
        return tuple(
            ToolUse(
                id=str(block.get("id", "")),
                name=str(block.get("name", "")),
                input=arguments if isinstance(arguments, Mapping) else {},
            )
            for block in self._blocks("tool_use")
            for arguments in (block.get("input"),)
        )

    def _blocks(self, kind: str) -> Iterator[JsonObject]:
        return (block for block in self.content if block.get("type") == kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A reply that did not come; `why` holds no secret and may be shown."""

    cause: Cause
    why: str


class Model(Protocol):
    """Answers one request at a time; any number may be under way."""

    async def reply(self, request: ModelRequest) -> Reply | Failure:
        """Return the reply, or why there is none; raise nothing but cancellation."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a server understands beyond plain messages and tools.

    `tool_choice`: it can be told not to call a tool. `json_schema`: it can be held to
    the form of the answer and still call tools. `strict`: tool inputs by grammar.
    """

    tool_choice: bool
    json_schema: bool
    strict: bool
    effort: bool
    cache: bool


#: The models of the API itself, and gateways to them.
NATIVE = Capabilities(
    tool_choice=True, json_schema=True, strict=True, effort=True, cache=True
)

#: Any other server. Ollama knows no `tool_choice`, llama.cpp ignores what it does not
#: know, and where a grammar covers the whole text a model can no longer call a tool.
COMPATIBLE = Capabilities(
    tool_choice=False, json_schema=False, strict=False, effort=False, cache=False
)
