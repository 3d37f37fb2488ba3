"""The values of a JSON document as flat fields: `json.checks.0.status`.

The parts of a path are joined with dots, list indexes from 0. A key that holds a dot
is taken as it is; where two paths are spelled the same, the shallower value stays.
"""

import json
import math
from collections import deque
from collections.abc import Iterable, Iterator

from heartbeat.tools import FieldValue

#: What a health page holds, many times over.
MAX_FIELDS = 500

#: Longer than any path in a checklist; a long key is repeated in all below it.
MAX_PATH_CHARACTERS = 200


def json_fields(text: str) -> dict[str, FieldValue]:
    """Return the first MAX_FIELDS values, shallow ones first; none if it is not JSON.

    Only booleans, finite numbers and texts are values: null and NaN are not there.
    """
    if text.lstrip()[:1] not in ("{", "["):
        return {}
    try:
        document = parse_json(text)
    except ValueError:
        return {}
    fields: dict[str, FieldValue] = {}
    for path, value in _leaves(document):
        if len(fields) == MAX_FIELDS:
            break
        plain = plain_value(value)
        if plain is not None:
            fields.setdefault(_sound(path), plain)
    return fields


def parse_json(text: str) -> object:
    """Return the document; NaN and its like are null. Raises ValueError."""
    try:
        document: object = json.loads(text, parse_constant=lambda _: None)
    except RecursionError as error:
        raise ValueError("too deep") from error
    return document


def plain_value(value: object) -> FieldValue | None:
    """Return a boolean, a finite number or a text as a field has it; else None."""
    if isinstance(value, str):
        return _sound(value)
    if isinstance(value, (bool, int, float)) and _is_finite(value):
        return value
    return None


def _leaves(document: object) -> Iterator[tuple[str, object]]:
    """Go through what is neither object nor list, level by level."""
    waiting = deque([("json", document)])
    while waiting:
        path, value = waiting.popleft()
        parts: Iterable[tuple[object, object]]
        if isinstance(value, dict):
            parts = value.items()
        elif isinstance(value, list):
            parts = enumerate(value)
        else:
            yield path, value
            continue
        for key, part in parts:
            if len(path) + len(str(key)) < MAX_PATH_CHARACTERS:
                waiting.append((f"{path}.{key}", part))


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # an integer beyond all floats
        return False


def _sound(text: str) -> str:
    """Replace lone surrogates, which JSON can spell and nothing can store."""
    return text.encode("utf-8", "replace").decode()
