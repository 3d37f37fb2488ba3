"""The catalogue of tools: what each takes, what it measures, in which units.

The worker executes what is declared here; the checklist parser holds `- probe:` lines
against it, and the model is shown it as tool schemas. Nothing here touches the machine.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from heartbeat.catalogue_host import HOST_TOOLS
from heartbeat.catalogue_network import NETWORK_TOOLS
from heartbeat.tool_schema import Argument, Field, FieldValue, Tool, Unit

__all__ = [
    "CATALOGUE",
    "Argument",
    "Field",
    "FieldValue",
    "Observation",
    "Tool",
    "ToolCall",
    "Unit",
    "Unobserved",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A tool of the catalogue with its arguments in order."""

    tool: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What a tool measured. A definite negative (refused, no such file) is one too.

    A declared field that is absent from `fields` was looked for and is not there.
    `text` is what a person or a model may read; it is untrusted.
    """

    call: ToolCall
    fields: Mapping[str, FieldValue]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unobserved:
    """The tool could not tell: permission denied, not allowed, crashed, timed out."""

    call: ToolCall
    why: str
    is_allowed: bool = True


#: Every tool by name, sorted: the order in which a model is shown them.
CATALOGUE: Mapping[str, Tool] = MappingProxyType(
    {
        tool.name: tool
        for tool in sorted((*HOST_TOOLS, *NETWORK_TOOLS), key=lambda tool: tool.name)
    }
)
