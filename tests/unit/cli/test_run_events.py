"""Lines of the worker that evaluates once."""

import pytest

from heartbeat.cli.run_events import Done, Failed, ItemEnded, Started, read_event
from heartbeat.errors import HeartbeatError


def test_the_start_says_how_many() -> None:
    event = read_event('{"event": "start", "items": 2, "model": null}')
    assert event == Started(event="start", items=2)


def test_an_item_has_its_verdict() -> None:
    event = read_event(
        '{"event": "item", "itemKey": "k", "description": "Disk", "status": "unknown",'
        ' "severity": "warning", "details": "", "by": "model", "cause": "no_model"}'
    )
    assert isinstance(event, ItemEnded)
    assert (event.status, event.cause) == ("unknown", "no_model")


def test_the_end_has_the_run() -> None:
    event = read_event(
        '{"event": "done", "run": {"runId": "r", "slot": "s", "status": "ok"}}'
    )
    assert isinstance(event, Done)
    assert event.run.status == "ok"


def test_a_failure_has_its_code() -> None:
    event = read_event('{"event": "error", "code": "invalid_probe", "message": "no"}')
    assert event == Failed(event="error", code="invalid_probe", message="no")


@pytest.mark.parametrize("line", ["", "Traceback", "{}", '{"event": "news"}'])
def test_anything_else_is_an_error(line: str) -> None:
    with pytest.raises(HeartbeatError, match="from the worker"):
        read_event(line)
