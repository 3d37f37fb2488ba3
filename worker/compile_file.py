"""Compiling the items of one file by hand: a rule for each that has none, tried out."""

from dataclasses import dataclass

from heartbeat.checklist import Item
from heartbeat.compiled import judge_by_rule
from heartbeat.verdict import ItemResult
from worker.compiling import (
    NeedsReading,
    NotProposed,
    Proposed,
    compile_request,
    read_proposal,
)
from worker.items import Spend, Tools
from worker.model import Failure, Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """What became of one item; `result` is what its rule finds now."""

    item: Item
    why: str
    needs_reading: bool = False
    probes: tuple[str, ...] = ()
    result: ItemResult | None = None

    def told(self) -> dict[str, object]:
        """Return it as one line of JSON says it."""
        told: dict[str, object] = {
            "itemKey": self.item.key,
            "description": self.item.text,
            "line": self.item.line,
            "probes": self.probes,
            "why": self.why,
            "needsReading": self.needs_reading,
        }
        if self.result is not None:
            told |= {"status": self.result.verdict, "details": self.result.details}
        return told


async def compile_item(
    item: Item, *, model: Model, tools: Tools, spend: Spend
) -> Compiled | Failure:
    """Ask for an item's rule and measure it, as a model's own calls may measure."""
    if not await spend.may_call():
        return Compiled(item=item, why=(await spend.tightest()).told())
    reply = await model.reply(compile_request(item))
    if isinstance(reply, Failure):
        return reply
    spend.spent(reply.usage)
    match read_proposal(reply, line=item.line):
        case NeedsReading(why=why):
            return Compiled(item=item, why=why, needs_reading=True)
        case NotProposed(why=why):
            return Compiled(item=item, why=why)
        case Proposed(rule=rule, why=why):
            outcomes = [
                await tools.observe(probe.call, chosen_by_model=True) for probe in rule
            ]
            return Compiled(
                item=item,
                why=why,
                probes=tuple(probe.source for probe in rule),
                result=judge_by_rule(item, rule, outcomes),
            )
