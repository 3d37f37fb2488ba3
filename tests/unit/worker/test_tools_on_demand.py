"""Tools that are made when they are used."""

import asyncio

from heartbeat.tools import ToolCall
from tests.unit.worker.runs import FakeTools
from worker.tools_on_demand import ToolsOnDemand

CALL = ToolCall(tool="load", arguments=())


class Workshop:
    """Makes tools and remembers them."""

    def __init__(self) -> None:
        self.made: list[FakeTools] = []

    def make(self) -> FakeTools:
        self.made.append(FakeTools())
        return self.made[-1]


def test_a_run_that_uses_none_makes_and_closes_none() -> None:
    workshop = Workshop()

    asyncio.run(ToolsOnDemand(workshop.make).close(ends=0, of="a run"))

    assert workshop.made == []


def test_a_run_uses_one_set_of_them_and_closes_it() -> None:
    workshop = Workshop()

    async def run() -> None:
        tools = ToolsOnDemand(workshop.make)
        await asyncio.gather(*(tools.observe(CALL) for _ in range(3)))
        loop = asyncio.get_running_loop()
        await tools.close(ends=loop.time() + 5, of="a run")

    asyncio.run(run())

    assert [one.is_closed for one in workshop.made] == [True]
