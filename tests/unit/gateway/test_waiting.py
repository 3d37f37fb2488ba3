"""How many may wait before anybody knows who they are."""

from gateway.waiting import Waiting


def test_so_many_may_wait_and_no_more() -> None:
    waiting = Waiting(most=2, most_of_address=None)
    waiting.add("a", "10.0.0.1")
    assert not waiting.is_full("10.0.0.1")
    waiting.add("b", "10.0.0.2")
    assert waiting.is_full("10.0.0.3")


def test_one_address_has_its_own_limit() -> None:
    waiting = Waiting(most=100, most_of_address=1)
    waiting.add("a", "10.0.0.1")
    assert waiting.is_full("10.0.0.1")
    assert not waiting.is_full("10.0.0.2")


def test_who_is_known_or_gone_makes_room_once() -> None:
    waiting = Waiting(most=2, most_of_address=2)
    for name in ("a", "b", "b"):
        waiting.add(name, "10.0.0.1")
    assert waiting.is_full("10.0.0.1")
    for _ in range(2):
        waiting.remove("a")
    waiting.add("c", "10.0.0.1")
    assert waiting.is_full("10.0.0.1")
