"""What the model costs, from a worker's call to the report, over real processes."""

import pytest

from tests.acceptance.fleet import JUDGE, System, finished, listening, story, until

pytestmark = pytest.mark.acceptance

#: A rule is asked for, the item looked at and judged, and its ok read again.
CALLS = 4


def test_what_a_run_has_cost_is_reported(system: System) -> None:
    async def told() -> None:
        async with listening(system.url) as (client, _):
            reply = await client.configure(
                "paid", content="- [ ] The load is fine\n", run_on=JUDGE, run_now=True
            )
            assert reply.run_id is not None
            run = await finished(client, reply.schedule_id, reply.run_id)
            report = await until(
                lambda: client.usage(reply.schedule_id, days=1),
                lambda found: bool(found.days) and found.days[0].calls == CALLS,
                f"{CALLS} calls",
            )
            assert run.usage is not None
            assert (
                run.usage.dollars
                == report.days[0].dollars
                == pytest.approx(CALLS * 32e-6)
            )
            assert report.totals[0].calls >= CALLS

    story(told())
