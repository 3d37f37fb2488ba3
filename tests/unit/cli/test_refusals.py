"""What `check` says that the fleet would refuse."""

from pathlib import Path

import pytest

from tests.unit.cli.calling import Call

PROBES = """\
- [ ] The log is quiet
  - probe: log {path} ERROR 10m matches == 0
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    found = tmp_path / "root"
    (found / "ops").mkdir(parents=True)
    return found


def warnings(call: Call, file: str, **environ: str) -> str:
    called = call("check", file, **environ)
    assert called.code == 0
    assert "1 item;" in called.out
    return "".join(line for line in called.out.splitlines() if "warning" in line)


def test_a_symlink_out_of_the_root_is_refused(
    call: Call, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "out.md").write_text("- [ ] a\n")
    (root / "link.md").symlink_to(tmp_path / "out.md")
    said = warnings(call, "root/link.md", HEARTBEAT_ROOT="root")
    assert "the fleet would refuse this file: expected a path inside the root" in said
    assert "'link.md', which a symlink leads out of it" in said


def test_a_symlink_within_the_root_is_not(call: Call, root: Path) -> None:
    (root / "ops" / "real.md").write_text("- [ ] a\n")
    (root / "link.md").symlink_to("ops/real.md")
    assert warnings(call, "root/link.md", HEARTBEAT_ROOT="root") == ""


@pytest.mark.parametrize(
    ("path", "is_refused"),
    [
        pytest.param("app.log", False, id="beside it"),
        pytest.param("../app.log", False, id="above it"),
        pytest.param("../../app.log", True, id="above the root"),
        pytest.param("/etc/passwd", True, id="elsewhere"),
        pytest.param("{readable}/app.log", False, id="a read path"),
        pytest.param("link/app.log", True, id="a link that leads out"),
    ],
)
def test_a_probe_may_look_below_the_root_and_the_read_paths_only(
    call: Call, root: Path, tmp_path: Path, path: str, is_refused: bool
) -> None:
    (root / "ops" / "link").symlink_to(tmp_path)
    path = path.format(readable=tmp_path / "readable")
    (root / "ops" / "list.md").write_text(PROBES.format(path=path))
    environ = {"HEARTBEAT_ROOT": "root", "HEARTBEAT_READ_PATHS": "readable"}
    said = warnings(call, "root/ops/list.md", **environ)
    assert (f"line 2: the fleet would not look at {path!r}" in said) is is_refused


def test_where_the_root_is_not_known_nothing_is_said(call: Call, root: Path) -> None:
    (root / "list.md").write_text(PROBES.format(path="/etc/passwd"))
    assert warnings(call, "root/list.md") == ""
    elsewhere = {"HEARTBEAT_ROOT": "root/ops"}
    assert warnings(call, "root/list.md", **elsewhere) == ""
