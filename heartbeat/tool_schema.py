"""How a tool is declared: its arguments, its fields, and their units."""

from dataclasses import dataclass
from enum import StrEnum

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
