"""What a run makes of a checklist."""

import asyncio
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from heartbeat.runs import Reason
from heartbeat.verdict import By, Cause, Severity, Verdict
from tests.unit.worker.runs import (
    MODEL,
    RULE,
    FakeTools,
    a_config,
    a_runner,
    evaluate,
)
from worker import runner
from worker.evaluation import Evaluation, Unusable
from worker.runner import HeartbeatRunner

#: How long anything may take on a busy machine, in seconds.
PATIENCE_SECONDS = 20.0


def evaluated(runner: HeartbeatRunner, content: str = RULE) -> Evaluation:
    found = asyncio.run(evaluate(runner, a_config(content)))
    assert isinstance(found, Evaluation)
    return found


def refused(runner: HeartbeatRunner, path: str = "HEARTBEAT.md") -> Unusable:
    found = asyncio.run(evaluate(runner, a_config(None, path=path)))
    assert isinstance(found, Unusable)
    return found


def test_it_judges_items_in_their_order() -> None:
    found = evaluated(a_runner(), RULE + MODEL)
    assert [one.description for one in found.results] == [
        "the load is low",
        "nothing looks odd",
    ]
    assert found.present == {one.item_key for one in found.results}


def test_items_that_are_off_are_named_and_not_judged() -> None:
    found = evaluated(a_runner(), RULE + "- [x] switched off {#off}\n")
    assert found.disabled == {"off"}
    assert len(found.results) == 1


NEAR_MISS = "- [] nobody would check this\n"


@pytest.mark.parametrize("beside", [RULE, "- [x] switched off {#off}\n"])
def test_a_line_that_is_not_read_as_an_item_is_unknown(beside: str) -> None:
    found = evaluated(a_runner(), beside + NEAR_MISS)
    one = found.results[-1]
    assert (one.verdict, one.cause) == (Verdict.UNKNOWN, Cause.NOT_READ)
    assert "got '- [] nobody would check this'" in one.details
    assert one.item_key in found.present


def test_a_line_that_is_not_read_is_as_grave_as_it_says() -> None:
    found = evaluated(a_runner(), RULE + "- [] the port answers {severity=critical}\n")
    assert found.results[-1].severity is Severity.CRITICAL


def test_a_line_that_is_not_read_keeps_its_key_wherever_it_stands() -> None:
    first = evaluated(a_runner(), RULE + NEAR_MISS).results[-1]
    moved = evaluated(a_runner(), "# Shop\n\n" + RULE + "\n" + NEAR_MISS).results[-1]
    assert moved.item_key == first.item_key
    assert moved.description != first.description


def test_a_line_that_is_not_read_is_not_told_where_nothing_is_due() -> None:
    found = asyncio.run(
        evaluate(a_runner(), a_config(RULE + NEAR_MISS), due=lambda _: ())
    )
    assert isinstance(found, Evaluation)
    assert not found.results


def test_only_what_is_due_is_judged_and_all_that_is_on_is_present() -> None:
    content = RULE + "- [ ] the disk has room {#disk every=1d}\n  - probe: load\n"
    found = asyncio.run(
        evaluate(a_runner(), a_config(content), due=lambda items: items[:1])
    )
    assert isinstance(found, Evaluation)
    assert [one.description for one in found.results] == ["the load is low"]
    assert "disk" in found.present
    assert found.paced == {"disk"}


def test_a_checklist_whose_items_are_all_off_is_no_error() -> None:
    found = evaluated(a_runner(), "- [x] switched off {#off}\n")
    assert not found.results
    assert found.disabled == {"off"}


def test_a_long_checklist_does_not_hold_up_the_other_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each part of reading it waits for the event loop, which therefore must go on."""
    text = RULE + "".join(f"- example-{number}.org\n" for number in range(3_000))
    has_gone_on = threading.Event()
    waited: list[str] = []

    def slowed(name: str) -> None:
        part = getattr(runner, name)

        def wait(*arguments: object) -> object:
            waited.append(name)
            assert has_gone_on.wait(PATIENCE_SECONDS), f"{name} held up the loop"
            return part(*arguments)

        monkeypatch.setattr(runner, name, wait)

    async def story() -> None:
        reading = asyncio.create_task(evaluate(a_runner(), a_config(text)))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not waited:
                await asyncio.sleep(0.001)
        has_gone_on.set()
        assert isinstance(await reading, Evaluation)

    slowed("parse_checklist")
    slowed("hosts_in")
    asyncio.run(story())
    assert waited == ["parse_checklist", "hosts_in"]


def test_an_empty_checklist_says_so() -> None:
    found = asyncio.run(evaluate(a_runner(), a_config("# Nothing yet\n")))
    assert isinstance(found, Unusable)
    assert found.reason == Reason.EMPTY


def test_the_tools_are_closed() -> None:
    tools = FakeTools()
    evaluated(a_runner(tools=tools))
    assert tools.is_closed


def test_it_reads_the_file_below_the_root(tmp_path: Path) -> None:
    (tmp_path / "HEARTBEAT.md").write_text(RULE)
    found = asyncio.run(evaluate(a_runner(root=tmp_path), a_config(None)))
    assert isinstance(found, Evaluation)
    assert found.results[0].verdict is Verdict.OK


def test_each_other_owner_has_a_folder_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / "HEARTBEAT.md").write_text(RULE)
    runner = a_runner(root=tmp_path)
    of_ada = asyncio.run(evaluate(runner, a_config(None, owner="ada")))
    of_bob = asyncio.run(evaluate(runner, a_config(None, owner="bob")))
    assert isinstance(of_ada, Evaluation)
    assert of_bob == Unusable(
        reason="missing", message="expected a checklist, found no file 'HEARTBEAT.md'"
    )


def make_folder(file: Path) -> None:
    file.mkdir()


def make_link_out(file: Path) -> None:
    file.symlink_to("/etc/hostname")


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        pytest.param(lambda file: None, "missing", id="no such file"),
        pytest.param(make_folder, "not_a_file", id="a folder"),
        pytest.param(make_link_out, "outside_root", id="a link out of the root"),
        pytest.param(
            lambda file: file.write_bytes(b"x" * 65_537), "too_large", id="too large"
        ),
        pytest.param(
            lambda file: file.write_bytes(b"- [ ] caf\xe9\n"),
            "invalid_checklist",
            id="not UTF-8",
        ),
        pytest.param(
            lambda file: file.write_text("---\ninterval: 5\n"),
            "invalid_front_matter",
            id="front matter that is not closed",
        ),
        pytest.param(
            lambda file: file.write_text("---\ninterval: 0.001\n---\n- [ ] a\n"),
            "invalid_schedule",
            id="an interval below the floor",
        ),
        pytest.param(
            lambda file: file.write_text("---\nmodel: anthropic:gone\n---\n- [ ] a\n"),
            "invalid_model",
            id="a model that does not exist",
        ),
        pytest.param(
            lambda file: file.write_text("- [ ] a\n  - probe: dsik /\n"),
            "invalid_probe",
            id="a probe that does not exist",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_a_reason(
    tmp_path: Path, make: object, reason: str
) -> None:
    assert callable(make)
    make(tmp_path / "HEARTBEAT.md")
    assert refused(a_runner(root=tmp_path)).reason == reason


def test_the_run_of_a_slot_that_has_no_other_for_decades_judges() -> None:
    slot = datetime(2028, 2, 29, tzinfo=UTC)  # a Tuesday, as not again before 2056
    config = a_config(
        cron_expression="0 0 29 2 *",
        active_hours={"start": "00:00", "end": "24:00", "daysOfWeek": [2]},
    )
    found = asyncio.run(evaluate(a_runner(), config, now=slot))
    assert isinstance(found, Evaluation)
    assert len(found.results) == 1


def test_front_matter_may_not_bring_a_schedule_without_a_slot(tmp_path: Path) -> None:
    rare = 'cronExpression: "0 0 29 2 */7"\n'  # the next one is in 2032
    (tmp_path / "HEARTBEAT.md").write_text(f"---\n{rare}---\n{RULE}")
    assert refused(a_runner(root=tmp_path)).reason == "invalid_schedule"


def test_front_matter_that_changed_is_in_the_config_it_returns(tmp_path: Path) -> None:
    config = a_config(None)
    (tmp_path / "HEARTBEAT.md").write_text(f"---\ninterval: 5\n---\n{RULE}")
    found = asyncio.run(evaluate(a_runner(root=tmp_path), config))
    assert isinstance(found, Evaluation)
    assert (config.timing.interval_ms, found.config.timing.interval_ms) == (
        1_800_000,
        300_000,
    )


def test_a_field_of_the_message_outranks_front_matter(tmp_path: Path) -> None:
    (tmp_path / "HEARTBEAT.md").write_text(f"---\ninterval: 5\n---\n{RULE}")
    config = a_config(None, interval=10)
    found = asyncio.run(evaluate(a_runner(root=tmp_path), config))
    assert isinstance(found, Evaluation)
    assert found.config == config


def test_a_rule_is_judged_by_rule() -> None:
    (result,) = evaluated(a_runner(tools=FakeTools({"load1": 9.0}))).results
    assert (result.verdict, result.by) == (Verdict.ACTION_NEEDED, By.RULE)
