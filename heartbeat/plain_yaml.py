"""YAML without its surprises: every scalar is the text that was written.

So no value turns into a date, a base-60 number or a boolean spelled `no`; and nothing
is repeated, tagged or defined by reference. Meaning is given where a value is used.
"""

import re
from typing import cast

import yaml
from yaml.error import Mark
from yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from heartbeat.errors import InvalidFrontMatter
from heartbeat.phrases import shown

PlainValue = str | list["PlainValue"] | dict[str, "PlainValue"]

#: Deeper than anything written by hand, and far from the recursion limit.
MAX_DEPTH = 10

#: A value that begins with a sign of YAML's own, as a cron expression may.
_NEEDS_QUOTES = re.compile(r"""[\s-]*([\w-]+)\s*:\s+([*@%&!`|>][^"']*?)\s*""")


def load_mapping(
    text: str, *, first_line: int
) -> tuple[dict[str, PlainValue], dict[str, int]]:
    """Return the mapping, without keys that have no value, and the line of each key.

    `first_line` is the file's line at which the text begins. Raises InvalidFrontMatter.
    """
    try:
        _refuse_references(text)
        root = yaml.compose(text, Loader=yaml.BaseLoader)
        if root is None:
            return {}, {}
        if not isinstance(root, MappingNode):
            raise _Refused("expected lines of `key: value`", root)
        values = _mapping(root)
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark.line if error.problem_mark is not None else 0
        message = _with_hint(error, text, at)
        raise InvalidFrontMatter(message, line=first_line + at) from error
    except yaml.YAMLError as error:
        message = " ".join(str(error).split())
        raise InvalidFrontMatter(message, line=first_line) from error
    return values, {
        key.value: first_line + key.start_mark.line for key, _ in root.value
    }


class _Refused(yaml.MarkedYAMLError):
    """Raised when YAML is sound and holds what a front matter may not."""

    def __init__(self, problem: str, at: Node | yaml.Event) -> None:
        # The stubs also know the marks of the C loader, which is not used here.
        super().__init__(problem=problem, problem_mark=cast(Mark, at.start_mark))


def _refuse_references(text: str) -> None:
    """Refuse by events, before a tree is built that could grow or recurse."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.BaseLoader):
        if isinstance(event, CollectionStartEvent):
            depth += 1
        elif isinstance(event, CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise _Refused(f"expected at most {MAX_DEPTH} levels, got more", event)
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            raise _Refused("expected no anchors (&) and no aliases (*)", event)
        if tag := getattr(event, "tag", None):
            raise _Refused(f"expected no tags (!), got {shown(tag)}", event)


def _mapping(node: MappingNode) -> dict[str, PlainValue]:
    values: dict[str, PlainValue] = {}
    seen: set[str] = set()
    for key, value in node.value:
        if not isinstance(key, ScalarNode):
            raise _Refused("expected a word before the colon", key)
        if key.value in seen:
            raise _Refused(f"expected {shown(key.value)} once, got it again", key)
        seen.add(key.value)
        if not (isinstance(value, ScalarNode) and _is_nothing(value)):
            values[key.value] = _value(value)
    return values


def _value(node: Node) -> PlainValue:
    match node:
        case MappingNode():
            return _mapping(node)
        case SequenceNode():
            return [_value(each) for each in node.value]
        case _:
            return str(node.value)


def _is_nothing(node: ScalarNode) -> bool:
    return node.style is None and node.value == ""


def _with_hint(error: yaml.MarkedYAMLError, text: str, at: int) -> str:
    problem = error.problem or "cannot be read"
    line = text.split("\n")[at : at + 1]
    found = _NEEDS_QUOTES.fullmatch(line[0]) if line else None
    if found is None:
        return problem
    # The scanner's words about a sign of its own would only puzzle.
    reason = f"{problem}: " if isinstance(error, _Refused) else ""
    return reason + (
        f"expected quotes around a value that begins with {found[2][0]!r}, as in"
        f' `{found[1]}: "{found[2]}"`; got {shown(line[0].strip())}'
    )
