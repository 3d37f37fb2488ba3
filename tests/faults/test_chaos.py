"""Faults of all kinds on all processes under load: nothing is lost, doubled or silent.

`make soak` runs the long form.
"""

from pathlib import Path

import pytest

from tests.faults.chaos import Chaos
from tests.faults.conftest import Soak
from tests.faults.report import Report
from tests.faults.stage import play

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
    report: Report = play(tmp_path, seed=1, disturb=Chaos.roll_all)
    with capsys.disabled():
        print(f"\nrolling restart\n{report}", flush=True)
    assert report.problems == []
    assert report.account.fates["lost (worker_died)"] == 0
