"""What an owner is told of its usage, over a real socket and store."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from heartbeat.client import connect
from heartbeat.store.server import Server
from heartbeat.store.spending import Account, Spending
from heartbeat.usage import Usage
from tests.integration.gateway_fixtures import Running, a_root, play, tokens_file

CHEAP = Usage(calls=2, input_tokens=1_000, output_tokens=50, micro_dollars=200_000)
DEAR = Usage(calls=1, input_tokens=9_000, micro_dollars=4_100_000)
LOCAL = Usage(calls=3, input_tokens=7, unpriced_calls=3)


def spend(
    url: str, owner: str, usages: Mapping[str, Usage], *, days_ago: int = 0
) -> None:
    server = Server.connect(url, name="test")
    now = datetime.now(UTC) - timedelta(days=days_ago)
    accounts = {Account(owner, name): usage for name, usage in usages.items()}
    Spending(server).add(accounts, now)
    server.close()


def test_an_owner_sees_days_sums_and_what_is_left(
    server_url: str, tmp_path: Path
) -> None:
    spend(server_url, "local", {"cheap": CHEAP, "dear": DEAR, "own": LOCAL})
    spend(server_url, "local", {"cheap": CHEAP}, days_ago=1)
    spend(server_url, "local", {"cheap": CHEAP}, days_ago=7)
    spend(server_url, "ann", {"hers": DEAR})

    async def story(running: Running) -> None:
        async with connect(running.url) as client:
            report = await client.usage()
            of_one = await client.usage("dear", days=1)
        rows = [(one.schedule_id, one.dollars) for one in report.days]
        assert rows == [("dear", 4.1), ("cheap", 0.2), ("own", None), ("cheap", 0.2)]
        assert report.days[2].unpriced_calls == 3
        assert [(one.calls, one.dollars) for one in report.totals] == [
            (6, 4.3),
            (2, 0.2),
        ]
        budgets = {one.setting: one for one in report.budgets}
        of_owner = budgets["HEARTBEAT_MAX_DOLLARS_PER_OWNER_DAY"]
        assert (of_owner.state, of_owner.limit, of_owner.spent, of_owner.left) == (
            "normal",
            20,
            4.3,
            15.7,
        )
        fleet = budgets["HEARTBEAT_MAX_TOKENS_PER_DAY"]
        assert fleet.spent == sum(one.tokens for one in (CHEAP, DEAR, LOCAL, DEAR))
        assert [one.schedule_id for one in of_one.days] == ["dear"]
        (of_heartbeat,) = [
            one for one in of_one.budgets if "HEARTBEAT_DAY" in one.setting
        ]
        assert of_heartbeat.state == "cheaper"
        _, metrics = await running.get("/metrics")
        assert 'heartbeat_tokens_today{sort="input"}' in metrics
        assert "heartbeat_dollars_today 8.4" in metrics

    play(server_url, a_root(tmp_path), story)


def test_another_owner_sees_its_own_and_nothing_of_the_fleet(
    server_url: str, tmp_path: Path
) -> None:
    spend(server_url, "local", {"cheap": CHEAP})

    async def story(running: Running) -> None:
        async with connect(running.url, token="annann") as client:
            report = await client.usage()
        assert (report.owner, report.days, report.totals) == ("ann", (), ())
        fleet = report.budgets[-1]
        assert fleet.setting == "HEARTBEAT_MAX_TOKENS_PER_DAY"
        assert (fleet.state, fleet.spent, fleet.left) == ("stopped", None, None)

    play(
        server_url,
        a_root(tmp_path),
        story,
        tokens_file=tokens_file(tmp_path, ["ann"]),
        max_tokens_per_day=5,
    )


def test_a_long_report_is_cut_and_says_so(server_url: str, tmp_path: Path) -> None:
    spend(server_url, "local", {f"hb{number}": CHEAP for number in range(501)})

    async def story(running: Running) -> None:
        async with connect(running.url) as client:
            report = await client.usage(days=1)
        assert len(report.days) == 500
        assert report.totals[0].calls == 1002
        assert "501 rows" in report.warnings[0]

    play(server_url, a_root(tmp_path), story)
