"""How often something may happen: of one connection, one owner, one address."""

from collections import OrderedDict, deque
from ipaddress import IPv6Address, ip_address

#: Seconds over which failures and breaches are counted.
MINUTE = 60.0
#: Addresses whose failures are remembered; the one heard of longest ago goes first.
MAX_ADDRESSES = 10_000


class Bucket:
    """Allow `rate` events a second, and up to `burst` at once."""

    __slots__ = ("_burst", "_level", "_rate", "_then")

    def __init__(self, rate: float, burst: float, *, now: float) -> None:
        self._rate, self._burst = rate, max(burst, 1.0)
        self._level, self._then = self._burst, now

    def take(self, now: float) -> bool:
        """Take one, or say that there is none."""
        level = self._level + max(now - self._then, 0.0) * self._rate
        self._level, self._then = min(level, self._burst), now
        if self._level < 1.0:
            return False
        self._level -= 1.0
        return True

    def is_full(self, now: float) -> bool:
        """Say whether it holds a whole burst: then it need not be kept."""
        return self._level + (now - self._then) * self._rate >= self._burst


class Buckets:
    """One bucket a name; a name that rests is forgotten."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._buckets: dict[str, Bucket] = {}
        self._swept = 0.0

    def take(self, name: str, now: float) -> bool:
        """Take one of this name's, or say that there is none."""
        if now - self._swept > MINUTE:
            self._forget_rested(now)
        bucket = self._buckets.get(name)
        if bucket is None:
            bucket = Bucket(self._rate, self._burst, now=now)
            self._buckets[name] = bucket
        return bucket.take(now)

    def _forget_rested(self, now: float) -> None:
        self._swept = now
        kept = self._buckets.items()
        self._buckets = {name: one for name, one in kept if not one.is_full(now)}


def per_minute(count: int) -> Buckets:
    """Return buckets that allow so many a minute, and as many at once."""
    return Buckets(count / MINUTE, count)


class Failures:
    """Count failed logins of an address over a minute; no address is exempt."""

    def __init__(self, at_most: int) -> None:
        self._at_most = at_most
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def add(self, address: str, now: float) -> None:
        """Note one failure."""
        times = self._times.setdefault(address, deque(maxlen=self._at_most))
        times.append(now)
        self._times.move_to_end(address)
        if len(self._times) > MAX_ADDRESSES:
            self._times.popitem(last=False)

    def is_blocked(self, address: str, now: float) -> bool:
        """Say whether the address has failed too often within the last minute."""
        times = self._times.get(address)
        if times is None:
            return False
        return len(times) == self._at_most and now - times[0] < MINUTE


def canonical_address(text: str) -> str:
    """Return one name for all spellings of a client's address.

    An IPv6 client owns its whole /64, and a mapped IPv4 address is the IPv4 address:
    otherwise one machine would have many budgets.
    """
    try:
        address = ip_address(text.split("%", 1)[0])
    except ValueError:
        return text
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return f"{IPv6Address(int(address) >> 64 << 64)}/64"
