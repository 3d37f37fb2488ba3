"""Alerts as they are written at the terminal."""

from typing import Literal

import pytest

from heartbeat.cli.alert_lines import lines, open_line
from heartbeat.client import Message
from heartbeat.told import Alert, CheckView, LostMessage, Resolved, ResolvedItem, Status
from heartbeat.views import IncidentView

AT = "2026-11-24T16:00:03.120Z"


def an_alert(
    *,
    kind: Literal["action", "degraded", "overdue", "config"] = "action",
    name: str | None = "web",
    late_by: float | None = None,
    host: str | None = "db1",
) -> Alert:
    check = CheckView(
        description="Disk", details="97 % used", severity="warning", state="new",
        by="rule", item_key="k",
    )  # fmt: skip
    return Alert(
        alert_id="e-1", schedule_id="hb-1", name=name, timestamp=AT, kind=kind,
        checks=(check,), late_by=late_by, host=host,
    )  # fmt: skip


def written(message: Message) -> list[str]:
    return [line.plain.strip() for line in lines(message)]


def test_an_alert_has_its_head_and_a_line_a_check() -> None:
    assert written(an_alert()) == [
        "16:00:03 ALERT web on db1 (hb-1)",
        "✗ Disk: 97 % used (k, warning, new, by rule)",
    ]


@pytest.mark.parametrize(
    ("kind", "word"),
    [("degraded", "UNKNOWN"), ("overdue", "OVERDUE"), ("config", "CONFIG")],
)
def test_every_kind_has_its_word(
    kind: Literal["degraded", "overdue", "config"], word: str
) -> None:
    assert written(an_alert(kind=kind))[0] == f"16:00:03 {word} web on db1 (hb-1)"


def test_what_is_unknown_is_not_marked_as_failed() -> None:
    assert written(an_alert(kind="degraded"))[1].startswith("? Disk")


def test_only_what_can_be_acknowledged_has_the_key_for_that() -> None:
    assert written(an_alert(kind="degraded"))[1].endswith("(warning, new, by rule)")


def test_an_id_that_is_the_name_is_not_said_twice() -> None:
    assert written(an_alert(name="hb-1"))[0] == "16:00:03 ALERT hb-1 on db1"


def test_lateness_is_told_from_a_second_on() -> None:
    assert written(an_alert(late_by=0.6))[0].endswith("on db1 (hb-1)")
    assert written(an_alert(late_by=35.61))[0].endswith("on db1, 35.6 s late (hb-1)")


def test_an_alert_of_several_heartbeats_says_so() -> None:
    alert = Alert(timestamp=AT, kind="overdue", checks=())
    assert written(alert) == ["16:00:03 OVERDUE several heartbeats"]


def test_an_alert_cannot_drive_the_terminal() -> None:
    assert "\x1b" not in "".join(written(an_alert(name="\x1b]0;owned\x07")))


def test_the_end_of_trouble_has_its_reason() -> None:
    item = ResolvedItem(description="Disk", reason="ok")
    resolved = Resolved(name="web", timestamp=AT, kind="action", items=(item,))
    assert written(resolved) == ["16:00:03 RESOLVED web", "✓ Disk (ok)"]


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        pytest.param(
            LostMessage(count=7, reason="retention"), "LOST 7 messages", id="counted"
        ),
        pytest.param(
            LostMessage(reason="state_lost"), "LOST an unknown number", id="uncounted"
        ),
    ],
)
def test_a_hole_is_never_silent(lost: LostMessage, said: str) -> None:
    assert written(lost)[0].startswith(said)


def test_trouble_that_was_open_before_says_since_when() -> None:
    incident = IncidentView(
        schedule_id="hb-1", name="web", item_key="k", description="Disk",
        details="97 % used", severity="critical", state="open", since=AT,
    )  # fmt: skip
    assert open_line(incident).plain.strip() == (
        "✗ web: Disk: 97 % used (critical, since 2026-11-24 16:00:03 UTC, open; hb-1 k)"
    )


def test_open_trouble_of_another_kind_says_which() -> None:
    unjudged = IncidentView(
        schedule_id="hb-1", name="web", kind="degraded", item_key="k",
        description="Disk", details="no model", severity="warning", state="open",
        since=AT,
    )  # fmt: skip
    assert open_line(unjudged).plain.strip() == (
        "? web: Disk: no model (degraded, warning, since 2026-11-24 16:00:03 UTC, open;"
        " hb-1 k)"
    )


def test_that_alerts_are_held_up_and_come_again_is_told_in_words() -> None:
    held_up = Status(
        state="held_up",
        since="2026-11-26T12:00:00.000Z",
        reason="Redis does not serve this gateway: \x1b[31mOOM",
    )
    (line,) = lines(held_up)
    assert line.plain.startswith("HELD UP since 2026-11-26 12:00")
    assert "no alert can come" in line.plain
    assert "OOM" in line.plain
    assert "\x1b" not in line.plain
    (line,) = lines(Status(state="served", since="2026-11-26T12:05:00.000Z"))
    assert line.plain == "SERVED again; what was missed follows"
