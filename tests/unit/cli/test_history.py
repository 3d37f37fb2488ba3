"""What history says of a run."""

import pytest

from heartbeat.cli.control import what
from heartbeat.views import RunItemView, RunView


def a_run(**facts: object) -> RunView:
    return RunView.model_validate(
        {"runId": "r", "slot": "2026-11-24T16:00:00.000Z", "status": "unknown", **facts}
    )


def an_item(status: str) -> RunItemView:
    return RunItemView(
        item_key="disk", description="Disk", status=status, details="97 %",
        by="rule", severity="warning",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("run", "said"),
    [
        pytest.param(
            a_run(reason="config", problem="missing: no file 'a'"),
            "config: missing: no file 'a'",
            id="a broken file",
        ),
        pytest.param(a_run(reason="config"), "config", id="of an older worker"),
        pytest.param(
            a_run(reason="paused", count=3, to="2026-11-24T16:00:00.000Z"),
            "paused; 3 times until 2026-11-24 16:00:00",
            id="several",
        ),
        pytest.param(a_run(items=(an_item("ok"),)), "1 item fine", id="fine"),
        pytest.param(
            a_run(items=(an_item("action_needed"),)), "Disk: 97 %", id="not fine"
        ),
    ],
)
def test_it_says_what_was_found_or_why_nothing(run: RunView, said: str) -> None:
    assert what(run) == said
