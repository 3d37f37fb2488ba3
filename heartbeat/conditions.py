"""What must be true of a measured field: reading a condition, and comparing.

Whether a condition can be compared at all is decided when it is read, against the
field's unit; what cannot be compared afterwards is neither true nor false.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from heartbeat.patterns import Pattern
from heartbeat.phrases import did_you_mean, shown
from heartbeat.tools import Field, FieldValue, Observation, Tool, Unit
from heartbeat.units import parse_literal
from heartbeat.words import Word, quote_word


class Operator(StrEnum):
    """How a measured value is compared with the literal."""

    LESS = "<"
    AT_MOST = "<="
    EQUAL = "=="
    UNEQUAL = "!="
    AT_LEAST = ">="
    GREATER = ">"
    CONTAINS = "contains"
    MATCHES = "matches"


_EQUALITY = (Operator.EQUAL, Operator.UNEQUAL)
_SEARCH = (Operator.CONTAINS, Operator.MATCHES)
_COMPARE: Mapping[Operator, Callable[[FieldValue, FieldValue], bool]] = {
    Operator.LESS: operator.lt,
    Operator.AT_MOST: operator.le,
    Operator.EQUAL: operator.eq,
    Operator.UNEQUAL: operator.ne,
    Operator.AT_LEAST: operator.ge,
    Operator.GREATER: operator.gt,
}

#: A word that was meant as an operator, alone or stuck to its field.
_OPERATOR_LIKE = re.compile(r"([A-Za-z_][\w.]*)?[<>=!~≤≥]+\S*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What a field must be. `literal` is in the field's unit; `source` as written."""

    field: str
    operator: Operator
    literal: FieldValue
    source: str


def parse_condition(tool: Tool, words: Sequence[Word]) -> Condition:
    """Read the three words of a condition on what the tool measures.

    Raises ValueError.
    """
    name, sign, value = words
    field = tool.field(name.text)
    if field is None:
        raise ValueError(_unknown_field(tool, name.text))
    how = Operator(sign.text)
    return Condition(
        field=field.name,
        operator=how,
        literal=_literal(field, how, value),
        source=" ".join(quote_word(word) for word in words),
    )


def is_operator(word: Word) -> bool:
    """Say whether a word is an operator; a quoted one never is."""
    return not word.quoted and word.text in _NAMES


def refuse_misplaced_operator(words: Sequence[Word]) -> None:
    """Raise ValueError if a call without a condition seems to hold one."""
    for word in words:
        meant = is_operator(word) or _OPERATOR_LIKE.fullmatch(word.text)
        if meant and not word.quoted:
            raise ValueError(
                "expected the condition as the last three words, `<field> <operator>"
                f" <value>` with an operator of {' '.join(Operator)} and double quotes"
                f" around a value with spaces; got {shown(word.text)}"
            )


def holds(condition: Condition, observation: Observation) -> bool | None:
    """Say whether a condition is true of what was measured.

    False for a field that was looked for and is absent; None if the values cannot be
    compared, which must never read as fine.
    """
    value = observation.fields.get(condition.field)
    if value is None:
        return False
    if condition.operator in _SEARCH:
        return _search(condition, value)
    kind = _kind(value)
    if kind is not _kind(condition.literal) or value != value:  # NaN is not itself
        return None
    if kind is not float and condition.operator not in _EQUALITY:
        return None
    return _COMPARE[condition.operator](value, condition.literal)


_NAMES = frozenset(each.value for each in Operator)


def _literal(field: Field, how: Operator, word: Word) -> FieldValue:
    allowed = _operators_of(field.unit)
    if how not in allowed:
        raise ValueError(
            f"expected an operator that fits {field.name} ({field.unit.value}),"
            f" one of {' '.join(allowed)}; got {how.value!r}"
        )
    if how in _SEARCH:
        if not word.text:  # found in every text, so that nothing would be checked
            raise ValueError(f"expected text after {how.value}, got ''")
        if how is Operator.MATCHES:
            Pattern(word.text)  # refuses a bad one before it is needed
        return word.text
    try:
        literal = parse_literal(word.text, unit=field.unit, quoted=word.quoted)
    except ValueError as error:
        raise ValueError(f"{field.name}: {error}") from error
    if how not in _EQUALITY and _kind(literal) is not float:
        raise ValueError(
            f"{field.name}: expected a number after {how.value}, got {shown(word.text)}"
        )
    return literal


def _operators_of(unit: Unit) -> tuple[Operator, ...]:
    match unit:
        case Unit.BOOLEAN:
            return _EQUALITY
        case Unit.TEXT:
            return (*_EQUALITY, *_SEARCH)
        case Unit.ANY:
            return tuple(Operator)
        case _:
            return tuple(_COMPARE)


def _unknown_field(tool: Tool, name: str) -> str:
    names = [field.name for field in tool.fields]
    listed = [*names, f"{tool.open_prefix}<path>"] if tool.open_prefix else names
    return (
        f"expected a field of {tool.name}, one of {', '.join(listed)};"
        f" got {shown(name)}{did_you_mean(name, names)}"
    )


def _search(condition: Condition, value: FieldValue) -> bool | None:
    literal = condition.literal
    if not (isinstance(value, str) and isinstance(literal, str)):
        return None
    if condition.operator is Operator.CONTAINS:
        return literal in value
    return Pattern(literal).is_in(value)


def _kind(value: FieldValue) -> type[bool] | type[float] | type[str]:
    match value:
        case bool():
            return bool
        case str():
            return str
        case _:
            return float
