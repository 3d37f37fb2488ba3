import asyncio
import socket

import pytest

from heartbeat.tools import Observation, ToolCall, Unobserved
from tests.integration.toolboxes import Seen, a_toolbox
from tests.unit.worker.tools.scripted_network import ScriptedNetwork

DOWN = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


def look_up(
    host: str,
    *answers: list[str] | socket.gaierror,
    owner: str = "local",
    chosen: str = "",
    by_model: bool = False,
) -> Seen:
    toolbox = a_toolbox(
        owner=owner,
        listed=("listed.internal:5432",),
        chosen=[chosen] if chosen else [],
        network=ScriptedNetwork({host: answers} if answers else None),
    )
    call = ToolCall(tool="dns", arguments=(host,))
    return asyncio.run(toolbox.observe(call, chosen_by_model=by_model))


def test_it_tells_the_addresses_sorted() -> None:
    seen = look_up("example.com", ["10.0.0.10", "::2", "10.0.0.9", "::1"])

    assert isinstance(seen, Observation)
    assert seen.fields == {
        "found": True,
        "count": 4,
        "addresses": "10.0.0.9 10.0.0.10 ::1 ::2",
    }


def test_a_name_that_does_not_exist_is_an_answer() -> None:
    seen = look_up("nope.example")

    assert isinstance(seen, Observation)
    assert seen.fields == {"found": False, "count": 0}


def test_a_long_list_is_counted_to_its_end() -> None:
    seen = look_up("example.com", [f"10.0.0.{n}" for n in range(200)])

    assert isinstance(seen, Observation)
    assert seen.fields["count"] == 200
    assert len(str(seen.fields["addresses"])) < 500


def test_a_resolver_that_is_down_is_unobserved() -> None:
    seen = look_up("example.com", DOWN)

    assert isinstance(seen, Unobserved)
    assert "the resolver failed for 'example.com'" in seen.why


@pytest.mark.parametrize(
    ("host", "owner", "is_told"),
    [
        ("db.internal", "local", True),
        ("db.internal", "alice", False),
        ("listed.internal", "alice", True),
    ],
)
def test_private_addresses_are_told_to_those_who_may_reach_them(
    host: str, owner: str, is_told: bool
) -> None:
    seen = look_up(host, ["10.0.0.5"], owner=owner)

    assert isinstance(seen, Observation) is is_told


@pytest.mark.parametrize(
    ("chosen", "is_told"),
    [("", False), ("example.com", True), ("example.com:443", True)],
)
def test_a_model_may_look_up_what_the_checklist_names(
    chosen: str, is_told: bool
) -> None:
    seen = look_up("example.com", ["93.184.216.34"], chosen=chosen, by_model=True)

    assert isinstance(seen, Observation) is is_told


def test_the_system_knows_this_host() -> None:
    call = ToolCall(tool="dns", arguments=("localhost",))
    seen = asyncio.run(a_toolbox().observe(call))

    assert isinstance(seen, Observation)
    assert seen.fields["found"] is True
    assert {"127.0.0.1", "::1"} & set(str(seen.fields["addresses"]).split())
