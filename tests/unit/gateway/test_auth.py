"""Tokens, the gate, and the limits that no client walks round."""

import os
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.auth import Gate, Login, Refused, Tokens, TokensFile
from gateway.limits import MAX_ADDRESSES, Bucket, Buckets, Failures, canonical_address
from gateway.origin import is_origin_allowed
from heartbeat.errors import InvalidSettings
from heartbeat.owners import LOCAL_OWNER


def digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def a_gate(*, at_most: int = 3) -> Gate:
    tokens = Tokens.parse(f"{digest('red')} alice\n{digest('blue')} bob\n")
    return Gate(tokens, Failures(at_most))


def test_a_token_stands_for_its_owner() -> None:
    login = a_gate().login("blue", "10.0.0.1", 0.0)
    assert login == Login(owner="bob", digest=digest("blue"))


@pytest.mark.parametrize(
    "token",
    ["green", "", None, digest("red"), "red ", "\ud800"],
    ids=["wrong", "empty", "absent", "the digest itself", "a space", "no text"],
)
def test_anything_else_is_refused(token: str | None) -> None:
    assert a_gate().login(token, "10.0.0.1", 0.0) == Refused(blocked=False)


def test_without_tokens_everybody_is_local() -> None:
    gate = Gate(None, Failures(1))
    assert gate.login(None, "10.0.0.1", 0.0) == Login(owner=LOCAL_OWNER)
    assert not gate.is_blocked("any", "10.0.0.1", 0.0)


def test_comments_and_blank_lines_are_no_tokens() -> None:
    text = f"# team\n\n  {digest('red').upper()}\talice  # her laptop\n"
    login = Tokens.parse(text).find("red")
    assert login is not None
    assert login.owner == "alice"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"{digest('x')}", "line 2: expected the SHA-256"),
        (f"{digest('x')} a b", "line 2: expected the SHA-256"),
        ("plain-token alice", "line 2: expected the SHA-256"),
        (f"{digest('x')} a:b", "line 2: expected an owner"),
        (f"{digest('x')} ../up", "line 2: expected an owner"),
    ],
    ids=["no owner", "three words", "no digest", "colon", "a path"],
)
def test_a_bad_line_is_named_and_not_shown(line: str, expected: str) -> None:
    with pytest.raises(InvalidSettings, match=expected) as caught:
        Tokens.parse(f"# first\n{line}\n")
    assert digest("x") not in str(caught.value)
    assert "plain-token" not in str(caught.value)


def test_a_withdrawn_token_no_longer_holds() -> None:
    gate = a_gate()
    login = gate.login("red", "10.0.0.1", 0.0)
    assert isinstance(login, Login)
    assert gate.holds(login)
    gate.tokens = Tokens.parse(f"{digest('blue')} bob")
    assert not gate.holds(login)


def test_too_many_failures_block_wrong_tokens_and_no_right_one() -> None:
    gate = a_gate(at_most=3)
    for second in range(3):
        assert gate.login("guess", "10.0.0.1", float(second)) == Refused(blocked=False)
    assert gate.is_blocked("guess", "10.0.0.1", 3.0)
    assert gate.login("guess", "10.0.0.1", 3.0) == Refused(blocked=True)
    assert gate.login("guess", "10.0.0.2", 3.0) == Refused(blocked=False)
    assert not gate.is_blocked("red", "10.0.0.1", 3.0)
    assert isinstance(gate.login("red", "10.0.0.1", 3.0), Login)


def test_a_right_token_frees_no_wrong_one() -> None:
    gate = a_gate(at_most=2)
    gate.login("guess", "10.0.0.1", 0.0)
    gate.login("red", "10.0.0.1", 1.0)
    gate.login("guess", "10.0.0.1", 2.0)
    gate.login("red", "10.0.0.1", 3.0)
    assert gate.login("guess", "10.0.0.1", 4.0) == Refused(blocked=True)


@given(
    tokens=st.lists(st.sampled_from(["red", "green", "", None]), max_size=30),
    at_most=st.integers(1, 5),
)
def test_what_others_tried_before_never_matters_to_a_right_token(
    tokens: list[str | None], at_most: int
) -> None:
    gate = a_gate(at_most=at_most)
    for second, token in enumerate(tokens):
        gate.login(token, "10.0.0.1", float(second))
    assert isinstance(gate.login("blue", "10.0.0.1", 30.0), Login)


def test_a_block_ends_a_minute_after_its_first_failure() -> None:
    gate = a_gate(at_most=3)
    for second in range(3):
        gate.login("guess", "::1", float(second))
    assert gate.login("guess", "::1", 59.9) == Refused(blocked=True)
    assert gate.login("guess", "::1", 60.0) == Refused(blocked=False)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("127.0.0.1", "::ffff:127.0.0.1"),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2"),
        ("fe80::1%eth0", "fe80::2"),
        ("2001:DB8::1", "2001:db8:0:0::1"),
    ],
    ids=["mapped", "same /64", "with a zone", "spelling"],
)
def test_one_machine_has_one_budget(one: str, other: str) -> None:
    assert canonical_address(one) == canonical_address(other)


def test_neighbours_have_their_own_budgets() -> None:
    names = ["10.0.0.1", "10.0.0.2", "2001:db8:0:1::1", "2001:db8:0:2::1", "a socket"]
    assert len({canonical_address(name) for name in names}) == len(names)


def test_the_memory_of_failures_is_bounded() -> None:
    failures = Failures(1)
    for number in range(MAX_ADDRESSES + 1):
        failures.add(str(number), 0.0)
    assert not failures.is_blocked("0", 0.0)
    assert failures.is_blocked(str(MAX_ADDRESSES), 0.0)


@pytest.mark.parametrize(
    ("origins", "expected"),
    [
        ([], True),
        (["https://ops.example"], True),
        (["https://evil.example"], False),
        (["https://ops.example.evil.example"], False),
        (["https://ops.example:8443"], False),
        (["http://ops.example"], False),
        (["HTTPS://OPS.EXAMPLE"], False),
        (["null"], False),
        ([""], False),
        (["http://localhost:8765"], False),
        (["http://127.0.0.1"], False),
        (["https://ops.example", "https://evil.example"], False),
    ],
    ids=[
        "absent", "listed", "foreign", "suffix", "other port", "other scheme",
        "other case", "null", "empty", "localhost", "loopback", "two headers",
    ],
)  # fmt: skip
def test_origins_are_an_exact_list(origins: list[str], expected: bool) -> None:
    assert is_origin_allowed(origins, ("https://ops.example", "null")) is expected


def test_a_bucket_allows_a_burst_and_then_its_rate() -> None:
    bucket = Bucket(2.0, 4.0, now=0.0)
    assert [bucket.take(0.0) for _ in range(5)] == [True] * 4 + [False]
    assert [bucket.take(0.5) for _ in range(2)] == [True, False]


def test_a_clock_that_stands_still_gives_nothing() -> None:
    bucket = Bucket(2.0, 1.0, now=5.0)
    assert [bucket.take(5.0), bucket.take(4.0)] == [True, False]


def test_each_name_has_its_own_bucket() -> None:
    buckets = Buckets(1.0, 1.0)
    taken = [buckets.take(name, 0.0) for name in ("alice", "alice", "bob")]
    assert taken == [True, False, True]
    assert buckets.take("alice", 100.0)


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_text(f"{digest('red')} alice\n")
    file = TokensFile(path)
    assert file.read().find("red") is not None
    assert file.read_if_changed() is None
    path.write_text(f"{digest('green')} alice\n# longer\n")
    assert file.read_if_changed() is None
    tokens = file.read_if_changed()
    assert tokens is not None
    assert tokens.find("red") is None
    assert file.read_if_changed() is None


def test_a_file_that_is_still_being_written_withdraws_nobody(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    lines = [f"{digest('red')} alice\n", f"{digest('blue')} bob\n"]
    path.write_text("".join(lines))
    file = TokensFile(path)
    file.read()
    path.write_text("")
    assert file.read_if_changed() is None
    path.write_text(lines[0])
    assert file.read_if_changed() is None
    path.write_text("".join([*lines, f"{digest('green')} carol\n"]))
    assert file.read_if_changed() is None
    tokens = file.read_if_changed()
    assert tokens is not None
    assert all(map(tokens.find, ("red", "blue", "green")))


@pytest.mark.parametrize("damage", ["broken", "gone"])
def test_a_damaged_file_changes_nothing_and_is_told_once(
    damage: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "tokens"
    path.write_text(f"{digest('red')} alice\n")
    file = TokensFile(path)
    file.read()
    if damage == "gone":
        os.unlink(path)
    else:
        path.write_text("no such line in any form\n")
    assert [file.read_if_changed() for _ in range(4)] == [None] * 4
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_an_unreadable_file_is_an_error_at_start(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="HEARTBEAT_TOKENS_FILE"):
        TokensFile(tmp_path / "none").read()
