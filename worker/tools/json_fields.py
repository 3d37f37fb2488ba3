"""The values of a JSON document as flat fields: `json.checks.0.status`.

The parts of a path are joined with dots, list indexes from 0. A key that holds a dot
is taken as it is; where two paths are spelled the same, the shallower value stays.
"""

import json
import math
from collections import deque
from collections.abc import Iterator

from heartbeat.tools import FieldValue

#: What a health page holds, many times over.
MAX_FIELDS = 500


def json_fields(text: str) -> dict[str, FieldValue]:
    """Return the first MAX_FIELDS values, shallow ones first; none if it is not JSON.

    Only booleans, numbers and texts are values: null, NaN and infinity are not there.
    """
    if text.lstrip()[:1] not in ("{", "["):
        return {}
    try:
        document: object = json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return {}
    fields: dict[str, FieldValue] = {}
    for path, value in _leaves(document):
        if len(fields) == MAX_FIELDS:
            break
        if isinstance(value, str):
            fields.setdefault(_sound(path), _sound(value))
        elif isinstance(value, (bool, int, float)) and math.isfinite(value):
            fields.setdefault(_sound(path), value)
    return fields


def _leaves(document: object) -> Iterator[tuple[str, object]]:
    """Go through what is neither object nor list, level by level."""
    waiting = deque([("json", document)])
    while waiting:
        path, value = waiting.popleft()
        if isinstance(value, dict):
            waiting.extend((f"{path}.{key}", each) for key, each in value.items())
        elif isinstance(value, list):
            waiting.extend((f"{path}.{at}", each) for at, each in enumerate(value))
        else:
            yield path, value


def _sound(text: str) -> str:
    """Replace lone surrogates, which JSON can spell and nothing can store."""
    return text.encode("utf-8", "replace").decode()
