import pytest

from heartbeat.patterns import Pattern


@pytest.mark.parametrize(
    "text", ["an ERROR é", b"\xff ERROR \xc3\xa9", "an ERROR é\ud800"]
)
def test_it_is_found_in_text_and_in_bytes(text: str | bytes) -> None:
    assert Pattern("ERROR .?é").is_in(text)
    assert not Pattern("^ERROR").is_in(text)


@pytest.mark.parametrize("text", ["(", r"(a)\1", "\ud800"])
def test_it_refuses_what_is_no_pattern(text: str) -> None:
    with pytest.raises(ValueError, match="expected an RE2 pattern, got "):
        Pattern(text)


def test_it_does_not_backtrack() -> None:
    assert not Pattern("(a+)+$").is_in("a" * 50_000 + "b")
