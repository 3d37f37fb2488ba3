"""What is open, as it is written at the terminal."""

from heartbeat.cli.incidents import incident_lines
from heartbeat.views import IncidentView

AT = "2026-11-24T16:00:03.120Z"
ITEM = IncidentView(
    schedule_id="s" * 64, name="web", item_key="k" * 64, description="Disk",
    details="97 % used", severity="critical", state="snoozed", since=AT,
    snoozed_until="2026-11-24T17:00:03.120Z",
)  # fmt: skip
WHOLE = IncidentView(
    schedule_id="hb-1", name="web", kind="config", description="The checklist",
    details="is missing", severity="critical", state="open", since=AT,
)  # fmt: skip


def written(*found: IncidentView) -> list[str]:
    return [line.plain for line in incident_lines(found)]


def test_nothing_open_is_said() -> None:
    assert written() == ["nothing is open"]


def test_nothing_of_a_row_is_cut_and_its_trouble_stands_below() -> None:
    head, row, trouble = written(ITEM)
    assert head.split()[:4] == ["id", "kind", "item", "severity"]
    assert row.split("  ") == [
        "s" * 64,
        "action",
        "k" * 64,
        "critical",
        "2026-11-24 16:00:03",
        "snoozed until 2026-11-24 17:00:03",
    ]
    assert trouble == "  web: Disk: 97 % used"


def test_trouble_of_a_whole_heartbeat_has_no_item() -> None:
    _, row, trouble = written(WHOLE)
    assert row.split()[:4] == ["hb-1", "config", "-", "critical"]
    assert trouble == "  web: The checklist: is missing"
