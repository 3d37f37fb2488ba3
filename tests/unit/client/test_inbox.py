"""The bounded buffer before the consumer."""

import asyncio

import pytest

from heartbeat.client.inbox import Inbox
from heartbeat.errors import Unauthorized
from heartbeat.told import LostMessage


def a_message(number: int) -> LostMessage:
    return LostMessage(count=number, reason="retention")


async def _next_turns() -> None:
    """Let every task that can go on do so."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_messages_come_out_in_order() -> None:
    async def scenario() -> None:
        inbox = Inbox()
        for number in range(3):
            await inbox.put(a_message(number))
        assert [await inbox.get() for _ in range(3)] == [
            a_message(number) for number in range(3)
        ]

    asyncio.run(scenario())


def test_put_waits_while_it_is_full_and_drops_nothing() -> None:
    async def scenario() -> None:
        inbox = Inbox(size=1)
        await inbox.put(a_message(1))
        waiting = asyncio.create_task(inbox.put(a_message(2)))
        await _next_turns()
        assert not waiting.done()
        assert await inbox.get() == a_message(1)
        await waiting
        assert await inbox.get() == a_message(2)

    asyncio.run(scenario())


def test_readers_get_what_is_left_before_the_end() -> None:
    async def scenario() -> None:
        inbox = Inbox()
        await inbox.put(a_message(1))
        await inbox.end(None)
        assert await inbox.get() == a_message(1)
        assert await inbox.get() is None

    asyncio.run(scenario())


def test_a_waiting_reader_is_told_the_error() -> None:
    async def scenario() -> None:
        inbox = Inbox()
        reader = asyncio.create_task(inbox.get())
        await _next_turns()
        await inbox.end(Unauthorized("no"))
        with pytest.raises(Unauthorized):
            await reader

    asyncio.run(scenario())


def test_the_first_end_holds() -> None:
    async def scenario() -> None:
        inbox = Inbox()
        await inbox.end(Unauthorized("no"))
        await inbox.end(None)
        with pytest.raises(Unauthorized):
            await inbox.get()

    asyncio.run(scenario())
