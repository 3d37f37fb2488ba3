import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.tools.hosts import HostList, InvalidHost, canonical_host, hosts_in


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("Example.COM.", "example.com"),
        ("bücher.de", "xn--bcher-kva.de"),
        ("foo_bar", "foo_bar"),
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("0x7F000001", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("１２７.0.0.1", "127.0.0.1"),
        ("127。0。0。1", "127.0.0.1"),
        ("[::1]", "::1"),
        ("0:0:0:0:0:0:0:1", "::1"),
        ("::ffff:127.0.0.1", "::ffff:7f00:1"),
    ],
)
def test_a_host_has_one_spelling(written: str, canonical: str) -> None:
    assert canonical_host(written) == canonical


@pytest.mark.parametrize(
    "written",
    [
        "",
        ".",
        "999.1.1.1",
        "4294967296",
        "1.2.3.4.5",
        "0x",
        "a..b",
        "a b",
        "a" * 64,
        "a." * 200,
    ],
)
def test_it_refuses_what_no_host_can_be(written: str) -> None:
    with pytest.raises(InvalidHost, match="expected a host"):
        canonical_host(written)


@pytest.mark.parametrize(
    ("entry", "host", "port", "covered"),
    [
        ("db.internal", "db.internal", 5432, True),
        ("DB.internal.", "db.internal", 5432, True),
        ("db.internal:5432", "db.internal", 5432, True),
        ("db.internal:5432", "db.internal", 22, False),
        ("db.internal", "x.db.internal", 5432, False),
        ("10.0.0.5:80", "10.0.0.5", 80, True),
        ("::1", "::1", 80, True),
        ("[::1]:80", "::1", 80, True),
        ("[::1]:80", "::1", 81, False),
        ("db.internal:5432", "db.internal", None, True),
        ("db.internal", "x.db.internal", None, False),
    ],
)
def test_a_list_covers_a_host_with_any_port_or_with_its_own(
    entry: str, host: str, port: int | None, covered: bool
) -> None:
    assert HostList([entry]).covers(host, port) is covered


@pytest.mark.parametrize("entry", ["", "host:", "host:http", "http://host/", "a b:1"])
def test_it_refuses_entries_that_are_no_host(entry: str) -> None:
    with pytest.raises(InvalidHost):
        HostList([entry])


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("Is https://API.example.com:8443/x?y=1 fine?", {"api.example.com:8443"}),
        ("see [docs](http://docs.example.com/a).", {"docs.example.com"}),
        ("- probe: http http://[::1]:8080/ status == 200", {"[::1]:8080"}),
        ("- probe: tcp db 5432 open == true", {"db:5432"}),
        ('- probe: tcp "10.0.0.5" 22', {"10.0.0.5:22", "10.0.0.5"}),
        ("- probe: tls db.app 443 days_left > 7", {"db.app:443", "db.app"}),
        ("- probe: dns intranet found == true", {"intranet"}),
        ("- probe: redis cache:6380 mail length < 9", {"cache:6380"}),
        ("- probe: redis_info cache answers == true", {"cache"}),
        ("see redis://cache:6379/1", {"cache:6379"}),
        ("the dns is slow", set()),
        ("Is example.com up, and www.example.org?", {"example.com", "www.example.org"}),
        ("can `redis:6379` be reached", {"redis:6379"}),
        ("is localhost:8080 there", {"localhost:8080"}),
        ("http://readme.md/ on purpose", {"readme.md"}),
        ("read HEARTBEAT.md and /srv/app.data, app.log", set()),
        ("at 12:30 the share is 99.9, version 1.2.3", set()),
        ("mail ops@mail.example.com", set()),
        ("https:// and http://999.1.1.1/ are nothing", set()),
    ],
)
def test_it_finds_the_hosts_that_a_checklist_names(text: str, hosts: set[str]) -> None:
    assert hosts_in(text) == hosts


def test_what_it_finds_can_be_made_a_list() -> None:
    found = HostList(hosts_in("http://[::1]:8080/ and db:5432 and example.com"))

    assert found.covers("::1", 8080)
    assert found.covers("db", 5432)
    assert found.covers("example.com", 443)


@given(
    st.text(alphabet="a1.:[]%/-@ü _\n", max_size=40),
    st.sampled_from(["", "tcp ", "http://"]),
)
def test_whatever_it_finds_can_be_made_a_list(text: str, lead: str) -> None:
    HostList(hosts_in(lead + text))
