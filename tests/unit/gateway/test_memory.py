"""A store that has lost state is noticed once, and is lost until it is used again."""

import pytest

from gateway.memory import Memory

LEFT = pytest.mark.parametrize("left", [0, 3], ids=["emptied", "an older copy"])


def noticed(memory: Memory, *counts: int) -> list[bool]:
    """Compare with one count after the other."""
    return [memory.compare(iter([count]).__next__) for count in counts]


@LEFT
def test_a_count_that_falls_is_a_loss_and_noticed_once(left: int) -> None:
    found = noticed(Memory(), 5, 5, left, left, left + 1)
    assert found == [False, False, True, False, False]


def test_a_gateway_that_begins_notices_nothing() -> None:
    assert noticed(Memory(), 0, 0, 7, 8) == [False, False, False, False]


def test_what_was_configured_a_moment_ago_is_missed_too() -> None:
    memory = Memory()
    noticed(memory, 5)
    memory.configured(6)
    assert noticed(memory, 5) == [True]


def test_what_is_configured_during_a_look_is_no_loss() -> None:
    memory = Memory()

    def read() -> int:
        memory.configured(6)
        return 5

    noticed(memory, 5)
    assert not memory.compare(read)
    assert noticed(memory, 6) == [False]


def test_a_config_that_was_there_before_changes_nothing() -> None:
    memory = Memory()
    noticed(memory, 5)
    memory.configured(2)
    assert noticed(memory, 4) == [True]


@LEFT
def test_it_is_lost_until_another_gateway_is_sent_a_config(left: int) -> None:
    memory = Memory()
    noticed(memory, 5)
    assert not memory.is_lost
    noticed(memory, left, left)
    assert memory.is_lost
    noticed(memory, left + 1)
    assert not memory.is_lost


def test_it_is_lost_until_a_config_is_sent_though_it_is_there_already() -> None:
    memory = Memory()
    noticed(memory, 5, 3)
    memory.configured(2)
    assert not memory.is_lost
    assert noticed(memory, 3) == [False]
    assert not memory.is_lost


def test_a_count_that_cannot_be_read_is_no_loss() -> None:
    memory = Memory()
    noticed(memory, 5)
    assert not memory.compare(lambda: None)
    assert not memory.is_lost
    assert noticed(memory, 4) == [True]
