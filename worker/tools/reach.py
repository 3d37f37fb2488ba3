"""Reaching a host that has several addresses: the first one that answers counts."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from worker.tools.addresses import Address
from worker.tools.egress import Egress, explain

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached(Generic[_Result]):
    """What came of the first address that answered."""

    result: _Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreached:
    """No address of the host answered, which is an observation."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How one heartbeat's tools reach hosts: through the gate, and for how long."""

    egress: Egress
    seconds: float

    async def first(
        self,
        host: str,
        port: int,
        attempt: Callable[[Address], Awaitable[_Result]],
        *,
        chosen_by_model: bool,
    ) -> Reached[_Result] | Unreached:
        """Make the attempt with one address after another until one succeeds.

        An attempt fails by OSError or by taking more than its share of the time.
        Raises CannotTell as the gate does, and for failures of this host.
        """
        addresses = await self.egress.addresses(
            host, port, chosen_by_model=chosen_by_model
        )
        why = "no such host"
        for address in addresses:
            try:
                async with asyncio.timeout(self.seconds / len(addresses)):
                    return Reached(result=await attempt(address))
            except TimeoutError:
                why = "no answer in time"
            except OSError as error:
                why = explain(error)
        return Unreached(why=why)
