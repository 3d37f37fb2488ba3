"""The record of compiled rules, and judging by one."""

import pytest

from heartbeat.checklist import Item, parse_checklist
from heartbeat.compiled import (
    CompiledItem,
    CompiledItems,
    digest_of,
    judge_by_rule,
    load_compiled,
)
from heartbeat.errors import BadRecord, InvalidProbe
from heartbeat.probes import parse_probe
from heartbeat.tools import FieldValue, Observation
from heartbeat.verdict import Verdict

RULE = "disk / used_percent < 90%"


def an_item(text: str = "- [ ] The disk has room {#disk}\n") -> Item:
    return parse_checklist(text).items[0]


def a_record(item: Item) -> CompiledItems:
    known = CompiledItem(
        item=digest_of(item),
        made_with="m",
        probes=(RULE,),
        made_ms=0,
        tried_ms=0,
        until_ms=0,
    )
    return CompiledItems(items={item.key: known})


def test_a_record_is_read_as_it_was_written() -> None:
    record = a_record(an_item())
    assert load_compiled(record.dump()) == record


@pytest.mark.parametrize("text", ["", "{", '{"v":2}', '{"v":1,"odd":1}'])
def test_what_is_no_record_is_refused(text: str) -> None:
    with pytest.raises(BadRecord, match="compiled items"):
        load_compiled(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("- [ ] The disk has room {#disk}\n", (RULE,), id="its own"),
        pytest.param("- [ ] It is half empty {#disk}\n", (), id="a new text"),
        pytest.param("- [ ] The disk has room {#other}\n", (), id="another item"),
        pytest.param(
            f"- [ ] The disk has room {{#disk}}\n  - probe: {RULE}\n",
            (),
            id="a probe of a person",
        ),
    ],
)
def test_a_rule_is_shown_for_the_item_it_was_made_of(
    text: str, shown: tuple[str, ...]
) -> None:
    known = a_record(an_item()).of(an_item(text))
    assert (() if known is None else known.probes) == shown


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        pytest.param({"found": True, "value": 3}, Verdict.OK, id="below"),
        pytest.param({"found": True, "value": 12}, Verdict.ACTION_NEEDED, id="above"),
        pytest.param({}, Verdict.ACTION_NEEDED, id="no document"),
        pytest.param({"found": False}, Verdict.UNKNOWN, id="a key that is not there"),
        pytest.param(
            {"found": True, "length": 2}, Verdict.UNKNOWN, id="a list at the key"
        ),
    ],
)
def test_a_key_that_a_document_does_not_have_was_a_guess(
    fields: dict[str, FieldValue], verdict: Verdict
) -> None:
    probe = parse_probe("json state.json queue value < 10", line=1)
    seen = Observation(call=probe.call, fields=fields, text="")
    assert judge_by_rule(an_item(), [probe], [seen]).verdict is verdict


def test_a_document_that_lacks_what_it_should_have_needs_action() -> None:
    probe = parse_probe("json state.json queue found == true", line=1)
    seen = Observation(call=probe.call, fields={"found": False}, text="")
    result = judge_by_rule(an_item(), [probe], [seen])
    assert result.verdict is Verdict.ACTION_NEEDED


def test_without_a_condition_there_is_no_rule() -> None:
    probe = parse_probe("disk /", line=1)
    seen = Observation(call=probe.call, fields={}, text="")
    with pytest.raises(InvalidProbe, match="expected a condition"):
        judge_by_rule(an_item(), [probe], [seen])
