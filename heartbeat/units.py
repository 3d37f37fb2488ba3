"""Literals with units, and measured values for people to read.

A literal is converted into the unit of the field it is compared with, so that
comparing is plain. Knows nothing of probes.
"""

import re
from collections.abc import Mapping
from decimal import Decimal

from heartbeat.phrases import clip, on_one_line, shown
from heartbeat.tools import FieldValue, Unit

_DURATIONS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_BYTES = {
    "B": 1,
    **{f"{prefix}B": 1000**power for power, prefix in enumerate("KMGT", start=1)},
    **{f"{prefix}iB": 1024**power for power, prefix in enumerate("KMGT", start=1)},
}

_SUFFIXES: Mapping[Unit, Mapping[str, Decimal]] = {
    Unit.NUMBER: {},
    Unit.PERCENT: {"%": Decimal(1)},
    Unit.BYTES: {name: Decimal(size) for name, size in _BYTES.items()},
    Unit.MILLISECONDS: {name: Decimal(ms) for name, ms in _DURATIONS.items()},
    Unit.SECONDS: {name: Decimal(ms) / 1000 for name, ms in _DURATIONS.items()},
}

#: Fifteen digits are exact in a float; more would compare as something else.
_NUMBER = re.compile(r"(-?[0-9]{1,15}(?:\.[0-9]{1,15})?)([A-Za-z%]*)")
_BOOLEANS = {"true": True, "false": False}

#: Longest piece of a measured text that is shown.
MAX_SHOWN_TEXT = 80


def parse_literal(text: str, *, unit: Unit, quoted: bool = False) -> FieldValue:
    """Read the value that a field of that unit is compared with.

    A bare number is in the field's own unit. Where anything may be found (ANY), a
    quoted word is text; a bare one is a boolean or a number if it reads as one.
    Raises ValueError.
    """
    if unit is Unit.TEXT or (unit is Unit.ANY and quoted):
        return text
    if unit is Unit.ANY:
        return _guess(text)
    if unit is Unit.BOOLEAN:
        if text not in _BOOLEANS:
            raise ValueError(f"expected true or false, got {shown(text)}")
        return _BOOLEANS[text]
    return _quantity(text, unit)


def describe_value(value: FieldValue, unit: Unit) -> str:
    """Say a measured value with its unit, rounded for people."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{clip(on_one_line(value), MAX_SHOWN_TEXT)}"'
        case _ if unit is Unit.PERCENT:
            return f"{_rounded(value)} %"
        case _ if unit is Unit.BYTES:
            return _scaled(value, {n: s for n, s in _BYTES.items() if "i" not in n})
        case _ if unit in (Unit.MILLISECONDS, Unit.SECONDS):
            as_ms = value * 1000 if unit is Unit.SECONDS else value
            return _scaled(as_ms, _DURATIONS)
        case _:
            return _rounded(value)


def _guess(text: str) -> FieldValue:
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    found = _NUMBER.fullmatch(text)
    return _plain(Decimal(text)) if found and not found[2] else text


def _quantity(text: str, unit: Unit) -> int | float:
    suffixes = _SUFFIXES[unit]
    found = _NUMBER.fullmatch(text)
    if found is None or (found[2] and found[2] not in suffixes):
        raise ValueError(f"expected {_expected(unit)}, got {shown(text)}")
    value = Decimal(found[1]) * (suffixes[found[2]] if found[2] else 1)
    if unit is Unit.PERCENT and not 0 <= value <= 100:
        raise ValueError(f"expected 0% to 100%, got {shown(text)}")
    if unit is not Unit.NUMBER and value < 0:
        raise ValueError(f"expected {_expected(unit)}, not below 0, got {shown(text)}")
    return _plain(value)


def _expected(unit: Unit) -> str:
    suffixes = _SUFFIXES[unit]
    if not suffixes:
        return "a number"
    return f"a number of {unit.value}, bare or with {' '.join(suffixes)}"


def _plain(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def _rounded(value: float) -> str:
    return (
        str(value) if isinstance(value, int) else f"{value:.2f}".rstrip("0").rstrip(".")
    )


def _scaled(value: float, sizes: Mapping[str, int]) -> str:
    """Say it in the largest unit of which there is one; the sizes are ascending."""
    fitting = [name for name, size in sizes.items() if abs(value) >= size]
    name = fitting[-1] if fitting else next(iter(sizes))
    return f"{_rounded(value if sizes[name] == 1 else value / sizes[name])} {name}"
