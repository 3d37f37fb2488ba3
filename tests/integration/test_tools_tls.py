"""The tool `tls` against servers on the loopback."""

import asyncio
import socket
import ssl
from datetime import timedelta
from pathlib import Path

import pytest

from heartbeat.tools import Observation, ToolCall, Unobserved
from tests.conftest import free_port
from tests.integration.certificates import Authority, an_authority
from tests.integration.loopback_site import page, serve
from tests.integration.toolboxes import Seen, a_policy, a_toolbox
from tests.unit.worker.tools.scripted_network import ScriptedNetwork
from worker.tools.egress import Egress
from worker.tools.measured import Measured
from worker.tools.reach import Reach
from worker.tools.tls import measure_tls

HERE = ScriptedNetwork({"shop.example": [["127.0.0.1"]]})
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return an_authority()


def look(server: ssl.SSLContext, trust: ssl.SSLContext) -> Measured:
    """Return what is seen of a server that is reached as shop.example."""

    async def run() -> Measured:
        async with serve({}, tls=server) as site:
            egress = Egress(a_policy(), network=HERE, lookup_seconds=5)
            return await measure_tls(
                "shop.example",
                str(site.port),
                reach=Reach(egress=egress, seconds=5),
                chosen_by_model=False,
                trust=trust,
            )

    return asyncio.run(run())


def test_a_certificate_in_order_is_valid(authority: Authority, tmp_path: Path) -> None:
    server = authority.server(tmp_path, name="shop.example")

    assert look(server, authority.trust).fields == {
        "valid": True,
        "days_left": 30.04,
        "subject": "CN=shop.example",
        "issuer": "CN=Test Authority",
    }


def test_an_expired_certificate_has_less_than_no_days(
    authority: Authority, tmp_path: Path
) -> None:
    server = authority.server(tmp_path, name="shop.example", ends_in=-2 * DAY)

    seen = look(server, authority.trust)

    assert seen.fields["valid"] is False
    assert seen.fields["days_left"] == -2
    assert "certificate has expired" in seen.text


def test_a_certificate_of_tomorrow_is_not_valid(
    authority: Authority, tmp_path: Path
) -> None:
    server = authority.server(tmp_path, name="shop.example", starts_in=DAY)

    seen = look(server, authority.trust)

    assert seen.fields["valid"] is False
    assert "certificate is not yet valid" in seen.text


def test_a_certificate_for_another_name_is_not_valid(
    authority: Authority, tmp_path: Path
) -> None:
    server = authority.server(tmp_path, name="blog.example")

    seen = look(server, authority.trust)

    assert seen.fields["valid"] is False
    assert seen.fields["subject"] == "CN=blog.example"
    assert "not valid for 'shop.example'" in seen.text


def test_an_authority_that_is_not_trusted_makes_no_valid_certificate(
    authority: Authority, tmp_path: Path
) -> None:
    server = authority.server(tmp_path, name="shop.example")

    seen = look(server, an_authority().trust)

    assert seen.fields["valid"] is False
    assert seen.fields["days_left"] == 30.04


async def observe(port: int, *, owner: str = "local", by_model: bool = False) -> Seen:
    toolbox = a_toolbox(owner=owner, seconds=2)
    call = ToolCall(tool="tls", arguments=("127.0.0.1", str(port)))
    return await toolbox.observe(call, chosen_by_model=by_model)


def test_a_self_signed_certificate_is_not_valid() -> None:
    async def run() -> Seen:
        async with serve({}, tls=True) as site:
            return await observe(site.port)

    seen = asyncio.run(run())

    assert isinstance(seen, Observation)
    assert set(seen.fields) == {"valid", "days_left", "subject", "issuer"}
    assert seen.fields["valid"] is False
    assert "self-signed" in seen.text


def test_a_server_without_tls_has_no_fields() -> None:
    async def run() -> Seen:
        async with serve({"/": page("plain")}) as site:
            return await observe(site.port)

    seen = asyncio.run(run())

    assert isinstance(seen, Observation)
    assert seen.fields == {}


def test_a_port_that_refuses_has_no_fields() -> None:
    seen = asyncio.run(observe(free_port()))

    assert isinstance(seen, Observation)
    assert seen.fields == {}
    assert "connection refused" in seen.text


def test_a_server_that_says_nothing_has_no_fields() -> None:
    with socket.create_server(("127.0.0.1", 0)) as never_accepts:
        seen = asyncio.run(observe(never_accepts.getsockname()[1]))

    assert isinstance(seen, Observation)
    assert seen.fields == {}
    assert "no answer in time" in seen.text


@pytest.mark.parametrize(("owner", "by_model"), [("alice", False), ("local", True)])
def test_it_goes_through_the_gate(owner: str, by_model: bool) -> None:
    seen = asyncio.run(observe(443, owner=owner, by_model=by_model))

    assert isinstance(seen, Unobserved)
    assert seen.why.startswith("not allowed: '127.0.0.1'")
