"""Every request over a real socket and store, and every way it can be wrong."""

import json
from pathlib import Path

import pytest

from tests.integration.gateway_fixtures import Frame, Running, a_root, play

PATH = {"heartbeatPath": "HEARTBEAT.md"}


def test_a_heartbeat_lives_from_configure_to_delete(
    server_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        client = await running.client()
        made = await client.configure(interval=5, timezone="Europe/Berlin")
        assert made["outcome"] == "created"
        assert len(made["nextRuns"]) == 5
        assert [item["itemKey"] for item in made["items"]] == ["memory", "site"]
        again = await client.configure(interval=5, timezone="Europe/Berlin")
        assert again["outcome"] == "unchanged"
        name = made["scheduleId"]
        assert again["scheduleId"] == name
        (listed,) = (await client.ask("heartbeat.list"))["heartbeats"]
        assert (listed["scheduleId"], listed["state"]) == (name, "active")

        assert (await client.ask("heartbeat.pause", scheduleId=name))["changed"]
        assert not (await client.ask("heartbeat.pause", scheduleId=name))["changed"]
        paused = await client.configure(interval=10)
        assert (paused["outcome"], paused["paused"]) == ("updated", True)
        assert paused["nextRuns"] == []
        resumed = await client.ask("heartbeat.resume", scheduleId=name)
        assert resumed["changed"]
        assert resumed["nextRuns"]

        assert (await client.ask("heartbeat.run", scheduleId=name))["runId"]
        busy = await client.ask("heartbeat.run", scheduleId=name)
        assert (busy["code"], busy["retryable"]) == ("busy", True)
        for kind in ("heartbeat.history", "heartbeat.incidents", "heartbeat.get"):
            assert (await client.ask(kind, scheduleId=name))["type"] == f"{kind}.result"
        gone = await client.ask("heartbeat.delete", scheduleId=name)
        assert gone["type"] == "heartbeat.delete.result"
        assert (await client.ask("heartbeat.get", scheduleId=name))["code"] == (
            "not_found"
        )

    play(server_url, a_root(tmp_path), story)


def test_run_now_runs_at_once_and_warns_when_it_cannot(
    server_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        client = await running.client()
        assert "@now:" in str((await client.configure(runNow=True))["runId"])
        again = await client.configure(runNow=True)
        assert again["outcome"] == "unchanged"
        assert "runId" not in again
        assert "runNow" in str(again["warnings"])
        off = await client.configure(enabled=False, runNow=True)
        assert "runNow" in str(off["warnings"])

    play(server_url, a_root(tmp_path), story)


def test_sources_and_warnings_say_what_holds_and_why(
    server_url: str, tmp_path: Path
) -> None:
    text = "---\ninterval: 15\ntimezone: Asia/Kolkata\n---\n- [ ] Look\n- [] Near\n"

    async def story(running: Running) -> None:
        client = await running.client()
        made = await client.configure("front.md", timezone="UTC", colour="red")
        config = made["config"]
        assert (config["interval"], config["timezone"]) == (15.0, "UTC")
        assert config["sources"]["interval"] == "file"
        assert config["sources"]["timezone"] == "message"
        assert config["sources"]["notify"] == "default"
        warnings = " ".join(made["warnings"])
        assert "'colour'" in warnings
        assert "line 6" in warnings

    play(server_url, a_root(tmp_path, front=text), story)


def test_a_checklist_may_come_with_the_message(server_url: str, tmp_path: Path) -> None:
    async def story(running: Running) -> None:
        client = await running.client()
        made = await client.configure("a label", content="- [ ] Look at the sky\n")
        assert [item["description"] for item in made["items"]] == ["Look at the sky"]
        found = await client.ask("heartbeat.get", scheduleId=made["scheduleId"])
        assert found["items"] == made["items"]

    play(server_url, tmp_path, story)


def test_items_show_how_often_and_by_which_model(
    server_url: str, tmp_path: Path
) -> None:
    model = "anthropic:claude-sonnet-5-5"

    async def story(running: Running) -> None:
        client = await running.client()
        made = await client.configure(
            "a label",
            content=f"- [ ] a {{every=4h model={model}}}\n- [ ] b {{every=1m}}\n",
            interval=30,
            activeHours=[{"start": "08:00", "end": "20:00", "interval": 5}],
        )
        items = made["items"]
        assert [item["every"] for item in items] == [240.0, 1.0]
        assert (items[0]["model"], "model" in items[1]) == (model, False)
        assert made["config"]["activeHours"][0]["interval"] == 5.0
        assert "line 2: every=1m is less than the 5 min" in " ".join(made["warnings"])

    play(server_url, tmp_path, story)


def test_get_says_why_a_checklist_can_no_longer_be_read(
    server_url: str, tmp_path: Path
) -> None:
    root = a_root(tmp_path)

    async def story(running: Running) -> None:
        client = await running.client()
        made = await client.configure()
        (root / "HEARTBEAT.md").unlink()
        found = await client.ask("heartbeat.get", scheduleId=made["scheduleId"])
        assert "found no file" in str(found["problem"])
        assert found["items"] == []

    play(server_url, root, story)


def test_the_older_messages_act_on_heartbeats(server_url: str, tmp_path: Path) -> None:
    async def story(running: Running) -> None:
        client = await running.client()
        name = (await client.configure(interval=45, model=None))["scheduleId"]

        async def listed() -> Frame:
            found: list[Frame] = (await client.ask("schedule.list"))["schedules"]
            (one,) = found
            return one

        async def update(**fields: object) -> str:
            reply = await client.ask("schedule.update", scheduleId=name, **fields)
            return str(reply.get("code", reply["type"]))

        assert (await listed())["cronExpression"] == "@every 45m"
        assert await update(cronExpression="@every 90m") == "schedule.updated"
        assert (await listed())["cronExpression"] == "@every 90m"
        assert await update(cronExpression="@every day") == "invalid_schedule"
        assert await update(cronExpression="0 9 * * 1") == "schedule.updated"
        assert (await listed())["cronExpression"] == "0 9 * * 1"
        assert await update(enabled=False) == "schedule.updated"
        now = await listed()
        assert (now["enabled"], now["cronExpression"]) == (False, "0 9 * * 1")
        assert "nextRun" not in now
        hours = {"start": "08:00", "end": "18:00"}
        assert await update(enabled=True, activeHours=hours) == "schedule.updated"
        assert (await listed())["nextRun"]
        assert await update(cronExpression="nonsense") == "invalid_schedule"
        assert (await listed())["cronExpression"] == "0 9 * * 1"
        assert await update(cronExpression=None) == "schedule.updated"
        assert (await listed())["cronExpression"] == "@every 30m"
        gone = await client.ask("schedule.delete", scheduleId=name)
        assert gone["type"] == "schedule.updated"
        assert (await client.ask("schedule.list"))["schedules"] == []

    play(server_url, a_root(tmp_path), story)


REFUSED: dict[str, tuple[Frame, str, str]] = {
    "no path": ({"heartbeatPath": None}, "invalid_message", "heartbeatPath"),
    "an empty path": ({"heartbeatPath": ""}, "invalid_message", "heartbeatPath"),
    "a path that is a number": ({"heartbeatPath": 5}, "invalid_message", "got 5"),
    "an interval in words": ({"interval": "soon"}, "invalid_message", "'soon'"),
    "an interval of nothing": ({"interval": 0}, "invalid_schedule", "interval"),
    "a negative interval": ({"interval": -1}, "invalid_schedule", "-1"),
    "an endless interval": ({"interval": 1e300}, "invalid_schedule", "1e+300"),
    "an interval below the floor": ({"interval": 0.5}, "invalid_schedule", "60 s"),
    "an unknown zone": ({"timezone": "Europe/Berln"}, "invalid_schedule", "Berlin"),
    "hours of no width": (
        {"activeHours": {"start": "08:00", "end": "08:00"}},
        "invalid_schedule", "08:00",
    ),
    "hours that overlap": (
        {"activeHours": [{"start": "08:00", "end": "12:00"},
                         {"start": "11:00", "end": "13:00"}]},
        "invalid_schedule", "overlap",
    ),
    "hours of no clock": (
        {"activeHours": {"start": "8am", "end": "9"}}, "invalid_schedule", "8am",
    ),
    "hours that are text": ({"activeHours": "9-5"}, "invalid_message", "activeHours"),
    "a cron of six fields": (
        {"cronExpression": "0 0 * * * *"}, "invalid_schedule", "five",
    ),
    "a cron that never fires": (
        {"cronExpression": "0 0 30 2 *"}, "invalid_schedule", "0 0 30 2 *",
    ),
    "interval and cron": (
        {"interval": 5, "cronExpression": "* * * * *"}, "invalid_schedule", "both",
    ),
    "a model that never was": (
        {"model": "anthropic:claude-sonnet-4-5-20250514"}, "invalid_model", "claude",
    ),
    "a model without provider": ({"model": "gpt"}, "invalid_model", "'gpt'"),
    "an unknown way to notify": ({"notify": "loud"}, "invalid_message", "'loud'"),
    "a label with spaces": ({"runOn": "Big Box"}, "invalid_config", "'Big Box'"),
    "a schedule id with a colon": ({"scheduleId": "a:b"}, "invalid_config", "'a:b'"),
    "a path outside": (
        {"heartbeatPath": "/etc/passwd"}, "checklist_unavailable", "root",
    ),
    "a path upwards": ({"heartbeatPath": "../x.md"}, "checklist_unavailable", "root"),
    "a link outside": ({"heartbeatPath": "link.md"}, "checklist_unavailable", "root"),
    "a folder": ({"heartbeatPath": "folder"}, "checklist_unavailable", "regular file"),
    "no such file": ({"heartbeatPath": "no.md"}, "checklist_unavailable", "no file"),
    "a path with NUL": ({"heartbeatPath": "a\0b"}, "checklist_unavailable", "name"),
    "no UTF-8": ({"heartbeatPath": "latin.md"}, "invalid_checklist", "UTF-8"),
    "a megabyte": ({"heartbeatPath": "huge.md"}, "checklist_unavailable", "65536"),
    "ten thousand items": ({"heartbeatPath": "many.md"}, "invalid_checklist", "100"),
    "plain bullets": ({"heartbeatPath": "plain.md"}, "invalid_checklist", "bullets"),
    "aliases in YAML": (
        {"heartbeatPath": "alias.md"}, "invalid_front_matter", "alias",
    ),
    "a bare cron in YAML": (
        {"heartbeatPath": "cron.md"}, "invalid_front_matter", "line",
    ),
    "unclosed front matter": (
        {"heartbeatPath": "open.md"}, "invalid_front_matter", "closes",
    ),
    "a bad probe": ({"heartbeatPath": "probe.md"}, "invalid_probe", "line 2"),
    "an item's model that never was": (
        {"heartbeatPath": "model.md"}, "invalid_model", "line 2",
    ),
}  # fmt: skip

FILES: dict[str, str | bytes] = {
    "latin": b"- [ ] caf\xe9\n",
    "huge": b"x" * 1_000_000,
    "many": "- [ ] x\n" * 7_000,
    "plain": "- look\n- listen\n",
    "alias": "---\ntitle: &a x\nsummary: *a\n---\n- [ ] x\n",
    "cron": "---\ncronExpression: * * * * *\n---\n- [ ] x\n",
    "open": "---\ninterval: 5\n- [ ] x\n",
    "probe": "- [ ] x\n  - probe: dosk / used_percent < 90%\n",
    "model": "- [ ] x\n- [ ] y {model=anthropic:claude-3}\n",
}


def test_what_cannot_be_configured_is_refused_with_its_reason(
    server_url: str, tmp_path: Path
) -> None:
    root = a_root(tmp_path, **FILES)
    (root / "folder").mkdir()
    (root / "link.md").symlink_to("/etc/hostname")

    async def story(running: Running) -> None:
        client = await running.client()
        for what, (fields, code, part) in REFUSED.items():
            asked = {"interval": 5} if "cron" not in str(fields) else {}
            reply = await client.ask(
                "heartbeat.configure", **{**PATH, **asked, **fields}
            )
            assert reply.get("code") == code, (what, reply)
            assert part in str(reply["message"]), (what, reply)
            assert len(str(reply["message"])) < 1000, what
        assert (await client.ask("heartbeat.list"))["heartbeats"] == []

    play(server_url, root, story)


def test_an_empty_checklist_is_a_warning(server_url: str, tmp_path: Path) -> None:
    async def story(running: Running) -> None:
        client = await running.client()
        made = await client.configure("empty.md")
        assert made["items"] == []
        assert "nothing is checked" in str(made["warnings"])

    play(server_url, a_root(tmp_path, empty=""), story)


@pytest.mark.parametrize(
    "kind",
    ["get", "delete", "pause", "resume", "run", "history", "incidents"],
)
def test_what_does_not_exist_is_not_found(
    kind: str, server_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        client = await running.client()
        reply = await client.ask(f"heartbeat.{kind}", scheduleId="nobody")
        assert reply["code"] == "not_found"

    play(server_url, tmp_path, story)


def test_bad_frames_are_answered_and_the_socket_lives(
    server_url: str, tmp_path: Path
) -> None:
    frames: list[str | bytes] = [
        "nonsense", "", "null", "[]", "{}", '{"type":5}', b"\x00\xff", "[" * 9000,
        '{"type":"heartbeat.get","id":"1"}', '{"type":"heartbeat.get","id":{}}',
        '{"type":"heartbeat.list","id":"1","x":NaN}', '{"type":"nope","id":"7"}',
        json.dumps({"type": "heartbeat.list", "id": "x" * 500}), '"\\ud800"',
    ]  # fmt: skip

    async def story(running: Running) -> None:
        client = await running.client()
        for frame in frames:
            await client.socket.send(frame)
            reply = await client.receive()
            assert (reply["type"], reply["code"]) == ("error", "invalid_message"), frame
        assert (await client.ask("ping"))["type"] == "pong"

    play(server_url, tmp_path, story)


def test_an_error_of_ours_is_logged_and_only_named(
    server_url: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr("gateway.present.listed")

    async def story(running: Running) -> None:
        client = await running.client()
        await client.configure()
        reply = await client.ask("heartbeat.list")
        assert (reply["code"], reply["message"]) == (
            "internal",
            "an error of the gateway; see its log",
        )
        assert (await client.ask("ping"))["type"] == "pong"

    play(server_url, a_root(tmp_path), story)
    (record,) = (one for one in caplog.records if one.levelname == "ERROR")
    assert record.exc_info


def test_ready_names_the_limits_whole_where_they_are(
    server_url: str, tmp_path: Path
) -> None:
    async def story(running: Running) -> None:
        limits = (await (await running.client()).hello())["limits"]
        assert limits["maxItems"] == 100
        assert limits["maxChecklistBytes"] == 65_536
        assert repr(limits["maxFrameBytes"]) == "131072"
        assert repr(limits["pingSeconds"]) == "12.5"

    play(server_url, tmp_path, story, ping_seconds=12.5)


def test_an_owner_has_limits(server_url: str, tmp_path: Path) -> None:
    async def story(running: Running) -> None:
        client = await running.client()
        made = [
            await client.configure(scheduleId=name, content="- [ ] x\n")
            for name in ("a", "b", "c")
        ]
        assert [one.get("code") for one in made] == [None, None, "limit_reached"]
        more = [await client.configure(scheduleId="a") for _ in range(2)]
        assert more[-1]["code"] == "rate_limited"
        assert more[-1]["retryable"]

    limits = {"max_heartbeats_per_owner": 2, "max_configures_per_minute": 4}
    play(server_url, a_root(tmp_path), story, **limits)
