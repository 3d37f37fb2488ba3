"""Split a line into words as a shell does, with double quotes only."""

from dataclasses import dataclass

from heartbeat.phrases import shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word. A quoted one is never an operator, and may hold spaces."""

    text: str
    quoted: bool = False


def split_words(line: str) -> tuple[Word, ...]:
    r"""Split at white space outside quotes. Raises ValueError for an open quote.

    Inside quotes `\"` and `\\` stand for the second character; any other backslash,
    and every one outside quotes, is itself, so that patterns need no doubling.
    """
    words: list[Word] = []
    text, quoted, inside = "", False, False
    characters = iter(line)
    for character in characters:
        if character == '"':
            quoted, inside = True, not inside
        elif inside and character == "\\":
            following = next(characters, "")
            text += following if following in ('"', "\\") else f"\\{following}"
        elif character.isspace() and not inside:
            if text or quoted:
                words.append(Word(text=text, quoted=quoted))
            text, quoted = "", False
        else:
            text += character
    if inside:
        raise ValueError(f'expected a closing ", got {shown(line)}')
    if text or quoted:
        words.append(Word(text=text, quoted=quoted))
    return tuple(words)


def quote_word(word: Word) -> str:
    """Write a word so that it is split into the same one again."""
    if not word.quoted:
        return word.text
    escaped = word.text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
