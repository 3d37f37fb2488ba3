from datetime import timedelta

import pytest

from heartbeat.asked import Asked
from heartbeat.config import (
    HeartbeatConfig,
    Source,
    Timing,
    cadence_of,
    check_schedule_id,
    default_schedule_id,
)
from heartbeat.errors import BadRecord, InvalidConfig, InvalidModel, InvalidSchedule
from heartbeat.front_matter import FrontMatter
from heartbeat.resolve import Bounds, Identity, Resolved, resolve
from tests.builders import NOON, a_config

IDENTITY = Identity(owner="local", schedule_id="hb-1", path="a.md")
BOUNDS = Bounds(timezone="Europe/Berlin")


def resolved(
    asked: dict[str, object] | None = None,
    file: dict[str, object] | None = None,
    bounds: Bounds = BOUNDS,
) -> Resolved:
    return resolve(
        Asked.model_validate({"heartbeatPath": "a.md", **(asked or {})}),
        FrontMatter.model_validate(file or {}),
        identity=IDENTITY,
        bounds=bounds,
        now=NOON,
    )


def test_defaults_hold_where_nothing_is_said() -> None:
    config = resolved().config
    assert config.timing.interval_ms == 30 * 60_000
    assert config.timing.timezone == "Europe/Berlin"
    assert set(config.sources.values()) == {Source.DEFAULT}


def test_the_file_outranks_the_default() -> None:
    config = resolved(file={"interval": 5, "timezone": "Asia/Kolkata"}).config
    assert config.timing.interval_ms == 5 * 60_000
    assert config.sources["interval"] is Source.FILE
    assert config.sources["timezone"] is Source.FILE


def test_the_message_outranks_the_file() -> None:
    config = resolved({"interval": 7}, {"interval": 5, "notify": "every-run"}).config
    assert config.timing.interval_ms == 7 * 60_000
    assert config.sources["interval"] is Source.MESSAGE
    assert config.sources["notify"] is Source.FILE


def test_a_cron_of_the_message_replaces_the_interval_of_the_file() -> None:
    config = resolved({"cronExpression": "0 9 * * *"}, {"interval": 5}).config
    assert (config.timing.cron, config.timing.interval_ms) == ("0 9 * * *", None)
    assert config.sources["cronExpression"] is Source.MESSAGE
    assert "interval" not in config.sources


def test_an_interval_of_the_message_replaces_the_cron_of_the_file() -> None:
    config = resolved({"interval": 5}, {"cronExpression": "0 9 * * *"}).config
    assert (config.timing.cron, config.timing.interval_ms) == (None, 300_000)


def test_interval_and_cron_together_are_refused() -> None:
    with pytest.raises(InvalidSchedule, match="got both"):
        resolved({"interval": 5, "cronExpression": "0 9 * * *"})


def test_the_same_request_gives_the_same_stored_text() -> None:
    assert (
        resolved({"interval": 5}).config.dump()
        == resolved({"interval": 5}).config.dump()
    )


def test_what_was_asked_is_kept_as_it_came() -> None:
    asked = resolved({"interval": 5}, {"timezone": "UTC"}).config.asked_again()
    assert asked.model_fields_set == {"heartbeat_path", "interval"}


def test_hours_may_come_from_message_or_file() -> None:
    window = {"start": "08:00", "end": "22:00"}
    of_message = resolved({"activeHours": window}).config.timing.hours
    of_file = resolved(file={"activeHours": [window]}).config.timing.hours
    assert of_message == of_file


DAYPARTS: list[dict[str, object]] = [
    {"start": "08:00", "end": "18:00", "interval": 5},
    {"start": "18:00", "end": "22:00"},
]


def test_windows_may_have_intervals_from_message_or_file() -> None:
    timing = resolved({"activeHours": DAYPARTS}).config.timing
    assert timing.intervals_ms == (300_000, 1_800_000)
    assert resolved(file={"activeHours": DAYPARTS}).config.timing == timing
    assert cadence_of(timing.model_dump_json()) == timing.cadence()


def test_the_floor_holds_for_the_interval_of_each_window() -> None:
    bounds = Bounds(min_interval=timedelta(minutes=6))
    with pytest.raises(InvalidSchedule, match=r"at least 360 s .* got 300 s"):
        resolved({"activeHours": DAYPARTS}, bounds=bounds)
    dense = [{**window, "interval": 7} for window in DAYPARTS]
    assert resolved({"activeHours": dense, "interval": 1}, bounds=bounds).config


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        pytest.param(
            {"activeHours": DAYPARTS, "cronExpression": "0 9 * * *"},
            "no interval in activeHours together with cronExpression",
            id="dayparts of a cron",
        ),
        pytest.param({"interval": 0}, "above 0", id="no interval"),
        pytest.param({"interval": 0.5}, "at least 60 s", id="below the floor"),
        pytest.param({"timezone": "Mars/Base"}, "Mars/Base", id="unknown zone"),
        pytest.param({"cronExpression": "* * * * * *"}, "five fields", id="six fields"),
        pytest.param({"cronExpression": "0 0 30 2 *"}, "never fires", id="never"),
        pytest.param(
            {"activeHours": {"start": "08:00", "end": "08:00"}}, "08:00", id="no width"
        ),
        pytest.param(
            {
                "activeHours": [
                    {"start": "08:00", "end": "12:00"},
                    {"start": "11:00", "end": "13:00"},
                ]
            },
            "overlap",
            id="overlapping",
        ),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(
    asked: dict[str, object], said: str
) -> None:
    with pytest.raises(InvalidSchedule, match=said):
        resolved(asked)


def test_a_far_slot_is_no_reason_to_refuse_what_was_accepted() -> None:
    cron = "0 0 29 2 */7"  # the next one is in 2032
    with pytest.raises(InvalidSchedule, match="within four years"):
        resolved({"cronExpression": cron})
    accepted = Timing(heartbeat_id="local:hb-1", cron=cron, timezone="Europe/Berlin")
    found = resolve(
        Asked.model_validate({"heartbeatPath": "a.md", "cronExpression": cron}),
        FrontMatter(),
        identity=IDENTITY,
        bounds=BOUNDS,
        now=NOON,
        accepted=accepted,
    )
    assert found.config.timing == accepted


def test_a_cron_below_the_operators_floor_is_refused() -> None:
    bounds = Bounds(min_interval=timedelta(minutes=5))
    with pytest.raises(InvalidSchedule, match="at least 300 s"):
        resolved({"cronExpression": "*/2 * * * *"}, bounds=bounds)


def test_a_cron_at_the_floor_is_allowed() -> None:
    assert resolved({"cronExpression": "* * * * *"}).config.timing.cron


def test_a_model_that_never_existed_is_refused() -> None:
    with pytest.raises(InvalidModel, match="claude-sonnet"):
        resolved({"model": "anthropic:claude-sonnet-4-5-20250514"})


def test_a_model_that_retires_soon_is_warned_about() -> None:
    assert resolved({"model": "anthropic:claude-sonnet-4-5"}).warnings


@pytest.mark.parametrize("label", ["", "GPU", "a b", "x" * 33, "-x"])
def test_a_label_that_is_no_queue_name_is_refused(label: str) -> None:
    with pytest.raises(InvalidConfig, match="runOn"):
        resolved({"runOn": label})


def test_a_stored_config_survives() -> None:
    config = a_config(active_hours=[{"start": "08:00", "end": "22:00"}])
    assert HeartbeatConfig.load(config.dump(), key="k") == config


@pytest.mark.parametrize("text", ["", "{}", '{"v":2}', "[]"])
def test_a_record_that_is_no_config_names_its_key(text: str) -> None:
    with pytest.raises(BadRecord, match="the-key"):
        HeartbeatConfig.load(text, key="the-key")


def test_a_timing_that_is_none_is_a_bad_record() -> None:
    with pytest.raises(BadRecord, match="timing"):
        cadence_of("{}")


def test_the_default_id_depends_on_owner_and_path() -> None:
    ids = {default_schedule_id(o, p) for o in ("a", "b") for p in ("x.md", "y.md")}
    assert len(ids) == 4
    assert all(check_schedule_id(one) == one for one in ids)


@pytest.mark.parametrize("text", ["", "a b", "a:b", "a@b", "-a", "x" * 65, "a/b"])
def test_an_id_that_would_not_be_a_key_is_refused(text: str) -> None:
    with pytest.raises(InvalidConfig, match="scheduleId"):
        check_schedule_id(text)
