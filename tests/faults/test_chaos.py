"""Faults of all kinds on all processes under load: nothing is lost, doubled or silent.

`make soak` runs the long form.
"""

from pathlib import Path

import pytest

from tests.faults.chaos import Chaos
from tests.faults.conftest import Soak
from tests.faults.report import Report
from tests.faults.stage import STEADY, play

#: What a deployment must not cost.
UNDISTURBED = {"recovered": 0, "missed": 0, "lost": 0}

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(3600)]


def test_every_slot_and_every_alert_is_accounted_for(
    tmp_path: Path, soak: Soak, capsys: pytest.CaptureFixture[str]
) -> None:
    async def disturb(chaos: Chaos) -> None:
        await chaos.run(soak.faults)

    with capsys.disabled():
        print(f"\nchaos: {soak.faults} faults of seed {soak.seed}", flush=True)
    report = play(tmp_path, seed=soak.seed, disturb=disturb)
    with capsys.disabled():
        print(report, flush=True)
    assert report.problems == []


def test_a_rolling_restart_of_everything_loses_and_doubles_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def disturb(chaos: Chaos) -> None:
        while not await chaos.count("handed_back"):
            await chaos.roll_all()

    report: Report = play(tmp_path, seed=1, disturb=disturb, load=STEADY)
    with capsys.disabled():
        print(f"\nrolling restart\n{report}", flush=True)
    assert report.problems == []
    counted = report.account.counted
    assert counted["handed_back"] > 0
    assert {name: counted.get(name, 0) for name in UNDISTURBED} == UNDISTURBED
