"""What the doctor says where little is there."""

from pathlib import Path

import pytest

from heartbeat.cli.running import only_one
from heartbeat.instants import from_ms
from heartbeat.store.gates import Closed, Gates
from heartbeat.store.server import Server
from heartbeat.store.spending import Account, Spending
from heartbeat.usage import Usage
from heartbeat.verdict import Cause
from tests.unit.cli.calling import Call
from tests.unit.store.ledger import ClockedServer, Fleet, a_config

AWAY = "redis://127.0.0.1:1/0"


def finding(call: Call, subject: str, **environ: str) -> dict[str, str] | None:
    """Return the finding about one thing, with store and gateway away."""
    data = call(
        "--json", "doctor", HEARTBEAT_REDIS_URL=AWAY, HEARTBEAT_PORT="1", **environ
    ).data
    findings = data["findings"]
    assert isinstance(findings, list)
    return next((one for one in findings if one["subject"] == subject), None)


@pytest.mark.parametrize("subject", ["Redis", "clients"])
def test_what_is_away_fails_with_advice(call: Call, subject: str) -> None:
    found = finding(call, subject)
    assert found is not None
    assert found["level"] == "fail"
    assert found["advice"].startswith("start ")


@pytest.mark.parametrize(
    ("environ", "level", "said"),
    [
        pytest.param(
            {}, "warn", "none in the settings that are seen here", id="no-key"
        ),
        pytest.param(
            {"ANTHROPIC_API_KEY": "sk"}, "ok", "anthropic:claude-", id="default-model"
        ),
        pytest.param(
            {"ANTHROPIC_API_KEY": "sk", "HEARTBEAT_MODEL": "anthropic:claude-9"},
            "fail",
            "claude-9",
            id="no-such-model",
        ),
        pytest.param(
            {"ANTHROPIC_BASE_URL": "http://x", "HEARTBEAT_MODEL": "anthropic:mine"},
            "warn",
            "mine",
            id="model-of-ones-own-server",
        ),
    ],
)
def test_the_model_is_judged_by_its_settings(
    call: Call, environ: dict[str, str], level: str, said: str
) -> None:
    found = finding(call, "model", **environ)
    assert found is not None
    assert found["level"] == level
    assert said in found["message"]


def test_a_key_is_never_shown(call: Call) -> None:
    called = call("doctor", HEARTBEAT_PORT="1", ANTHROPIC_API_KEY="sk-secret")
    assert "sk-secret" not in called.out + called.errors


def test_a_broker_of_its_own_is_knocked_at(call: Call) -> None:
    found = finding(call, "broker", HEARTBEAT_BROKER_URL="redis://127.0.0.1:2")
    assert found is not None
    assert found["level"] == "fail"


def test_the_stores_own_server_is_not_looked_at_twice(call: Call) -> None:
    assert finding(call, "broker", HEARTBEAT_BROKER_URL=AWAY) is None


def test_it_says_which_store_it_looked_at_without_its_password(call: Call) -> None:
    url = "redis://me:s3cret@127.0.0.1:1/0?password=s3cret"
    called = call("doctor", HEARTBEAT_REDIS_URL=url, HEARTBEAT_PORT="1")
    assert "looked at redis://127.0.0.1:1/0: " in called.out
    assert "s3cret" not in called.out


def test_outside_the_folder_of_up_it_says_where_to_look(call: Call) -> None:
    out = call("doctor", HEARTBEAT_PORT="1").out
    if "looked at redis://127.0.0.1:6379/0" not in out:
        pytest.skip("a Redis serves at the default port")
    assert "in the folder of `heartbeat up`, or set HEARTBEAT_REDIS_URL" in out


def test_where_up_has_ended_it_says_so(call: Call, tmp_path: Path) -> None:
    with only_one(tmp_path):
        pass
    out = call("doctor", HEARTBEAT_PORT="1").out
    if "looked at redis://127.0.0.1:6379/0" not in out:
        pytest.skip("a Redis serves at the default port")
    assert "`heartbeat up` is not running here: start it" in out


def test_closed_gates_and_the_fleets_day_are_looked_at(
    call: Call, server_url: str
) -> None:
    server = Server.connect(server_url, name="test")
    refused = Closed(cause=Cause.MODEL_AUTH, why="401", ms=60_000, provider="anthropic")
    Gates(server).close("key", refused)
    usage = Usage(calls=1, input_tokens=95)
    Spending(server).add({Account("ann", "disk"): usage}, from_ms(server.now_ms()))
    server.close()
    settings = {
        "HEARTBEAT_REDIS_URL": server_url,
        "HEARTBEAT_PORT": "1",
        "HEARTBEAT_MAX_TOKENS_PER_DAY": "100",
    }
    out = call("doctor", **settings).out
    assert "anthropic, every model of a key: none until " in out
    assert "95 tokens of 100 tokens for this UTC day are spent" in out
    assert "a model judges critical items only" in out


def test_queues_and_slots_that_are_late_are_looked_at(
    call: Call, server_url: str
) -> None:
    server = ClockedServer.connect(server_url, name="test")
    server.clock_ms = Server.now_ms(server) - 2 * 3_600_000
    fleet = Fleet(server)
    fleet.configure(a_config("disk", every=60, run_on="db"))
    server.pass_time(minutes=60)
    fleet.beat()
    server.close()
    found = call(
        "--json", "doctor", HEARTBEAT_REDIS_URL=server_url, HEARTBEAT_PORT="1"
    ).data["findings"]
    assert isinstance(found, list)
    failed = [one for one in found if one["level"] == "fail"]
    said = {one["subject"]: one["message"] for one in failed}
    assert "'heartbeat.db', the queue of runOn 'db'" in said["queues"]
    assert "for a worker" in said["beginning"]
    assert "ann:disk of " in said["overdue"]
    assert "UTC, no worker has begun it" in said["overdue"]
