"""The command as a shell calls it, within this process."""

import io
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from heartbeat.cli.main import main
from tests.unit.cli.calling import Called


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """Calls the command in a folder and an environment of its own."""

    folder: Path
    environ: dict[str, str]

    def call(self, *argv: str) -> Called:
        out, errors = io.StringIO(), io.StringIO()
        with chdir(self.folder), redirect_stdout(out), redirect_stderr(errors):
            code = main(argv, self.environ)
        return Called(code=code, out=out.getvalue(), errors=errors.getvalue())

    def json(self, *argv: str, code: int = 0) -> dict[str, object]:
        called = self.call("--json", *argv)
        assert called.code == code, called.errors
        return called.data
