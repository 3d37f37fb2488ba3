"""Warnings about where a heartbeat runs."""

import pytest

from gateway.checklists import placement_warnings
from heartbeat.checklist import parse_checklist
from heartbeat.store.processes import ProcessKind, ProcessSeen
from tests.builders import a_config

HERE = "- [ ] Room\n  - probe: disk / used_percent < 90%\n"
ANYWHERE = "- [ ] Site\n  - probe: http https://example.com/ status == 200\n"


def a_process(
    host: str,
    *queues: str,
    kind: ProcessKind = "worker",
    is_alive: bool = True,
) -> ProcessSeen:
    return ProcessSeen(
        kind=kind,
        host=host,
        pid=1,
        queues=queues or ("heartbeat",),
        last_seen_ms=0,
        is_alive=is_alive,
    )


@pytest.mark.parametrize(
    ("text", "processes", "is_warned"),
    [
        (HERE, [a_process("a"), a_process("b")], True),
        (HERE, [a_process("a"), a_process("a")], False),
        (HERE, [], False),
        (HERE, [a_process("a"), a_process("b", is_alive=False)], False),
        (HERE, [a_process("a"), a_process("b", kind="gateway")], False),
        (ANYWHERE, [a_process("a"), a_process("b")], False),
    ],
    ids=["two hosts", "one host", "none", "one is gone", "no worker", "not bound"],
)
def test_a_probe_that_depends_on_the_machine_wants_one_chosen(
    text: str, processes: list[ProcessSeen], is_warned: bool
) -> None:
    found = placement_warnings(a_config(), parse_checklist(text), processes)
    assert bool(found) is is_warned
    assert all("line 2" in warning and "runOn" in warning for warning in found)


@pytest.mark.parametrize(
    ("processes", "is_warned"),
    [
        ([a_process("a", "heartbeat.db"), a_process("b")], False),
        ([a_process("a"), a_process("b")], True),
        ([], False),
    ],
    ids=["served", "unserved", "no worker at all"],
)
def test_a_label_that_nobody_serves_is_told(
    processes: list[ProcessSeen], is_warned: bool
) -> None:
    config = a_config(run_on="db")
    found = placement_warnings(config, parse_checklist(HERE), processes)
    assert bool(found) is is_warned
    assert all("'heartbeat.db'" in warning for warning in found)
