"""What a worker refuses before it starts."""

import pytest

from heartbeat.errors import InvalidSettings
from heartbeat.settings import Settings
from worker.wiring import check_settings


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HEARTBEAT_PRIVATE_HOSTS", "db.internal:5432, a b"),
        ("HEARTBEAT_PRIVATE_HOSTS", "http://db.internal/"),
        ("HEARTBEAT_COMMANDS_FILE", "/nowhere/commands.toml"),
        ("HEARTBEAT_MODEL", "anthropic:claude-sonnet-4-5-20250514"),
    ],
)
def test_settings_that_would_fail_every_run_are_refused(
    variable: str, value: str
) -> None:
    with pytest.raises(InvalidSettings, match=f"^{variable}: expected "):
        check_settings(Settings.from_env({variable: value}))


def test_settings_as_they_come_are_fine() -> None:
    check_settings(Settings.from_env({"HEARTBEAT_PRIVATE_HOSTS": "db:5432,[::1]:80"}))
