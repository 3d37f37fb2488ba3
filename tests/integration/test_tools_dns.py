"""The tool `dns` over the system's resolver and a name server on the loopback."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNSHARED = ["unshare", "--map-root-user", "--mount", "--net"]


def can_unshare() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*UNSHARED, "true"], capture_output=True).returncode == 0


@pytest.mark.skipif(not can_unshare(), reason="this host gives no network namespaces")
def test_it_tells_what_the_name_server_said() -> None:
    names = [f"{label}.example" for label in
             ("there", "empty", "missing", "broken", "silent")]  # fmt: skip
    done = subprocess.run(
        [*UNSHARED, sys.executable, "-m", "tests.integration.name_server", *names],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    there, empty, missing, broken, silent = map(json.loads, done.stdout.splitlines())
    assert there == {"found": True, "count": 1, "addresses": "192.0.2.7"}
    assert empty == missing == {"found": False, "count": 0}
    for trouble in (broken, silent):
        assert trouble.startswith("the resolver failed for ")
