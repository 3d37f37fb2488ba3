"""What a worker refuses before it starts."""

import asyncio

import pytest

from heartbeat.errors import InvalidSettings
from heartbeat.settings import Settings
from worker.wiring import Models, check_settings


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HEARTBEAT_PRIVATE_HOSTS", "db.internal:5432, a b"),
        ("HEARTBEAT_PRIVATE_HOSTS", "http://db.internal/"),
        ("HEARTBEAT_COMMANDS_FILE", "/nowhere/commands.toml"),
        ("HEARTBEAT_MODEL", "anthropic:claude-sonnet-4-5-20250514"),
        ("HEARTBEAT_CHEAPER_MODEL", "anthropic:claude-9"),
    ],
)
def test_settings_that_would_fail_every_run_are_refused(
    variable: str, value: str
) -> None:
    with pytest.raises(InvalidSettings, match=f"^{variable}: expected "):
        check_settings(Settings.from_env({variable: value}))


def test_settings_as_they_come_are_fine() -> None:
    check_settings(Settings.from_env({"HEARTBEAT_PRIVATE_HOSTS": "db:5432,[::1]:80"}))


KEY = {"ANTHROPIC_API_KEY": "sk"}
OWN = {"ANTHROPIC_BASE_URL": "http://127.0.0.1:1"}
SONNET, HAIKU = "anthropic:claude-sonnet-5-5", "anthropic:claude-haiku-5-5"


@pytest.mark.parametrize(
    ("environ", "asked", "cheaper"),
    [
        pytest.param(KEY, SONNET, HAIKU, id="a dearer model gives way"),
        pytest.param(KEY, HAIKU, HAIKU, id="the cheapest stays"),
        pytest.param(KEY, None, HAIKU, id="so does the default"),
        pytest.param(
            {**KEY, "HEARTBEAT_MODEL": SONNET}, None, HAIKU, id="the worker's own"
        ),
        pytest.param(OWN, SONNET, SONNET, id="a server of one's own may have no other"),
        pytest.param(
            {**OWN, "HEARTBEAT_CHEAPER_MODEL": "anthropic:qwen3"},
            SONNET,
            "anthropic:qwen3",
            id="unless one is named",
        ),
    ],
)
def test_what_takes_a_models_place_when_money_runs_short(
    environ: dict[str, str], asked: str | None, cheaper: str
) -> None:
    models = Models(Settings.from_env(environ))
    assert str(models.cheaper(asked)) == cheaper
    assert models.find_cheaper(asked) is not None
    asyncio.run(models.close())


def test_without_a_model_there_is_no_cheaper_one() -> None:
    assert Models(Settings.from_env({})).find_cheaper(SONNET) is None
