"""A store that has lost state is noticed once, and is lost until it is used again."""

import pytest

from gateway.memory import Memory


def noticed(*counts: int) -> list[bool]:
    memory = Memory()
    return [memory.compare(count) for count in counts]


@pytest.mark.parametrize("left", [0, 3], ids=["emptied", "an older copy"])
def test_a_count_that_falls_is_a_loss_and_noticed_once(left: int) -> None:
    assert noticed(5, 5, left, left, left + 1) == [False, False, True, False, False]


def test_a_gateway_that_begins_notices_nothing() -> None:
    assert noticed(0, 0, 7, 8) == [False, False, False, False]


@pytest.mark.parametrize("left", [0, 3], ids=["emptied", "an older copy"])
def test_it_is_lost_until_something_is_configured(left: int) -> None:
    memory = Memory()
    memory.compare(5)
    assert not memory.is_lost(5)
    assert memory.is_lost(left), "also before it was noticed"
    memory.compare(left)
    assert memory.is_lost(left)
    assert not memory.is_lost(left + 1)


def test_a_store_in_which_nothing_ever_was_is_as_good_as_lost() -> None:
    assert Memory().is_lost(0)


def test_a_count_that_cannot_be_read_is_no_loss() -> None:
    memory = Memory()
    assert not memory.compare(5)
    assert not memory.compare(None)
    assert not memory.is_lost(None)
    assert memory.compare(4)
