"""Active hours from the command line to the gateway and back."""

import os
from collections.abc import Iterator

import pytest

from tests.acceptance.processes import running_fleet
from tests.conftest import free_port, running_server
from tests.integration.cli_shell import Shell


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    folder = tmp_path_factory.mktemp("root")
    (folder / "HEARTBEAT.md").write_text("- [ ] a\n  - probe: load load1 < 99\n")
    port = free_port()
    with (
        running_server(tmp_path_factory.mktemp("server")) as server,
        running_fleet(server.url, folder) as fleet,
    ):
        fleet.gateway(port=port)
        environ = {"PATH": os.environ["PATH"], "HEARTBEAT_PORT": str(port)}
        yield Shell(folder=folder, environ=environ)


def test_windows_may_have_an_interval_of_their_own(shell: Shell) -> None:
    windows = ("--active", "09:00-17:00@5m", "--active", "18:00-20:00/6,7")
    called = shell.call("configure", "HEARTBEAT.md", "--id", "day", *windows)
    assert called.code == 0, called.errors
    assert "09:00-17:00 every 5 min, 18:00-20:00 on days 6,7" in called.out
    config = shell.json("get", "day")["config"]
    assert isinstance(config, dict)
    assert config["activeHours"] == [
        {"start": "09:00", "end": "17:00", "interval": 5},
        {"start": "18:00", "end": "20:00", "daysOfWeek": [6, 7]},
    ]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param(("09:00-17:00@0.5m",), "60 s between slots", id="too-often"),
        pytest.param(("09:00-17:00@0m",), "above 0", id="zero"),
        pytest.param(("09:00-17:00@25h",), "at most 24 h", id="too-seldom"),
        pytest.param(
            ("09:00-17:00@5m", "--cron", "* * * * *"), "cronExpression", id="cron"
        ),
        pytest.param(("09:00-17:00@5x",), "@5m or @1h, got", id="unit"),
    ],
)
def test_an_interval_that_cannot_be_is_refused(
    shell: Shell, options: tuple[str, ...], expected: str
) -> None:
    called = shell.call("configure", "HEARTBEAT.md", "--active", *options)
    assert called.code == 2
    assert expected in called.errors
