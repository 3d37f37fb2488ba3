"""Shapes in which people write their HEARTBEAT.md, and what a person would count."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from heartbeat.checklist import parse_checklist
from heartbeat.errors import InvalidChecklist

FOLDER = Path(__file__).parent / "checklists"
#: Together with the number of shapes, over two thousand.
MUTATIONS_OF_EACH = 20


def expectations() -> dict[str, str]:
    """Read the table: a shape's name, and what is expected of it."""
    lines = (FOLDER / "shapes.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split("|", 1) for line in lines if line and line[0] != "#"]
    return {name.strip(): expected.strip() for name, expected in rows}


EXPECTED = expectations()
TEXTS = {path.stem: path.read_bytes() for path in (FOLDER / "shapes").iterdir()}
PLAIN_LISTS = [name for name, said in EXPECTED.items() if "after each marker" in said]


def counted(text: bytes) -> str:
    """Say of a checklist what the table says."""
    try:
        checklist = parse_checklist(text)
    except InvalidChecklist as error:
        return f"refused: {error}"
    counts = {
        "on": len(checklist.items),
        "off": len(checklist.disabled),
        "warned": len(checklist.warnings),
    }
    return ", ".join(f"{n} {name}" for name, n in counts.items() if n) or "empty"


def test_the_table_tells_of_every_shape() -> None:
    assert set(EXPECTED) == set(TEXTS)
    assert len(TEXTS) * MUTATIONS_OF_EACH > 2000


@pytest.mark.parametrize(("name", "expected"), EXPECTED.items(), ids=EXPECTED)
def test_it_counts_what_a_person_would(name: str, expected: str) -> None:
    found = counted(TEXTS[name])
    if expected.startswith("refused: "):
        assert found.startswith("refused: ")
        assert expected.removeprefix("refused: ").strip("… ") in found
    else:
        assert found == expected


@pytest.mark.parametrize("name", PLAIN_LISTS)
def test_plain_lists_can_opt_in(name: str) -> None:
    assert parse_checklist(b"---\nitems: bullets\n---\n" + TEXTS[name]).items


def _without_a_piece(text: bytes, random: Random) -> bytes:
    start = random.randint(0, len(text))
    return text[:start] + text[start + random.randint(1, 30) :]


def _with_a_sign(text: bytes, random: Random) -> bytes:
    signs = (
        "\n|\r|\t|    |- [ ] |- probe: |---\n|```\n|<!--|-->|{#a |every=}|[|]|\u00a0"
    )
    at = random.randint(0, len(text))
    return text[:at] + random.choice(signs.split("|")).encode() + text[at:]


def _with_an_odd_byte(text: bytes, random: Random) -> bytes:
    at = random.randint(0, len(text))
    return text[:at] + bytes([random.randrange(256)]) + text[at + 1 :]


def _with_lines_in_another_order(text: bytes, random: Random) -> bytes:
    lines = text.splitlines(keepends=True)
    random.shuffle(lines)
    return b"".join(lines)


def _twice(text: bytes, random: Random) -> bytes:
    return text[: random.randint(0, len(text))] + text


def _joined_with_another(text: bytes, random: Random) -> bytes:
    other = TEXTS[random.choice(sorted(TEXTS))]
    return text[: random.randint(0, len(text))] + other[random.randint(0, len(other)) :]


MUTATIONS: list[Callable[[bytes, Random], bytes]] = [
    _without_a_piece,
    _with_a_sign,
    _with_an_odd_byte,
    _with_lines_in_another_order,
    _twice,
    _joined_with_another,
]


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_any_mutation_of_a_shape_is_a_checklist_or_an_invalid_one(name: str) -> None:
    random = Random(name)
    for _ in range(MUTATIONS_OF_EACH):
        text = TEXTS[name]
        for mutate in random.choices(MUTATIONS, k=random.randint(1, 3)):
            text = mutate(text, random)
        with suppress(InvalidChecklist):
            parse_checklist(text)
