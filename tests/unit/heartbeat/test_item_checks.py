"""What is said at configure of models and cadences that items ask for."""

import pytest

from heartbeat.checklist import parse_checklist
from heartbeat.config import HeartbeatConfig
from heartbeat.errors import InvalidModel
from heartbeat.item_checks import check_items
from tests.builders import NOON, a_config

HAIKU = "anthropic:claude-haiku-5-5"
SOON_GONE = "anthropic:claude-sonnet-4-5"
NO_MODEL = "anthropic:claude-sonnet-4-5-20250514"


def warnings(
    text: str, config: HeartbeatConfig | None = None, *, custom: bool = False
) -> tuple[str, ...]:
    return check_items(
        parse_checklist(text),
        config or a_config(),
        today=NOON.date(),
        custom_base_url=custom,
    )


def test_items_that_ask_for_nothing_or_for_what_there_is_are_fine() -> None:
    assert warnings(f"- [ ] a\n- [ ] b {{model={HAIKU} every=1m}}\n") == ()


@pytest.mark.parametrize("box", ["[ ]", "[x]"])
def test_a_model_that_never_existed_is_refused_with_its_line(box: str) -> None:
    with pytest.raises(InvalidModel, match=r"line 2: .*'anthropic:claude-sonnet-4-5-2"):
        warnings(f"- [ ] a\n- {box} b {{model={NO_MODEL}}}\n")


def test_the_model_of_the_defaults_is_checked_too() -> None:
    with pytest.raises(InvalidModel, match="line 4: "):
        warnings(f"---\ndefaults: {{model: {NO_MODEL}}}\n---\n- [ ] a\n")


def test_a_model_is_warned_about_once_where_it_is_named_first() -> None:
    said = warnings(
        f"- [x] a {{model={SOON_GONE}}}\n- [ ] b {{model={HAIKU}}}\n"
        f"- [ ] c {{model={SOON_GONE}}}\n"
    )
    assert len(said) == 1
    assert said[0].startswith("line 1: 'anthropic:claude-sonnet-4-5' retires")


def test_a_server_of_ones_own_may_have_other_models() -> None:
    said = warnings("- [ ] a {model=anthropic:mine}\n", custom=True)
    assert said == ("line 1: 'anthropic:mine' is not in the table of known models",)


def test_an_item_wanted_more_often_than_there_are_slots_is_warned_about() -> None:
    text = "- [ ] a {every=4m}\n- [ ] b {every=5m}\n"
    said = (
        "line 1: every=4m is less than the 5 min between slots: judged at every slot",
    )
    assert warnings(text, a_config(interval=5)) == said
    window = {"start": "08:00", "end": "09:00", "interval": 5}
    assert warnings(text, a_config(interval=30, active_hours=window)) == said
    window["interval"] = 4
    assert warnings(text, a_config(interval=30, active_hours=window)) == ()


def test_a_cron_has_no_one_interval_to_hold_it_against() -> None:
    assert warnings("- [ ] a {every=1m}\n", a_config(cron_expression="0 9 * * *")) == ()
