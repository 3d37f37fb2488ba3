"""Judges items by compiled rules, and sees to it that rules are made and checked.

Asymmetric as everything here: a rule that is false needs action whatever a model says
of it, since the rule was fixed before anything untrusted was read; a rule that holds is
ok only as long as no model has seen trouble beside it.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from heartbeat.checklist import Item
from heartbeat.compiled import (
    LIFE,
    MAX_WHY,
    CompiledItem,
    CompiledItems,
    digest_of,
    judge_by_rule,
)
from heartbeat.errors import InvalidProbe
from heartbeat.instants import to_ms
from heartbeat.phrases import clip
from heartbeat.probes import Probe
from heartbeat.tools import Observation, Unobserved
from heartbeat.usage import Usage
from heartbeat.verdict import ItemResult, Verdict
from worker.compiling import NeedsReading, NotProposed, Proposal, Proposed, made_with
from worker.judge import Judged
from worker.model import Failure

Outcomes = Sequence[Observation | Unobserved]


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """How one item is looked at: `ask` judges by a model, beside what was observed.

    `propose` has a rule made, `observe` measures it; `read` judges by a model whose ok
    is read again.
    """

    propose: Callable[[], Awaitable[tuple[Proposal | Failure, Usage]]]
    observe: Callable[[Sequence[Probe]], Awaitable[Outcomes]]
    ask: Callable[[Sequence[Observation]], Awaitable[Judged]]
    read: Callable[[Sequence[Observation]], Awaitable[Judged]]


@dataclass(slots=True, kw_only=True)
class Rules:
    """What is known of a heartbeat's items, before a run and, changed, after it."""

    now: datetime
    name_model: Callable[[str | None], str]
    known: dict[str, CompiledItem] = field(default_factory=dict)

    def record(self, keys: Collection[str]) -> CompiledItems:
        """Return what is to be stored: what is known of the items of these keys."""
        kept = {key: one for key, one in self.known.items() if key in keys}
        return CompiledItems(items=kept)

    def has_rule(self, item: Item) -> bool:
        """Say whether there is a rule that judges the item if no model answers."""
        known = self._known(item)
        return known is not None and known.is_usable(self.now)

    async def judge(self, item: Item, means: Means) -> Judged:
        """Judge an item by its rule, having one made where none is fresh.

        Without a rule, and where the rule alone does not suffice, a model judges.
        """
        known = self._known(item)
        outcomes: Outcomes | None = None
        spent = Usage()
        if known is None or not known.is_fresh(self.now):
            known, outcomes, spent = await self._made(item, known, means)
        if known is None or not known.probes:
            judged = await means.read(())
        else:
            rule = known.rule(line=item.line)
            if outcomes is None:
                outcomes = await means.observe(rule)
            result = judge_by_rule(item, rule, outcomes)
            judged = await self._weigh(item, known, result, _seen(outcomes), means)
        return replace(judged, usage=judged.usage + spent)

    def _known(self, item: Item) -> CompiledItem | None:
        known = self.known.get(item.key)
        if known is None or not known.is_of(item, self._made_with(item)):
            return None
        try:
            known.rule(line=item.line)
        except InvalidProbe:  # written by another version of this program
            return None
        return known

    def _made_with(self, item: Item) -> str:
        return made_with(self.name_model(item.model))

    async def _made(
        self, item: Item, known: CompiledItem | None, means: Means
    ) -> tuple[CompiledItem | None, Outcomes | None, Usage]:
        """Have a rule made and try it out; what was known holds where that fails."""
        old = known if known is not None and known.is_usable(self.now) else None
        proposal, spent = await means.propose()
        outcomes: Outcomes | None = None
        match proposal:
            case Failure():
                return old, None, spent
            case NeedsReading(why=why):
                made = self._make(item, why=why)
            case NotProposed(why=why):
                made = self._unproven(item, old, why)
            case Proposed(rule=rule, why=why):
                outcomes = await means.observe(rule)
                tried = judge_by_rule(item, rule, outcomes)
                if tried.verdict is Verdict.UNKNOWN:
                    made = self._unproven(item, old, tried.details)
                    outcomes = None
                else:
                    made = self._make(item, rule=rule, why=why).after(known)
        self.known[item.key] = made
        return made, outcomes, spent

    def _make(
        self, item: Item, *, why: str, rule: Sequence[Probe] = ()
    ) -> CompiledItem:
        return CompiledItem(
            item=digest_of(item),
            made_with=self._made_with(item),
            probes=tuple(probe.source for probe in rule),
            why=why,
            made_ms=to_ms(self.now),
            tried_ms=to_ms(self.now),
            until_ms=to_ms(self.now + LIFE),
        )

    def _unproven(self, item: Item, old: CompiledItem | None, why: str) -> CompiledItem:
        """Keep to what has been tried out before, and ask again later.

        A value that has vanished must not turn a measured item into one that is read.
        """
        if old is not None:
            return old.kept_on(self.now)
        made = self._make(item, why=clip(f"no rule yet: {why}", MAX_WHY))
        return made.kept_on(self.now)

    async def _weigh(
        self,
        item: Item,
        known: CompiledItem,
        by_rule: ItemResult,
        seen: Sequence[Observation],
        means: Means,
    ) -> Judged:
        if by_rule.verdict is Verdict.UNKNOWN:
            self.known[item.key] = known.outdated(self.now)
            return _free(by_rule)
        if by_rule.verdict is Verdict.ACTION_NEEDED:
            return await self._false(item, known, by_rule, seen, means)
        if not known.suffices:
            return await means.read(seen)
        if not known.is_full_check_due:
            self.known[item.key] = known.held()
            return _free(by_rule)
        judged = await means.ask(seen)
        if judged.result.verdict is Verdict.ACTION_NEEDED:
            self.known[item.key] = known.doubted(self.now)
            return judged
        # Whatever kept the model from a verdict, the rule was measured, and holds.
        self.known[item.key] = known.looked_at()
        return replace(judged, result=by_rule)

    async def _false(
        self,
        item: Item,
        known: CompiledItem,
        by_rule: ItemResult,
        seen: Sequence[Observation],
        means: Means,
    ) -> Judged:
        """Let a model look once at what is wrong; the rule stands, whatever it says."""
        if known.told is not None and not known.is_full_check_due:
            self.known[item.key] = known.still_false()
            return _free(replace(by_rule, severity=known.told))
        judged = await means.ask(seen)
        agrees = judged.result.verdict is Verdict.ACTION_NEEDED
        severity = judged.result.severity if agrees else item.severity
        self.known[item.key] = known.looked_at(severity)
        said = _SAID[judged.result.verdict].format(judged.result.details)
        details = f"{by_rule.details}; {said}"
        return replace(
            judged, result=replace(by_rule, details=details, severity=severity)
        )


_SAID: Mapping[Verdict, str] = {
    Verdict.ACTION_NEEDED: "{}",
    Verdict.OK: "the model finds it in order, which the rule does not: {}",
    Verdict.UNKNOWN: "the model could not tell more: {}",
}


def _free(result: ItemResult) -> Judged:
    return Judged(result=result, usage=Usage(), steps=0)


def _seen(outcomes: Outcomes) -> list[Observation]:
    return [one for one in outcomes if isinstance(one, Observation)]
