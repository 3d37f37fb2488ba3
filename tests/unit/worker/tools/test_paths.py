"""What is opened, and what is refused before it is."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.opens import watched_for_opens
from worker.tools.measured import CannotTell
from worker.tools.paths import looking_at
from worker.tools.policy import ToolPolicy

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the kernel says there what is opened"
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    return root


@pytest.fixture
def fifo(root: Path) -> Path:
    path = root.parent / "fifo"
    os.mkfifo(path)
    return path


@pytest.fixture
def was_opened(fifo: Path) -> Iterator[Callable[[], bool]]:
    with watched_for_opens(fifo) as asked:
        yield asked


def look(path: str, root: Path, *read_paths: Path) -> None:
    policy = ToolPolicy(owner="ann", root=root, base=root, read_paths=read_paths)
    with looking_at(path, policy=policy, flags=os.O_RDONLY):
        pass


@pytest.mark.parametrize("path", ["../fifo", "link", "folder/fifo"])
def test_what_leads_out_of_the_root_is_not_opened(
    root: Path, was_opened: Callable[[], bool], path: str
) -> None:
    (root / "link").symlink_to("../fifo")
    (root / "folder").symlink_to("..")
    with pytest.raises(CannotTell, match="not allowed"):
        look(path, root)
    assert not was_opened()


def test_what_lies_in_a_read_path_is_opened(
    root: Path, was_opened: Callable[[], bool]
) -> None:
    look("../fifo", root, root.parent)
    assert was_opened()


def test_what_was_opened_is_judged_too() -> None:
    read, write = os.pipe()
    try:  # its name has a place in /proc, and what it leads to has none
        with pytest.raises(CannotTell, match="not allowed"):
            look(f"self/fd/{read}", Path("/proc"))
    finally:
        os.close(read)
        os.close(write)
