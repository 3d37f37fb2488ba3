"""Running a slot over a store whose answer is lost on its way."""

import json
from typing import cast

from heartbeat.errors import StoreUnavailable
from heartbeat.runs import RunStatus
from heartbeat.store.runs import Fenced, Known, Lease, Outcome, Runs
from heartbeat.store.server import Server
from tests.unit.worker.runs import (
    FakeTools,
    a_config,
    a_runner,
    an_execution,
    open_slot,
)


class Unheard(Runs):
    """Finishes, and loses the first reply."""

    has_lost = False

    def finish(
        self,
        lease: Lease,
        outcome: Outcome,
        *,
        against: Known,
        now_ms: int | None = None,
    ) -> Known | Fenced | None:
        answer = super().finish(lease, outcome, against=against, now_ms=now_ms)
        if not self.has_lost:
            self.has_lost = True
            raise StoreUnavailable("the reply was lost")
        return answer


def test_a_lost_reply_to_finish_tells_once_and_is_as_if_it_had_come(
    server: Server,
) -> None:
    run_id = open_slot(server, a_config())
    runs, runner = Unheard(server), a_runner(tools=FakeTools({"load1": 9.0}))
    summary = an_execution(server, runner, runs=runs).run("local:hb-1", run_id)
    assert runs.has_lost
    assert summary == "alert (1 action_needed)"
    history = [*runs.history("local", "hb-1")]
    assert [record.status for record in history] == [RunStatus.ALERT]
    found = server.ask(lambda client: client.xrange("{hb}:feed:local"))
    entries = cast(list[tuple[str, dict[str, str]]], found)
    alerts = [json.loads(fields["payload"]) for _, fields in entries]
    assert [alert["runId"] for alert in alerts] == [run_id]
