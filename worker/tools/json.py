"""A value in a JSON document, at a URL or in a file.

A document that cannot be had (refused, no such file) or is no JSON has no fields; one
without the key has `found` false: only a document that was read can lack something.
"""

import os
from collections.abc import Iterator

from heartbeat.phrases import clip
from heartbeat.tool_arguments import is_url
from heartbeat.tools import FieldValue
from worker.tools.body import MAX_BODY_BYTES
from worker.tools.http_client import HttpClient
from worker.tools.json_fields import parse_json, plain_value
from worker.tools.measured import CannotTell, Measured
from worker.tools.paths import NotThere, looking_at
from worker.tools.policy import ToolPolicy
from worker.tools.reading import read_end, require_regular
from worker.tools.threads import MACHINE, in_thread

#: How much of a text is shown to people and models.
_SHOWN_CHARACTERS = 4_000


class _NoDocument(Exception):
    """Raised when there is nothing to read at the source, which is an observation."""


async def measure_json(
    source: str,
    key: str,
    *,
    client: HttpClient,
    policy: ToolPolicy,
    chosen_by_model: bool,
) -> Measured:
    """Read the document, up to 256 KiB, and find the value at the key."""
    try:
        if is_url(source):
            text = await _fetch(source, client, chosen_by_model=chosen_by_model)
        else:
            text = await in_thread(MACHINE, lambda: _read(source, policy))
        document = parse_json(text)
    except _NoDocument as error:
        return Measured(fields={}, text=str(error))
    except ValueError:
        return Measured(fields={}, text=f"{source!r} is not JSON")
    for value in _at(document, key):
        return _describe(key, value)
    return Measured(fields={"found": False}, text=f"there is no {key!r} in {source!r}")


async def _fetch(url: str, client: HttpClient, *, chosen_by_model: bool) -> str:
    page = await client.get(url, chosen_by_model=chosen_by_model)
    if page.body is None:
        raise _NoDocument(f"{page.heading}, {page.trouble}")
    if page.body.is_clipped:
        raise _too_large(url)
    return page.body.text


def _read(path: str, policy: ToolPolicy) -> str:
    try:
        with looking_at(path, policy=policy, flags=os.O_RDONLY) as file:
            require_regular(file, asked=path)
            if file.facts.st_size > MAX_BODY_BYTES:
                raise _too_large(path)
            return read_end(file, MAX_BODY_BYTES).decode("utf-8-sig", "replace")
    except NotThere as error:
        raise _NoDocument(str(error)) from error


def _too_large(source: str) -> CannotTell:
    return CannotTell(
        f"expected at most {MAX_BODY_BYTES // 1024} KiB, got more at {source!r}"
    )


def _at(document: object, key: str) -> Iterator[object]:
    """Go through what lies at a key; keys of the document may hold dots themselves."""
    if key == ".":
        yield document
    elif isinstance(document, dict):
        if key in document:
            yield document[key]
        for name, part in document.items():
            if key.startswith(f"{name}."):
                yield from _at(part, key[len(name) + 1 :])
    elif isinstance(document, list):
        first, _, rest = key.partition(".")
        if first.isascii() and first.isdecimal() and int(first[:9]) < len(document):
            yield from _at(document[int(first[:9])], rest or ".")


def _describe(key: str, value: object) -> Measured:
    fields: dict[str, FieldValue] = {"found": True}
    if isinstance(value, (dict, list)):
        fields["length"] = len(value)
        kind = "a list" if isinstance(value, list) else "an object"
        return Measured(fields=fields, text=f"{key!r} is {kind} of {len(value)}")
    plain = plain_value(value)
    if plain is None:
        return Measured(fields=fields, text=f"{key!r} holds no value")
    return Measured(
        fields=fields | {"value": plain},
        text=f"{key!r} is {clip(str(plain), _SHOWN_CHARACTERS)}",
    )
