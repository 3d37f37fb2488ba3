"""What was spent on the model: by UTC day, owner and heartbeat."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from redis import Redis

from heartbeat.store import keys
from heartbeat.store.server import Argument, Server
from heartbeat.usage import Usage

#: Under which the sum of an owner or of the fleet is kept; no scheduleId looks so.
TOTAL = "*"
#: Under which heartbeats beyond `MAX_KEPT_APART` of an owner and day are kept as one.
OTHERS = "?"

#: Heartbeats of an owner that are kept apart in a day. Deleting and creating them again
#: must not fill the store.
MAX_KEPT_APART = 2_000

_FIELDS = tuple(Usage.model_fields)


class Account(NamedTuple):
    """Who pays: a heartbeat of an owner."""

    owner: str
    schedule_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What a UTC day has come to: of the fleet, and of whoever was asked for."""

    fleet: Usage
    owners: Mapping[str, Usage]
    heartbeats: Mapping[Account, Usage]


class Spending:
    """Usage of the whole fleet."""

    def __init__(self, server: Server, *, kept_apart: int = MAX_KEPT_APART) -> None:
        self._server = server
        self._kept_apart = kept_apart

    def add(self, usages: Mapping[Account, Usage], now: datetime) -> Spent:
        """Count usages into the UTC day of `now`; return what that day has come to.

        A usage of nothing asks and writes nothing. Counting twice what a lost answer
        left in doubt errs to the side of the budget.
        """
        arguments: list[Argument] = [day_of(now), self._kept_apart]
        for account, usage in usages.items():
            arguments += [*account, _written(usage)]
        found = self._server.run("spend", *arguments)
        assert isinstance(found, list)  # the script's own answer
        fleet, *rest = map(_read, found)
        pairs = list(zip(rest[::2], rest[1::2], strict=True))
        return Spent(
            fleet=fleet,
            owners={
                account.owner: of_owner
                for account, (of_owner, _) in zip(usages, pairs, strict=True)
            },
            heartbeats={
                account: of_heartbeat
                for account, (_, of_heartbeat) in zip(usages, pairs, strict=True)
            },
        )

    def of_fleet(self, now: datetime) -> Usage:
        """Return what the fleet has spent in the UTC day of `now`."""
        key = keys.usage(day_of(now))
        return _read(self._server.ask(lambda client: client.hget(key, TOTAL)))

    def of_owner(
        self, owner: str, days: Sequence[datetime], *, schedule_id: str | None = None
    ) -> list[dict[str, Usage]]:
        """Return by scheduleId what each day has come to, `TOTAL` included.

        Of one heartbeat only, if it is named.
        """
        names = [keys.usage(f"{day_of(day)}:{owner}") for day in days]

        def read(client: Redis) -> list[dict[str, str | None]]:
            with client.pipeline(transaction=False) as pipeline:
                for name in names:
                    if schedule_id is None:
                        pipeline.hgetall(name)
                    else:
                        pipeline.hmget(name, [schedule_id, TOTAL])
                found = pipeline.execute()
            if schedule_id is None:
                return found
            return [dict(zip((schedule_id, TOTAL), one, strict=True)) for one in found]

        return [
            {name: _read(text) for name, text in day.items() if text is not None}
            for day in self._server.ask(read)
        ]


def day_of(instant: datetime) -> str:
    """Return the UTC day of an instant as text."""
    return f"{instant:%Y-%m-%d}"


def _written(usage: Usage) -> str:
    return " ".join(str(getattr(usage, name)) for name in _FIELDS)


def _read(text: object) -> Usage:
    """Read a stored usage; what cannot be read is as good as none."""
    numbers = str(text or "").split()
    if len(numbers) != len(_FIELDS) or not all(map(str.isdecimal, numbers)):
        return Usage()
    return Usage(**dict(zip(_FIELDS, map(int, numbers), strict=True)))
