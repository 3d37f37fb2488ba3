"""What a run finds while nobody wants to hear of it is looked at again later."""

from dataclasses import replace

import pytest

from heartbeat.runs import RunStatus
from heartbeat.store.runs import Begun
from tests.unit.store.ledger import OWNER, Fleet, a_config, an_outcome


@pytest.fixture
def running(fleet: Fleet) -> Fleet:
    """A fleet with a run of a daily heartbeat that has begun."""
    fleet.configure(a_config(every=24 * 60))
    fleet.slots.request_run(OWNER, "disk")
    fleet.beat()
    return fleet


def ends(fleet: Fleet, begun: Begun, status: RunStatus) -> None:
    outcome = an_outcome(begun, '{"what":"was found"}')
    record = outcome.record.model_copy(update={"status": status})
    answer = fleet.runs.finish(
        begun.lease, replace(outcome, record=record), against=begun.known
    )
    assert answer is None


def looked_at_again(fleet: Fleet) -> bool:
    fleet.server.pass_time(seconds=1)  # a run by hand is named by its millisecond
    run_id = fleet.slots.run_unheard(OWNER, "disk")
    assert fleet.beat() == ([] if run_id is None else [run_id])
    return run_id is not None


def goes_on(fleet: Fleet, how: str) -> None:
    if how == "paused":
        fleet.heartbeats.resume(OWNER, "disk")
    else:
        fleet.configure(a_config(every=24 * 60))


def stops(fleet: Fleet, how: str) -> None:
    if how == "paused":
        fleet.heartbeats.pause(OWNER, "disk", note=None)
    else:
        fleet.configure(a_config(every=24 * 60, enabled=False))


@pytest.mark.parametrize("how", ["paused", "disabled"])
@pytest.mark.parametrize("status", [RunStatus.ALERT, RunStatus.UNKNOWN])
def test_trouble_is_looked_at_again_when_it_goes_on(
    running: Fleet, how: str, status: RunStatus
) -> None:
    begun = running.begun()
    stops(running, how)
    ends(running, begun, status)
    assert running.pushes() == []
    goes_on(running, how)
    assert looked_at_again(running)
    running.finish(running.begun(nonce="again"), '{"what":"is told"}')
    assert running.pushes() == ['{"what":"is told"}']
    assert not looked_at_again(running)


def test_not_before_it_goes_on(running: Fleet) -> None:
    begun = running.begun()
    stops(running, "paused")
    ends(running, begun, RunStatus.ALERT)
    assert not looked_at_again(running)
    goes_on(running, "paused")
    assert looked_at_again(running)


def test_what_was_fine_or_was_heard_is_not(running: Fleet) -> None:
    begun = running.begun()
    stops(running, "paused")
    ends(running, begun, RunStatus.OK)
    goes_on(running, "paused")
    assert not looked_at_again(running)
    running.server.pass_time(seconds=1)
    running.slots.request_run(OWNER, "disk")
    running.beat()
    ends(running, running.begun(nonce="again"), RunStatus.ALERT)
    assert not looked_at_again(running)


def test_a_run_whose_worker_died_meanwhile_is(running: Fleet) -> None:
    running.begun()
    stops(running, "paused")
    running.server.pass_time(minutes=24 * 60)
    running.beat()
    assert running.fates()[0] == "lost(worker_died)"
    assert running.untold() == {}
    goes_on(running, "paused")
    assert looked_at_again(running)


def test_one_that_was_deleted_leaves_nothing_behind(running: Fleet) -> None:
    begun = running.begun()
    running.heartbeats.delete(OWNER, "disk")
    running.finish(begun)
    running.configure(a_config(every=24 * 60))
    assert not looked_at_again(running)
