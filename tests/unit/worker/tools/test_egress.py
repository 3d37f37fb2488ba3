import asyncio
import errno
import os
import socket
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

import pytest

from tests.unit.worker.tools.scripted_network import HangingNetwork, ScriptedNetwork
from worker.tools.egress import Egress, explain
from worker.tools.measured import CannotTell
from worker.tools.network import Network, SystemNetwork
from worker.tools.policy import ToolPolicy

PUBLIC = "93.184.216.34"


def a_policy(
    owner: str = "alice",
    *,
    listed: Sequence[str] = (),
    chosen: Sequence[str] = (),
) -> ToolPolicy:
    return ToolPolicy(
        owner=owner,
        root=Path("/nowhere"),
        base=Path("/nowhere"),
        private_hosts=tuple(listed),
        model_hosts=frozenset(chosen),
        is_local=owner == "local",
    )


def addresses(
    policy: ToolPolicy,
    host: str,
    port: int = 80,
    *,
    network: Network | None = None,
    by_model: bool = False,
    lookup_seconds: float = 5.0,
) -> list[str]:
    egress = Egress(
        policy, network=network or ScriptedNetwork(), lookup_seconds=lookup_seconds
    )
    found = asyncio.run(egress.addresses(host, port, chosen_by_model=by_model))
    return [str(address) for address in found]


def refusal(policy: ToolPolicy, host: str, port: int = 80, **options: object) -> str:
    with pytest.raises(CannotTell) as caught:
        addresses(policy, host, port, **options)  # type: ignore[arg-type] # passed on
    return str(caught.value)


def test_public_addresses_are_for_all() -> None:
    network = ScriptedNetwork({"example.com": [[PUBLIC, "2606:2800:220:1::1"]]})

    found = addresses(a_policy(), "example.com", network=network)

    assert found == [PUBLIC, "2606:2800:220:1::1"]


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "[::ffff:169.254.169.254]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "100.100.100.200",
        "168.63.129.16",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "metadata.google.internal",
        "METADATA.google.internal.",
        "innocent.example",
    ],
)
@pytest.mark.parametrize("owner", ["local", "alice"])
def test_cloud_metadata_is_for_nobody(owner: str, host: str) -> None:
    network = ScriptedNetwork({"innocent.example": [["169.254.169.254"]]})
    policy = a_policy(owner, listed=[host])

    assert "not allowed" in refusal(policy, host, network=network)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "0x7f.1", "[::1]", "10.0.0.5", "intranet"]
)
def test_private_addresses_are_for_the_local_owner(host: str) -> None:
    network = ScriptedNetwork({"intranet": [["192.168.1.1"]]})

    assert addresses(a_policy("local"), host, network=network)
    assert "not listed" in refusal(a_policy("alice"), host, network=network)


@pytest.mark.parametrize("entry", ["intranet", "intranet:80", "192.168.1.1"])
def test_listed_private_hosts_are_for_others_too(entry: str) -> None:
    network = ScriptedNetwork({"intranet": [["192.168.1.1"]]})
    policy = a_policy(listed=[entry])

    assert addresses(policy, "intranet", network=network) == ["192.168.1.1"]


def test_a_listed_port_does_not_open_others() -> None:
    network = ScriptedNetwork({"intranet": [["192.168.1.1"]]})
    policy = a_policy(listed=["intranet:80"])

    assert "not listed" in refusal(policy, "intranet", 22, network=network)


def test_one_private_address_among_public_ones_refuses_the_name() -> None:
    network = ScriptedNetwork({"mixed.example": [[PUBLIC, "127.0.0.1"]]})

    assert "not listed" in refusal(a_policy(), "mixed.example", network=network)


def test_a_model_chooses_only_hosts_of_the_checklist_or_the_list() -> None:
    network = ScriptedNetwork({"a.example": [[PUBLIC]], "b.example": [[PUBLIC]]})
    policy = a_policy(chosen=["a.example:80"], listed=["b.example"])

    assert addresses(policy, "a.example", network=network, by_model=True)
    assert addresses(policy, "b.example", network=network, by_model=True)
    why = refusal(policy, "a.example", 81, network=network, by_model=True)
    assert "not in the checklist" in why


def test_a_name_that_may_not_be_chosen_is_never_looked_up() -> None:
    network = ScriptedNetwork()

    refusal(a_policy(), "secret.leak.example", network=network, by_model=True)

    assert network.asked == []


def test_a_name_that_does_not_exist_has_no_address() -> None:
    assert addresses(a_policy(), "nope.example") == []


def test_a_resolver_that_fails_is_not_an_answer() -> None:
    down = socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    network = ScriptedNetwork({"example.com": [down]})

    why = refusal(a_policy(), "example.com", network=network)

    assert why == (
        "the resolver failed for 'example.com': Temporary failure in name resolution"
    )


def test_a_resolver_that_hangs_is_not_an_answer() -> None:
    network = HangingNetwork()
    try:
        why = refusal(a_policy(), "example.com", network=network, lookup_seconds=0.01)
    finally:
        network.released.set()

    assert why == "the resolver did not answer for 'example.com'"


def test_addresses_without_a_route_are_left_out() -> None:
    both: list[Sequence[str]] = [["2606:2800:220:1::1", PUBLIC]]
    network = ScriptedNetwork({"example.com": both}, unrouted=["2606:2800:220:1::1"])

    assert addresses(a_policy(), "example.com", network=network) == [PUBLIC]


def test_no_route_at_all_says_nothing_of_the_host() -> None:
    network = ScriptedNetwork({"example.com": [[PUBLIC]]}, unrouted=[PUBLIC])

    assert "no route" in refusal(a_policy(), "example.com", network=network)


@pytest.mark.parametrize("host", ["999.1.1.1", "a..b", "x" * 64, "a b"])
def test_what_is_no_host_is_refused(host: str) -> None:
    assert "expected a host" in refusal(a_policy("local"), host)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (errno.ECONNREFUSED, "connection refused"),
        (errno.ECONNRESET, "connection reset"),
        (errno.EHOSTUNREACH, "connection failed"),
    ],
)
def test_failures_of_the_other_side_are_told(code: int, said: str) -> None:
    assert explain(OSError(code, os.strerror(code))) == said


@pytest.mark.parametrize("code", [errno.EMFILE, errno.EPERM, errno.EADDRNOTAVAIL])
def test_failures_of_our_own_say_nothing_of_the_other_side(code: int) -> None:
    with pytest.raises(CannotTell, match="cannot connect from here"):
        explain(OSError(code, os.strerror(code)))


def test_the_system_has_a_way_to_itself_and_none_to_everybody() -> None:
    network = SystemNetwork()

    assert network.look_up("127.0.0.1", 80) == ["127.0.0.1"]
    assert network.has_route(ip_address("127.0.0.1"), 80)
    assert not network.has_route(ip_address("255.255.255.255"), 80)
