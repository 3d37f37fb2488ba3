"""Rules from run to run, through the store."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import fakeredis
import pytest

from heartbeat.compiled import CompiledItems
from heartbeat.errors import InvalidModel, StoreUnavailable
from heartbeat.resolve import Bounds
from heartbeat.store.compiled import Compiled
from heartbeat.store.heartbeats import Heartbeats
from heartbeat.store.server import Server
from heartbeat.verdict import By
from tests.unit.worker.compiling import DISK, Machine, RuleMaker
from tests.unit.worker.runs import NOW, RULE, a_config, evaluate
from worker.evaluation import Evaluation
from worker.judge import Limits
from worker.rule_keeper import RuleKeeper
from worker.runner import HeartbeatRunner, Place

UID = "local:hb-1"


class Away(Compiled):
    """A store that cannot be reached, and counts how often it was tried."""

    def __init__(self) -> None:
        self.tries = 0

    def load(self, uid: str) -> CompiledItems:
        self.tries += 1
        raise StoreUnavailable("away")


@pytest.fixture
def compiled() -> Compiled:
    server = Server(fakeredis.FakeRedis(decode_responses=True))
    Heartbeats(server).configure(a_config(DISK), max_per_owner=1)
    return Compiled(server)


def run(
    compiled: Compiled,
    model: RuleMaker,
    *,
    content: str = DISK,
    name_model: Callable[[str | None], str | None] = lambda _: "anthropic:m",
) -> list[By]:
    """Run a heartbeat once; return who judged its items."""
    fields = {"used_percent": 50.0, "load1": 1.0}
    runner = HeartbeatRunner(
        Place(root=Path("/nonexistent"), bounds=Bounds(), limits=Limits()),
        find_model=lambda _: model,
        find_cheaper=lambda _: None,
        make_tools=lambda _: Machine(disk=fields, memory=fields, load=fields),
        keeper=RuleKeeper(compiled, name_model=name_model),
    )
    found = asyncio.run(evaluate(runner, a_config(content)))
    assert isinstance(found, Evaluation)
    return [result.by for result in found.results]


def test_a_rule_that_one_run_has_made_judges_the_next(compiled: Compiled) -> None:
    model = RuleMaker()
    run(compiled, model)
    calls = model.calls
    assert run(compiled, model) == [By.COMPILED]
    assert model.calls == calls


def test_rules_of_items_that_are_gone_are_forgotten(compiled: Compiled) -> None:
    run(compiled, RuleMaker(), content=DISK + "- [ ] Its other disk\n")
    assert len(compiled.load(UID).items) == 2
    run(compiled, RuleMaker())
    assert len(compiled.load(UID).items) == 1


def test_while_the_store_is_away_the_model_judges() -> None:
    model = RuleMaker()
    assert run(Away(), model) == [By.MODEL]
    assert model.proposals == []


def test_a_checklist_of_probes_alone_asks_the_store_nothing() -> None:
    away = Away()
    assert run(away, RuleMaker(), content=RULE) == [By.RULE]
    assert away.tries == 0


def test_a_model_that_has_been_retired_meanwhile_takes_no_other_item_along(
    compiled: Compiled,
) -> None:
    def name_model(_: str | None) -> str:
        raise InvalidModel("retired")

    assert run(compiled, RuleMaker(), name_model=name_model) == [By.COMPILED]


def test_a_rule_is_kept_under_the_heartbeats_own_id(compiled: Compiled) -> None:
    run(compiled, RuleMaker())
    (known,) = compiled.load(UID).items.values()
    assert known.probes == ("disk / used_percent < 90%",)
    assert known.made_ms == int(NOW.timestamp() * 1000)
