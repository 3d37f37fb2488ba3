"""What `check` and `init` say of checklists."""

from pathlib import Path

import pytest

from tests.unit.cli.calling import Call

CHECKLIST = """\
---
interval: 20
timezone: Europe/Berlin
activeHours: {start: "08:00", end: "20:00", daysOfWeek: [1, 2, 3, 4, 5]}
---
- [ ] Disk {severity=critical}
  - probe: disk / used_percent < 90%
- [ ] Front page
- [x] Off
-[ ] near miss
"""


@pytest.fixture
def checklist(tmp_path: Path) -> str:
    (tmp_path / "list.md").write_text(CHECKLIST)
    return "list.md"


def test_it_shows_items_and_who_judges_them(call: Call, checklist: str) -> None:
    called = call("check", checklist)
    assert called.code == 0
    assert "2 items, 1 off; 1 by a model" in called.out
    assert "disk / used_percent < 90%" in called.out
    assert "a model (none is configured" in called.out


def test_it_says_that_a_model_is_there_when_it_is(call: Call, checklist: str) -> None:
    out = call("check", checklist, ANTHROPIC_API_KEY="sk-test").out
    assert "a model" in out
    assert "none is configured" not in out


def test_it_warns_of_near_misses_with_their_line(call: Call, checklist: str) -> None:
    assert "warning: line 10: expected an item" in call("check", checklist).out


def test_json_has_items_warnings_and_slots(call: Call, checklist: str) -> None:
    data = call("--json", "check", checklist).data
    assert data["valid"] is True
    items = data["items"]
    assert isinstance(items, list)
    assert [item["needsModel"] for item in items] == [False, True]
    assert items[0]["severity"] == "critical"
    warnings, slots = data["warnings"], data["nextRuns"]
    assert isinstance(warnings, list)
    assert isinstance(slots, list)
    assert warnings[0]["line"] == 10
    assert len(slots) == 5


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("# Nothing yet\n", "empty: nothing would be", id="empty"),
        pytest.param("- [x] a\n", "no item is on, 1 off: nothing would be", id="off"),
    ],
)
def test_a_checklist_that_checks_nothing_is_trouble_found(
    call: Call, tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "empty.md").write_text(text)
    called = call("check", "empty.md")
    assert called.code == 1
    assert said in called.out


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("- [ ] a\n  - probe: dsk /\n", "line 2", id="probe"),
        pytest.param("---\ninterval: soon\n---\n- [ ] a\n", "interval", id="interval"),
        pytest.param("---\ninterval: 1\n- [ ] a\n", "closes the front", id="unclosed"),
        pytest.param("- plain\n", "items: bullets", id="no-boxes"),
        pytest.param(
            "- [ ] a {model=anthropic:claude-3}\n",
            "line 1: expected a model",
            id="model",
        ),
        pytest.param("---\ntimezone: Mars/X\n---\n- [ ] a\n", "Mars/X", id="zone"),
        pytest.param(
            '---\ncronExpression: "* * * * * *"\n---\n- [ ] a\n', "five", id="cron"
        ),
        pytest.param("---\ninterval: 0.1\n---\n- [ ] a\n", "60 s", id="too-often"),
    ],
)
def test_errors_in_the_file_are_trouble_found(
    call: Call, tmp_path: Path, text: str, expected: str
) -> None:
    (tmp_path / "bad.md").write_text(text)
    called = call("check", "bad.md")
    assert called.code == 1
    assert expected in called.out
    data = call("--json", "check", "bad.md").data
    assert data["valid"] is False


PACED = """\
---
interval: 30
activeHours: [{start: "08:00", end: "12:00", interval: 5}]
---
- [ ] Disk {#disk every=4h}
- [ ] Front page {#page every=1m model=anthropic:claude-sonnet-5-5}
- [ ] Load
"""


def test_items_with_a_cadence_of_their_own_are_previewed(
    call: Call, tmp_path: Path
) -> None:
    (tmp_path / "paced.md").write_text(PACED)
    data = call("--json", "check", "paced.md").data
    runs, items = data["itemRuns"], data["items"]
    assert isinstance(runs, list)
    assert isinstance(items, list)
    assert [item["every"] for item in items] == [240.0, 1.0, None]
    assert [one["itemKey"] for one in runs] == ["disk", "page"]
    assert [len(one["nextRuns"]) for one in runs] == [3, 3]
    out = call("check", "paced.md").out
    assert "08:00-12:00 every 5 min" in out
    assert "anthropic:claude-sonnet-5-5 (none is configured" in out
    assert "every=1m is less than the 5 min" in out


def test_a_checklist_without_such_items_has_no_preview(
    call: Call, checklist: str
) -> None:
    assert "of its own" not in call("check", checklist).out
    assert call("--json", "check", checklist).data["itemRuns"] == []


def test_upcoming_previews_items_from_the_same_instant(
    call: Call, tmp_path: Path
) -> None:
    (tmp_path / "paced.md").write_text(PACED)
    start = ("--from", "2026-11-24T16:00:00Z", "-n", "2")
    data = call("--json", "upcoming", "paced.md", *start).data
    runs, slots = data["itemRuns"], data["slots"]
    assert isinstance(runs, list)
    assert isinstance(slots, list)
    # More often than there are slots: at every one of them.
    assert runs[1]["nextRuns"] == [slot["slot"] for slot in slots]
    assert runs[0]["nextRuns"][0].startswith("2026-11-25T")
    assert "4h" in call("upcoming", "paced.md", *start).out


def test_the_starter_is_a_good_checklist(call: Call) -> None:
    assert call("init").code == 0
    called = call("check", "HEARTBEAT.md")
    assert called.code == 0
    assert "3 items; 0 by a model" in called.out
    assert "warning" not in called.out


def test_init_fills_a_folder(call: Call, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    assert call("init", "sub").code == 0
    assert (tmp_path / "sub" / "HEARTBEAT.md").exists()


def test_init_overwrites_only_when_forced(call: Call, tmp_path: Path) -> None:
    path = tmp_path / "HEARTBEAT.md"
    path.write_text("mine")
    assert call("init").code == 2
    assert path.read_text() == "mine"
    assert call("init", "--force").code == 0
    assert path.read_text() != "mine"


def test_upcoming_shows_slots_in_both_zones_and_why_not_before(
    call: Call, checklist: str
) -> None:
    out = call("upcoming", checklist, "-n", "2", "--from", "2026-11-27T18:50:00Z").out
    assert "in Europe/Berlin" in out
    assert "Mon 2026-11-30 08:" in out
    assert "Fri" in out


def test_upcoming_as_json_has_the_reason(call: Call, checklist: str) -> None:
    data = call(
        "--json", "upcoming", checklist, "-n", "3", "--from", "2026-11-28T12:00:00Z"
    ).data
    slots = data["slots"]
    assert isinstance(slots, list)
    assert slots[0]["why"] == "outside active hours until Mon 08:00"
    assert "why" not in slots[1]


def test_the_phase_is_that_of_the_local_gateway(call: Call, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for path in ("a.md", "sub/a.md"):
        (tmp_path / path).write_text("- [ ] a\n")
    start = ("--from", "2026-11-24T16:00:00Z")
    by_root = call("--json", "upcoming", "sub/a.md", *start, HEARTBEAT_ROOT="sub").data
    alone = call("--json", "upcoming", "a.md", *start).data
    assert by_root["slots"] == alone["slots"]
