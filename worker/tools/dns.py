"""What a name resolves to, as this host's resolver has it."""

from worker.tools.egress import Egress
from worker.tools.measured import Measured

#: Addresses that are listed; they are counted without end.
_LISTED = 32


async def measure_dns(host: str, *, egress: Egress, chosen_by_model: bool) -> Measured:
    """Look the name up. That it does not exist, or has no address, is an answer.

    The addresses are sorted, since resolvers turn their order from one time to the
    next; those that may not be reached are not told either.
    """
    found = await egress.look_up(host, chosen_by_model=chosen_by_model)
    if not found:
        fields = {"found": False, "count": 0}
        return Measured(fields=fields, text=f"{host!r}: no such name, or no address")
    addresses = sorted(found, key=lambda address: (address.version, int(address)))
    listed = " ".join(str(address) for address in addresses[:_LISTED])
    return Measured(
        fields={"found": True, "count": len(addresses), "addresses": listed},
        text=f"{host!r} is at {listed}",
    )
