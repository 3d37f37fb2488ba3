import os
import time
from pathlib import Path

import pytest

from worker.tools.file import measure_file
from worker.tools.measured import CannotTell, Measured
from worker.tools.policy import ToolPolicy


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "team").mkdir(parents=True)
    return root


def measure(path: str | Path, root: Path, *read_paths: Path) -> Measured:
    policy = ToolPolicy(
        owner="alice", root=root, base=root / "team", read_paths=read_paths
    )
    return measure_file(str(path), policy=policy)


def refusal(path: str | Path, root: Path, *read_paths: Path) -> str:
    with pytest.raises(CannotTell) as caught:
        measure(path, root, *read_paths)
    return str(caught.value)


def test_it_tells_size_and_age(root: Path) -> None:
    (root / "team" / "backup.tar").write_bytes(b"x" * 2048)
    an_hour_ago = time.time() - 3600
    os.utime(root / "team" / "backup.tar", (an_hour_ago, an_hour_ago))

    fields = measure("backup.tar", root).fields

    assert fields["exists"] is True
    assert fields["size_bytes"] == 2048
    assert fields["age"] == pytest.approx(3600, abs=30)


def test_paths_start_at_the_folder_of_the_checklist(root: Path) -> None:
    (root / "flag").touch()

    assert measure("../flag", root).fields["exists"] is True
    assert measure(root / "flag", root).fields["exists"] is True
    assert measure("flag", root).fields["exists"] is False


@pytest.mark.parametrize("path", ["missing", "nowhere/missing", "../x", "flag/below"])
def test_what_is_not_there_is_an_answer(root: Path, path: str) -> None:
    (root / "team" / "flag").touch()

    assert measure(path, root).fields == {"exists": False}


def test_a_folder_has_an_age_and_no_size(root: Path) -> None:
    assert set(measure(".", root).fields) == {"exists", "age"}


def test_a_file_from_the_future_has_no_age(root: Path) -> None:
    (root / "team" / "odd").touch()
    tomorrow = time.time() + 86400
    os.utime(root / "team" / "odd", (tomorrow, tomorrow))

    assert "age" not in measure("odd", root).fields


def test_a_clock_a_little_ahead_makes_a_file_new(root: Path) -> None:
    (root / "team" / "new").touch()
    soon = time.time() + 30
    os.utime(root / "team" / "new", (soon, soon))

    assert measure("new", root).fields["age"] == 0.0


@pytest.mark.parametrize(
    "path", ["/etc/hostname", "/etc/missing", "../../secret", "../../missing", "/"]
)
def test_outside_it_says_the_same_whatever_is_there(root: Path, path: str) -> None:
    (root.parent / "secret").touch()

    assert refusal(path, root) == (
        f"not allowed: {path!r} is not under the root or a read path"
    )


@pytest.mark.parametrize("target", ["secret", "missing", "secret/below", "loop"])
def test_links_out_of_the_root_say_the_same_whatever_is_there(
    root: Path, target: str
) -> None:
    (root.parent / "secret").touch()
    (root.parent / "loop").symlink_to("loop")
    (root / "team" / "link").symlink_to(root.parent / target)

    assert refusal("link", root).startswith("not allowed: 'link'")


def test_read_paths_are_open_too(root: Path, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "app.log").touch()

    assert measure(logs / "app.log", root, logs).fields["exists"] is True
    assert measure(logs / "missing", root, logs).fields == {"exists": False}
    assert "not allowed" in refusal(tmp_path / "logs2", root, logs)


def test_a_read_path_may_be_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "app.log").touch()
    (tmp_path / "logs").symlink_to("real")

    found = measure(tmp_path / "logs" / "app.log", root, tmp_path / "logs")

    assert found.fields["exists"] is True


def test_it_never_waits_for_a_fifo(root: Path) -> None:
    os.mkfifo(root / "team" / "fifo")

    assert measure("fifo", root).fields["exists"] is True


def test_it_looks_at_devices_without_opening_them() -> None:
    assert measure("/dev/zero", Path("/dev")).fields["exists"] is True


def test_a_circle_of_links_cannot_be_told(root: Path) -> None:
    (root / "team" / "a").symlink_to("a")

    assert "cannot look at 'a'" in refusal("a", root)
