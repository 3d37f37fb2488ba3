"""Where `http` lets itself be led: redirects, names that move, certificates."""

import asyncio
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from heartbeat.tools import Observation, Unobserved
from tests.integration.loopback_site import (
    CERTIFICATE,
    Page,
    Site,
    page,
    redirect,
    serve,
)
from tests.integration.toolboxes import Seen, a_toolbox, get
from tests.unit.worker.tools.scripted_network import ScriptedNetwork
from worker.tools.toolbox import Toolbox


def follow(
    pages: Mapping[str, Page], toolbox: Toolbox, *, by_model: bool = False
) -> tuple[Seen, Site]:
    async def run() -> tuple[Seen, Site]:
        async with serve(pages) as site:
            return await get(site.url("/"), toolbox, by_model=by_model), site

    return asyncio.run(run())


def test_it_follows_five_redirects() -> None:
    hops: dict[str, Page] = {f"/{n}": redirect(f"/{n + 1}") for n in range(1, 5)}
    pages = {"/": redirect("1"), **hops, "/5": page("there")}

    seen, site = follow(pages, a_toolbox())

    assert isinstance(seen, Observation)
    assert seen.fields["body"] == "there"
    assert len(site.requests) == 6


def test_a_circle_of_redirects_ends_with_the_last_status() -> None:
    seen, site = follow({"/": redirect("/")}, a_toolbox())

    assert isinstance(seen, Observation)
    assert seen.fields == {"status": 302}
    assert "redirected more than 5 times" in seen.text
    assert len(site.requests) == 6


def test_a_redirect_to_nowhere_is_a_page() -> None:
    seen, _ = follow({"/": page("hm", status="302 Found")}, a_toolbox())

    assert isinstance(seen, Observation)
    assert seen.fields["status"] == 302


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:a9fe:a9fe]/",
        "http://2852039166/",
        "http://metadata.google.internal/",
        "file:///etc/passwd",
        "http://user:hunter2@127.0.0.1/",
        "http://[half/",
    ],
)
def test_it_does_not_follow_where_nobody_may_go(location: str) -> None:
    seen, site = follow({"/": redirect(location)}, a_toolbox())

    assert isinstance(seen, Unobserved)
    assert "hunter2" not in seen.why
    assert len(site.requests) == 1


@pytest.mark.parametrize("owner", ["local", "alice"])
def test_a_redirect_to_the_loopback_is_for_the_local_owner(owner: str) -> None:
    async def run() -> tuple[Seen, Site]:
        async with serve({"/": page("inside")}) as inner:
            pages = {"/": redirect(inner.url())}
            async with serve(pages) as outer:
                listed = [f"127.0.0.1:{outer.port}"]
                toolbox = a_toolbox(owner=owner, listed=listed)
                return await get(outer.url(), toolbox), inner

    seen, inner = asyncio.run(run())
    assert isinstance(seen, Observation) is (owner == "local")
    assert len(inner.requests) == (1 if owner == "local" else 0)


def test_a_models_call_is_not_led_to_another_host() -> None:
    pages = {"/": redirect("http://leak.example/?secret")}
    network = ScriptedNetwork({"leak.example": [["93.184.216.34"]]})
    toolbox = a_toolbox(chosen=["127.0.0.1"], network=network)

    seen, _ = follow(pages, toolbox, by_model=True)

    assert isinstance(seen, Unobserved)
    assert "not in the checklist" in seen.why
    assert network.asked == []


def test_it_connects_to_the_very_address_that_was_checked() -> None:
    """The resolver's second answer is never asked for, so it cannot matter."""
    network = ScriptedNetwork({"rebind.example": [["127.0.0.1"], ["169.254.169.254"]]})

    async def run() -> tuple[Seen, Site]:
        async with serve({"/": page("first")}) as site:
            url = site.url(host="rebind.example")
            return await get(url, a_toolbox(network=network)), site

    seen, site = asyncio.run(run())
    assert isinstance(seen, Observation)
    assert seen.fields["body"] == "first"
    assert network.asked == ["rebind.example"]
    assert f"Host: rebind.example:{site.port}".encode() in site.requests[0]


def test_each_redirect_is_looked_up_and_checked_anew() -> None:
    network = ScriptedNetwork({"rebind.example": [["127.0.0.1"], ["169.254.169.254"]]})

    async def run() -> tuple[Seen, Site]:
        async with serve({"/": redirect("/next"), "/next": page("ok")}) as site:
            url = site.url(host="rebind.example")
            return await get(url, a_toolbox(network=network)), site

    seen, site = asyncio.run(run())
    assert isinstance(seen, Unobserved)
    assert len(site.requests) == 1


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.0.0.1."])
def test_an_address_in_any_spelling_is_the_same_address(host: str) -> None:
    async def run(owner: str) -> Seen:
        async with serve({"/": page("ok")}) as site:
            return await get(site.url(host=host), a_toolbox(owner=owner))

    assert isinstance(asyncio.run(run("local")), Observation)
    assert isinstance(asyncio.run(run("alice")), Unobserved)


def test_a_certificate_that_nobody_vouches_for_has_no_fields() -> None:
    async def run() -> Seen:
        async with serve({"/": page("ok")}, tls=True) as site:
            return await get(site.url(scheme="https"), a_toolbox())

    seen = asyncio.run(run())
    assert isinstance(seen, Observation)
    assert seen.fields == {}
    assert "TLS failed: self-signed certificate" in seen.text


def test_a_server_without_tls_has_no_fields_over_https() -> None:
    async def run() -> Seen:
        async with serve({"/": page("ok")}) as site:
            return await get(site.url(scheme="https"), a_toolbox())

    seen = asyncio.run(run())
    assert isinstance(seen, Observation)
    assert seen.fields == {}
    assert "TLS failed" in seen.text


TRUSTING = """
import asyncio
from tests.integration.loopback_site import page, serve
from tests.integration.toolboxes import a_toolbox, get
from tests.unit.worker.tools.scripted_network import ScriptedNetwork

async def run():
    here = [["127.0.0.1"]]
    network = ScriptedNetwork({"localhost": here, "x.example": here})
    async with serve({"/": page("ok")}, tls=True) as site:
        for host in ("localhost", "x.example"):
            url = site.url(host=host, scheme="https")
            print((await get(url, a_toolbox(network=network))).text)

asyncio.run(run())
"""


def test_a_trusted_certificate_must_be_for_the_name_in_the_url() -> None:
    done = subprocess.run(
        [sys.executable, "-c", TRUSTING],
        env={"SSL_CERT_FILE": str(CERTIFICATE)},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "'localhost': HTTP 200" in done.stdout
    assert "'x.example': no answer, TLS failed: Hostname mismatch" in done.stdout
