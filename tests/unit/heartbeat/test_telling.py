"""From notices to the messages that owners get."""

import json

import pytest

from heartbeat.instants import from_text
from heartbeat.notices import (
    ActionNeeded,
    Check,
    CheckState,
    ConfigTrouble,
    Degraded,
    Ending,
    Kind,
    Notice,
    Overdue,
    Resolved,
    ResolvedItem,
)
from heartbeat.telling import About, tell
from heartbeat.verdict import By, Severity

NOW = from_text("2027-01-15T09:00:02Z")
SLOT = from_text("2027-01-15T09:00:00Z")
CHECK = Check(
    item_key="disk-free",
    description="the disk has room",
    details="used 97 %",
    severity=Severity.CRITICAL,
    state=CheckState.NEW,
    by=By.RULE,
)


def told(notice: Notice, about: About | None = None) -> dict[str, object]:
    whose = about or About(schedule_id="disk", name="Disks", now=NOW)
    [message] = tell([notice], whose)
    found: dict[str, object] = json.loads(message)
    return found


def test_an_alert_names_its_heartbeat_and_run() -> None:
    about = About(
        schedule_id="disk",
        name="Disks",
        now=NOW,
        run_id="ann:disk@x",
        slot=SLOT,
        late_by=2.0,
        host="one",
    )
    assert told(ActionNeeded((CHECK,)), about) == {
        "type": "heartbeat.alert",
        "kind": "action",
        "scheduleId": "disk",
        "name": "Disks",
        "timestamp": "2027-01-15T09:00:02.000Z",
        "runId": "ann:disk@x",
        "slot": "2027-01-15T09:00:00.000Z",
        "lateBy": 2.0,
        "host": "one",
        "checks": [
            {
                "description": "the disk has room",
                "actionNeeded": True,
                "details": "used 97 %",
                "itemKey": "disk-free",
                "severity": "critical",
                "state": "new",
                "by": "rule",
            }
        ],
    }


@pytest.mark.parametrize(
    ("notice", "kind"),
    [
        (Degraded((CHECK,)), "degraded"),
        (ConfigTrouble((CHECK,)), "config"),
        (Overdue((CHECK,)), "overdue"),
    ],
)
def test_every_trouble_is_an_alert_for_the_oldest_clients(
    notice: Notice, kind: str
) -> None:
    message = told(notice)
    assert (message["type"], message["kind"]) == ("heartbeat.alert", kind)


def test_what_was_found_outside_a_run_names_none() -> None:
    assert {"runId", "slot", "lateBy", "host"}.isdisjoint(told(Overdue((CHECK,))))


def test_an_ending_says_what_ended_and_why() -> None:
    item = ResolvedItem(
        item_key="disk-free", description="the disk has room", reason=Ending.RECOVERED
    )
    message = told(Resolved(Kind.ACTION, (item,)))
    assert (message["type"], message["kind"]) == ("heartbeat.resolved", "action")
    assert message["items"] == [
        {
            "itemKey": "disk-free",
            "description": "the disk has room",
            "reason": "recovered",
        }
    ]


def test_notices_are_told_in_their_order() -> None:
    about = About(schedule_id="disk", name="Disks", now=NOW)
    messages = tell([Resolved(Kind.ACTION, ()), ActionNeeded((CHECK,))], about)
    assert [json.loads(one)["type"] for one in messages] == [
        "heartbeat.resolved",
        "heartbeat.alert",
    ]
