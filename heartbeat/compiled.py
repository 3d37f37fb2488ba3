"""Rules that a model has made of items, so that most runs need none.

A rule is made from the checklist's own words and the catalogue, before anything from
outside is read; it consists of probes as a person would write them and is judged the
same way. So no tool output decides which rule holds, or can make a false one true.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, NonNegativeInt, StringConstraints, ValidationError

from heartbeat.checklist import Item
from heartbeat.errors import BadRecord, InvalidProbe
from heartbeat.instants import to_ms
from heartbeat.probes import Probe, judge_by_probes, parse_probe
from heartbeat.runs import StoredMs
from heartbeat.tools import CATALOGUE, Observation, Unobserved
from heartbeat.verdict import By, ItemResult, Severity
from heartbeat.wire import Record, explain

#: After this a rule is made again, and whether an item needs reading is asked again.
LIFE = timedelta(hours=24)
#: A rule that could not be made again is used up to this age: it still measures.
LONGEST_LIFE = timedelta(days=7)
#: When a rule that could not be tried out, or no longer fits, is made again.
RETRY = timedelta(hours=1)
#: In one of so many runs a model looks too: once a day at five minutes.
FULL_CHECK_RUNS = 288

#: Bounds of one stored rule: a hundred items fit into a quarter of a megabyte.
MAX_PROBES, MAX_PROBE, MAX_WHY = 8, 250, 300

#: The field that is there if a document was read, in which a key is looked for then.
_DOCUMENT_READ = {"json": "found"}

_MILLISECOND = timedelta(milliseconds=1)

ProbeText = Annotated[str, StringConstraints(max_length=MAX_PROBE)]
Why = Annotated[str, StringConstraints(max_length=MAX_WHY)]


class CompiledItem(Record):
    """What is known of one item: its rule, or that it needs reading (no probes).

    `item` and `made_with` stand for what it was made from, `tried_ms` is when a model
    was asked for it last, `until_ms` when one will be again. `runs` were judged by the
    rule alone since a model last looked; `told` is how bad a model found it since the
    rule became false. `suffices` is false when a model saw trouble that the rule does
    not: then both are asked.
    """

    item: str
    made_with: str
    probes: Annotated[tuple[ProbeText, ...], Field(max_length=MAX_PROBES)] = ()
    why: Why = ""
    made_ms: StoredMs
    tried_ms: StoredMs
    until_ms: StoredMs
    runs: NonNegativeInt = 0
    told: Severity | None = None
    suffices: bool = True

    def is_of(self, item: Item, made_with: str) -> bool:
        """Say whether it was made from this item as it is now written, and by these."""
        return self.item == digest_of(item) and self.made_with == made_with

    def is_fresh(self, now: datetime) -> bool:
        """Say whether it need not be made again."""
        return to_ms(now) < self.until_ms

    def is_usable(self, now: datetime) -> bool:
        """Say whether its rule may judge, fresh or not."""
        age = to_ms(now) - self.made_ms
        return bool(self.probes) and age < LONGEST_LIFE // _MILLISECOND

    @property
    def runs_to_full_check(self) -> int:
        """Return in which run from now on a model looks although the rule holds."""
        return max(1, FULL_CHECK_RUNS - self.runs) if self.suffices else 1

    @property
    def is_full_check_due(self) -> bool:
        """Say whether a model has to look in this run although the rule holds."""
        return self.runs_to_full_check == 1

    def rule(self, *, line: int) -> tuple[Probe, ...]:
        """Return its probes. Raises InvalidProbe."""
        return tuple(parse_probe(source, line=line) for source in self.probes)

    def held(self) -> Self:
        """Return it after a run by the rule alone."""
        return self.but(runs=self.runs + 1, told=None)

    def looked_at(self, told: Severity | None = None) -> Self:
        """Return it after a model has looked, with what it said of a false rule."""
        return self.but(runs=0, told=told)

    def still_false(self) -> Self:
        """Return it after a further run in which the rule is false."""
        return self.but(runs=self.runs + 1)

    def outdated(self, now: datetime) -> Self:
        """Return it so that it is made again at the next run, if not just now it was.

        What cannot be observed now and then must not cost a call each time.
        """
        soonest = max(to_ms(now), self.tried_ms + RETRY // _MILLISECOND)
        return self.but(until_ms=min(self.until_ms, soonest))

    def kept_on(self, now: datetime) -> Self:
        """Return it after a vain try to make it again."""
        return self.but(tried_ms=to_ms(now), until_ms=to_ms(now + RETRY))

    def doubted(self, now: datetime) -> Self:
        """Return it after a model saw trouble while the rule held."""
        return self.but(suffices=False, runs=0, until_ms=to_ms(now + LIFE))

    def after(self, before: "CompiledItem | None") -> Self:
        """Return it as what follows on something older, which may be the same again.

        Making the same rule again does not put off the day on which a model looks; at
        one that is new, or was doubted, it looks at once.
        """
        if before is None or before.probes != self.probes or not before.suffices:
            return self.but(runs=FULL_CHECK_RUNS)
        return self.but(runs=before.runs, told=before.told)

    def but(self, **changes: object) -> Self:
        """Return it with these fields replaced."""
        return self.model_copy(update=changes)


class CompiledItems(Record):
    """All that is known of one heartbeat's items, by item key."""

    v: Literal[1] = 1
    items: Mapping[str, CompiledItem] = Field(default_factory=dict)

    def of(self, item: Item) -> CompiledItem | None:
        """Return what is known of an item as it is now written, if it needs a rule."""
        known = self.items.get(item.key)
        if known is None or known.item != digest_of(item):
            return None
        return known if item.needs_model else None

    def dump(self) -> str:
        """Return the stored text."""
        return self.model_dump_json(by_alias=True, exclude_none=True)


def load_compiled(text: str | bytes) -> CompiledItems:
    """Read a stored record; raises BadRecord, also for a version from the future."""
    try:
        return CompiledItems.model_validate_json(text)
    except ValidationError as error:
        raise BadRecord(f"compiled items: {explain(error)}") from error


def digest_of(item: Item) -> str:
    """Return a digest of all that the checklist says of an item."""
    probes = [probe.source for probe in item.probes]
    return digest([item.text, item.group, item.notes, probes])


def digest(value: object) -> str:
    """Return a short digest of a value that JSON can hold."""
    text = json.dumps(value, ensure_ascii=True, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def judge_by_rule(
    item: Item, rule: Sequence[Probe], outcomes: Sequence[Observation | Unobserved]
) -> ItemResult:
    """Judge an item by a compiled rule, as by the same lines in its checklist.

    One difference: a value that an answer does not have (`json.queue` of `http`, what
    `json` finds at a key) was a guess of the model's, so its absence says that the rule
    does not fit, and nothing is known. What a tool always looks for (`status`) is
    absent only if the thing is.
    """
    fitting = [_fit(probe, one) for probe, one in zip(rule, outcomes, strict=True)]
    result = judge_by_probes(replace(item, probes=tuple(rule)), fitting)
    if result is None:
        raise InvalidProbe("expected a condition in a compiled rule, got none")
    return replace(result, by=By.COMPILED)


def _fit(probe: Probe, outcome: Observation | Unobserved) -> Observation | Unobserved:
    name = "" if probe.condition is None else probe.condition.field
    if isinstance(outcome, Unobserved) or name in outcome.fields:
        return outcome
    is_open = name not in {field.name for field in CATALOGUE[probe.call.tool].fields}
    if not is_open and _DOCUMENT_READ.get(probe.call.tool) not in outcome.fields:
        return outcome
    return Unobserved(call=outcome.call, why=f"the answer has no {name}")
