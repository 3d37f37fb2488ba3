"""The tool `json` against a site on the loopback and files."""

import asyncio
import json
from pathlib import Path

import pytest

from heartbeat.tools import FieldValue, Observation, ToolCall, Unobserved
from tests.conftest import free_port
from tests.integration.loopback_site import Page, page, serve
from tests.integration.toolboxes import Seen, a_toolbox
from worker.tools.body import MAX_BODY_BYTES
from worker.tools.policy import ToolPolicy
from worker.tools.toolbox import Toolbox

DOCUMENT = {
    "queue": {"depth": 7, "name": "mail"},
    "checks": [{"up": True}, {"up": False}],
    "a.b": {"c": 1.5},
    "none": None,
    "text": "half \ud800",
}


async def observe(
    source: str, key: str, toolbox: Toolbox | None = None, *, by_model: bool = False
) -> Seen:
    toolbox = toolbox or a_toolbox(seconds=2)
    call = ToolCall(tool="json", arguments=(source, key))
    try:
        return await toolbox.observe(call, chosen_by_model=by_model)
    finally:
        await toolbox.close()


def ask(answer: Page, key: str) -> Seen:
    async def run() -> Seen:
        async with serve({"/": answer}) as site:
            return await observe(site.url(), key)

    return asyncio.run(run())


def read(file: Path, key: str) -> Seen:
    policy = ToolPolicy(owner="alice", root=file.parent, base=file.parent)
    return asyncio.run(observe(file.name, key, Toolbox(policy)))


@pytest.mark.parametrize(
    ("key", "fields"),
    [
        ("queue.depth", {"found": True, "value": 7}),
        ("queue.name", {"found": True, "value": "mail"}),
        ("checks.1.up", {"found": True, "value": False}),
        ("a.b.c", {"found": True, "value": 1.5}),
        ("text", {"found": True, "value": "half ?"}),
        ("checks", {"found": True, "length": 2}),
        ("queue", {"found": True, "length": 2}),
        (".", {"found": True, "length": 5}),
        ("none", {"found": True}),
        ("checks.2.up", {"found": False}),
        ("queue.depth.more", {"found": False}),
        ("missing", {"found": False}),
    ],
)
def test_it_finds_the_value_at_a_key(
    tmp_path: Path, key: str, fields: dict[str, FieldValue]
) -> None:
    text = json.dumps(DOCUMENT)
    (tmp_path / "state.json").write_text(text)

    for seen in (ask(page(text), key), read(tmp_path / "state.json", key)):
        assert isinstance(seen, Observation)
        assert seen.fields == fields


def test_a_document_may_be_a_single_value() -> None:
    seen = ask(page(" 42 "), ".")

    assert isinstance(seen, Observation)
    assert seen.fields == {"found": True, "value": 42}


@pytest.mark.parametrize("text", ["<html>", "", '{"a": 1', "[" * 100_000])
def test_what_is_not_json_has_no_fields(tmp_path: Path, text: str) -> None:
    (tmp_path / "state.json").write_text(text)

    for seen in (ask(page(text), "a"), read(tmp_path / "state.json", "a")):
        assert isinstance(seen, Observation)
        assert seen.fields == {}
        assert "is not JSON" in seen.text


def test_what_cannot_be_reached_has_no_fields(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}/"

    for seen in (asyncio.run(observe(url, "a")), read(tmp_path / "missing", "a")):
        assert isinstance(seen, Observation)
        assert seen.fields == {}


def test_what_is_too_large_is_unobserved(tmp_path: Path) -> None:
    text = json.dumps({"a": "x" * MAX_BODY_BYTES})
    (tmp_path / "state.json").write_text(text)

    for seen in (ask(page(text), "a"), read(tmp_path / "state.json", "a")):
        assert isinstance(seen, Unobserved)
        assert "expected at most 256 KiB" in seen.why


@pytest.mark.parametrize(
    ("source", "owner", "by_model"),
    [
        ("http://127.0.0.1/", "alice", False),
        ("http://leak.example/?secret", "local", True),
        ("/etc/passwd", "local", False),
    ],
)
def test_it_reaches_and_reads_what_is_allowed(
    source: str, owner: str, by_model: bool
) -> None:
    seen = asyncio.run(observe(source, ".", a_toolbox(owner=owner), by_model=by_model))

    assert isinstance(seen, Unobserved)
    assert seen.why.startswith("not allowed")
