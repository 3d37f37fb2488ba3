"""The catalogue of tools: what each takes, what it measures, in which units.

The worker executes what is declared here; the checklist parser holds `- probe:` lines
against it, and the model is shown it as tool schemas. Nothing here touches the machine.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

#: What a tool can measure in one field.
FieldValue = bool | int | float | str


class Unit(StrEnum):
    """What a field's value is, and so which literals it can be compared with."""

    BOOLEAN = "true or false"
    NUMBER = "a number"
    PERCENT = "percent, 0 to 100"
    BYTES = "bytes"
    MILLISECONDS = "milliseconds"
    SECONDS = "seconds"
    TEXT = "text"
    ANY = "whatever is found there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One word after the tool's name; every argument of the catalogue is a string."""

    name: str
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One value that a tool measures."""

    name: str
    unit: Unit
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """What a tool takes and what it measures.

    `host_bound`: the answer depends on the machine that asks. `open_prefix`: fields
    that begin with it exist as the answer has them (`json.` of `http`), of unit ANY.
    """

    name: str
    about: str
    arguments: tuple[Argument, ...] = ()
    fields: tuple[Field, ...]
    host_bound: bool = False
    open_prefix: str | None = None

    def field(self, name: str) -> Field | None:
        """Return the field of that name, declared or under the open prefix."""
        for field in self.fields:
            if field.name == name:
                return field
        prefix = self.open_prefix
        if prefix is not None and name.startswith(prefix) and name != prefix:
            return Field(name=name, unit=Unit.ANY, about="a value of the answer")
        return None

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema of the arguments, as a strict tool wants it."""
        return {
            "type": "object",
            "properties": {
                argument.name: {"type": "string", "description": argument.about}
                for argument in self.arguments
            },
            "required": [argument.name for argument in self.arguments],
            "additionalProperties": False,
        }


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


_TOOLS = (
    Tool(
        name="disk",
        about="How full the file system that holds a path is.",
        arguments=(Argument(name="path", about="an absolute path"),),
        fields=(
            Field(name="used_percent", unit=Unit.PERCENT, about="share in use"),
            Field(name="free_bytes", unit=Unit.BYTES, about="free for ordinary users"),
            Field(name="total_bytes", unit=Unit.BYTES, about="size"),
        ),
        host_bound=True,
    ),
    Tool(
        name="file",
        about="Whether a file or folder exists, how large and how old it is.",
        arguments=(Argument(name="path", about="a path, or one relative to the list"),),
        fields=(
            Field(name="exists", unit=Unit.BOOLEAN, about="whether it is there"),
            Field(name="size_bytes", unit=Unit.BYTES, about="size of a file"),
            Field(name="age", unit=Unit.SECONDS, about="time since last change"),
        ),
        host_bound=True,
    ),
    Tool(
        name="http",
        about="GET a URL and say how it answered.",
        arguments=(Argument(name="url", about="an http:// or https:// URL"),),
        fields=(
            Field(name="status", unit=Unit.NUMBER, about="status code"),
            Field(name="latency_ms", unit=Unit.MILLISECONDS, about="to the body's end"),
            Field(name="body", unit=Unit.TEXT, about="its first 256 KiB as text"),
        ),
        open_prefix="json.",
    ),
    Tool(
        name="load",
        about="How busy the processors are.",
        fields=(
            Field(name="load1", unit=Unit.NUMBER, about="average over 1 minute"),
            Field(name="load5", unit=Unit.NUMBER, about="average over 5 minutes"),
            Field(name="load15", unit=Unit.NUMBER, about="average over 15 minutes"),
            Field(name="per_cpu", unit=Unit.NUMBER, about="load1 for each processor"),
        ),
        host_bound=True,
    ),
    Tool(
        name="memory",
        about="How full the memory is.",
        fields=(
            Field(name="used_percent", unit=Unit.PERCENT, about="not available"),
            Field(name="available_bytes", unit=Unit.BYTES, about="available at once"),
            Field(name="swap_used_percent", unit=Unit.PERCENT, about="swap in use"),
        ),
        host_bound=True,
    ),
    Tool(
        name="process",
        about="How many processes of that name run.",
        arguments=(Argument(name="name", about="the exact name, as `ps -e` has it"),),
        fields=(
            Field(name="count", unit=Unit.NUMBER, about="how many"),
            Field(name="rss_bytes", unit=Unit.BYTES, about="their resident memory"),
        ),
        host_bound=True,
    ),
    Tool(
        name="tcp",
        about="Whether a TCP port accepts a connection.",
        arguments=(
            Argument(name="host", about="a host name or address"),
            Argument(name="port", about="1 to 65535"),
        ),
        fields=(
            Field(name="open", unit=Unit.BOOLEAN, about="whether it accepted"),
            Field(name="latency_ms", unit=Unit.MILLISECONDS, about="until it did"),
        ),
    ),
)

#: Every tool by name, sorted: the order in which a model is shown them.
CATALOGUE: Mapping[str, Tool] = MappingProxyType({tool.name: tool for tool in _TOOLS})
