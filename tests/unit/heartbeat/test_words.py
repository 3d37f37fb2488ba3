"""Words as a shell has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heartbeat.words import Word, quote_word, split_words


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("  a\tb  ", ["a", "b"]),
        ('a "b c" d', ["a", "b c", "d"]),
        ('""', [""]),
        ('a"b c"d', ["ab cd"]),
        (r'"say \"hi\""', ['say "hi"']),
        (r'"C:\\logs\new"', [r"C:\logs\new"]),
        (r"\d+ 'a b'", [r"\d+", "'a", "b'"]),
    ],
)
def test_it_splits_at_white_space_outside_double_quotes(
    line: str, words: list[str]
) -> None:
    assert [word.text for word in split_words(line)] == words


def test_it_remembers_which_words_were_quoted() -> None:
    assert split_words('a "b"') == (Word(text="a"), Word(text="b", quoted=True))


@pytest.mark.parametrize("line", ['"', 'a "b', r'"a\"'])
def test_it_refuses_an_open_quote(line: str) -> None:
    with pytest.raises(ValueError, match='expected a closing "'):
        split_words(line)


@given(st.lists(st.builds(Word, text=st.text(), quoted=st.just(True))))
def test_quoting_and_splitting_gives_the_same_words(words: list[Word]) -> None:
    assert split_words(" ".join(map(quote_word, words))) == tuple(words)
