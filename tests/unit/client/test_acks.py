"""When a client acknowledges."""

from heartbeat.client.acks import BATCH, Acks


def test_nothing_is_due_before_anything_was_taken() -> None:
    assert Acks().due() is None


def test_a_full_batch_is_due_at_once() -> None:
    acks = Acks()
    due = [acks.take(f"e-{number}") for number in range(BATCH)]
    assert due == [False] * (BATCH - 1) + [True]
    assert acks.due() == f"e-{BATCH - 1}"


def test_what_was_told_is_not_due_again() -> None:
    acks = Acks()
    acks.take("e-1")
    acks.told("e-1")
    assert acks.due() is None
    assert acks.taken == "e-1"


def test_telling_begins_a_new_batch() -> None:
    acks = Acks()
    for number in range(BATCH):
        acks.take(f"e-{number}")
    acks.told(f"e-{BATCH - 1}")
    assert not acks.take("e-99")


def test_after_a_break_it_is_told_again() -> None:
    acks = Acks()
    acks.take("e-1")
    acks.told("e-1")
    acks.break_off()
    assert acks.due() == "e-1"
