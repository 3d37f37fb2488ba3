"""The compiled rules of a checklist's items, as far as a gateway tells them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rich.text import Text

from heartbeat.checklist import Item
from heartbeat.cli.configured import KnownHeartbeats
from heartbeat.cli.output import counted, plain
from heartbeat.instants import from_text
from heartbeat.views import CompilationView, ItemView


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRules:
    """What is known of the items, by the heartbeats that run the file.

    `why` says why nothing is known; `is_wanted` whether a rule there could be.
    """

    url: str
    is_wanted: bool = True
    why: str | None = None
    heartbeats: Mapping[str, Sequence[ItemView]] = field(default_factory=dict)

    def as_data(self) -> Mapping[str, object]:
        """Return its JSON form."""
        return {
            "url": self.url,
            "answered": self.why is None,
            **({} if self.why is None else {"why": self.why}),
            "heartbeats": [
                {"scheduleId": name, "items": [_data(view) for view in views]}
                for name, views in self.heartbeats.items()
            ],
        }

    def of(self, item: Item, now: datetime) -> Iterator[Text]:
        """Return what each heartbeat has made of an item, line by line."""
        for name, views in self.heartbeats.items():
            lines = [
                line
                for view in views
                if (view.item_key, view.description) == (item.key, item.text)
                for line in rule_lines(view, now)
            ]
            if lines and len(self.heartbeats) > 1:
                yield Text(f"in {name}:", style="dim")
            yield from lines

    def note(self) -> str:
        """Say why no rule is shown; nothing where one is, or where none is missed."""
        if not self.is_wanted:
            return ""
        if self.why is not None:
            return f"compiled rules are not shown: {self.why}"
        if not self.heartbeats:
            return f"not configured at {self.url}: no item is compiled"
        return ""


def compiled_rules(known: KnownHeartbeats, items: Sequence[Item]) -> CompiledRules:
    """Return what the heartbeats of a file have made of its items."""
    if not any(item.needs_model for item in items):
        why = "no item needs a model"
        return CompiledRules(url=known.url, is_wanted=False, why=why)
    return CompiledRules(
        url=known.url,
        why=known.why,
        heartbeats={
            name: [item for item in reply.items if item.compilation is not None]
            for name, reply in known.heartbeats.items()
        },
    )


def rule_lines(view: ItemView, now: datetime) -> Iterator[Text]:
    """Return an item's rule, how old it is and when a model looks; or why none."""
    known = view.compilation
    if known is None:
        return
    yield from (Text(f"compiled: {plain(probe)}") for probe in view.compiled)
    again = _again(known, now)
    if view.compiled:
        made = f"made {_span(now - from_text(known.made_at))} ago, {again}"
        yield Text(f"{made}; {_full_check(known)}", style="dim")
    else:
        yield Text(f"not compiled: {plain(known.why)}; asked {again}", style="dim")


def _data(view: ItemView) -> Mapping[str, object]:
    known = view.compilation
    assert known is not None  # only these are kept
    facts = known.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {"itemKey": view.item_key, "probes": list(view.compiled), **facts}


def _again(known: CompilationView, now: datetime) -> str:
    left = from_text(known.until) - now
    return f"again in {_span(left)}" if left > timedelta(0) else "again at the next run"


def _full_check(known: CompilationView) -> str:
    if not known.suffices:
        return "a model saw trouble beside it, and looks at every run"
    runs = known.runs_to_full_check or 1
    when = "at the next run" if runs == 1 else f"in {counted(runs, 'run')}"
    return f"full check by a model {when}"


def _span(length: timedelta) -> str:
    """Return a length of time, roughly."""
    seconds = max(0, round(length.total_seconds()))
    for unit, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * unit:
            return f"{seconds // unit} {name}"
    return f"{seconds} s"
