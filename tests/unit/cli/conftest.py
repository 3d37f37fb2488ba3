"""The command, called as from a shell."""

from pathlib import Path

import pytest

from heartbeat.cli.main import main
from tests.unit.cli.calling import Call, Called


@pytest.fixture
def call(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Call:
    """Call the command in an empty folder and an environment of its own."""
    monkeypatch.chdir(tmp_path)

    def once(*argv: str, **environ: str) -> Called:
        code = main(argv, {"HEARTBEAT_PORT": "1", **environ})  # no gateway is there
        out, errors = capsys.readouterr()
        return Called(code=code, out=out, errors=errors)

    return once
