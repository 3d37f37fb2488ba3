import errno
import os
import socket
import sys
import threading
from pathlib import Path

import pytest

from heartbeat.checklist import MAX_CHECKLIST_BYTES
from heartbeat.checklist_file import FileTrouble, read_checklist, relative_path
from heartbeat.errors import ChecklistUnavailable
from tests.opens import watched_for_opens


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "team").mkdir(parents=True)
    (root / "team" / "HEARTBEAT.md").write_bytes(b"- [ ] the disk has room\n")
    return root


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret.md"
    path.write_text("- [ ] not for you\n")
    return path


def trouble(path: str, root: Path) -> ChecklistUnavailable:
    with pytest.raises(ChecklistUnavailable) as caught:
        read_checklist(path, root=root)
    return caught.value


def test_it_reads_the_bytes_as_they_are(root: Path) -> None:
    (root / "latin.md").write_bytes(b"- [ ] caf\xe9\r\n")

    assert read_checklist("latin.md", root=root).text_bytes == b"- [ ] caf\xe9\r\n"


def test_it_names_the_real_file_and_the_folder_that_was_asked_for(root: Path) -> None:
    (root / "team" / "link.md").symlink_to("../shared.md")
    (root / "shared.md").write_text("- [ ] x\n")

    file = read_checklist("team/link.md", root=root)

    assert file.real_path == root / "shared.md"
    assert file.folder == root / "team"


def test_the_root_may_be_a_link(root: Path, tmp_path: Path) -> None:
    link = tmp_path / "current"
    link.symlink_to(root)

    file = read_checklist("team/HEARTBEAT.md", root=link)

    assert file.real_path == root / "team" / "HEARTBEAT.md"


@pytest.mark.parametrize(
    "asked",
    ["team/HEARTBEAT.md", "./team//HEARTBEAT.md", "team/./HEARTBEAT.md"],
)
def test_every_spelling_has_one_relative_path(root: Path, asked: str) -> None:
    assert relative_path(asked, root) == "team/HEARTBEAT.md"


def test_absolute_paths_may_go_by_the_root_or_by_what_it_links_to(
    root: Path, tmp_path: Path
) -> None:
    link = tmp_path / "current"
    link.symlink_to(root)

    for spelling in (link, root):
        asked = str(spelling / "team" / "HEARTBEAT.md")
        assert relative_path(asked, link) == "team/HEARTBEAT.md"
        assert read_checklist(asked, root=link).folder == root / "team"


@pytest.mark.parametrize(
    "asked",
    [
        "../secret.md",
        "team/../../secret.md",
        "team/../team/HEARTBEAT.md",
        "/etc/passwd",
        "//etc/passwd",
        "/nonexistent/file",
    ],
)
def test_it_refuses_paths_that_leave_the_root(
    root: Path, secret: Path, asked: str
) -> None:
    assert trouble(asked, root).reason == FileTrouble.OUTSIDE_ROOT


def test_a_folder_whose_name_begins_like_the_root_is_outside(root: Path) -> None:
    sibling = root.with_name("root2")
    sibling.mkdir()
    (sibling / "x.md").write_text("- [ ] x\n")

    assert trouble(str(sibling / "x.md"), root).reason == FileTrouble.OUTSIDE_ROOT


def test_links_out_of_the_root_say_the_same_whatever_is_there(
    root: Path, tmp_path: Path, secret: Path
) -> None:
    forbidden = tmp_path / "forbidden"
    forbidden.mkdir()
    (tmp_path / "loop").symlink_to("loop")
    targets = {
        "file": secret,
        "folder": forbidden,
        "missing": tmp_path / "missing.md",
        "below_a_file": secret / "x",
        "loop": tmp_path / "loop",
    }
    for name, target in targets.items():
        link = root / "link.md"
        link.symlink_to(target)
        found = trouble("link.md", root)
        link.unlink()
        assert found.reason == FileTrouble.OUTSIDE_ROOT, name
        assert str(found) == (
            "expected a path inside the root, got 'link.md', which a symlink leads"
            " out of it"
        )


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel says what is opened")
def test_what_a_link_leads_to_outside_the_root_is_not_opened(
    root: Path, secret: Path
) -> None:
    (root / "link.md").symlink_to(secret)

    with watched_for_opens(secret) as was_opened:
        assert trouble("link.md", root).reason == FileTrouble.OUTSIDE_ROOT
        assert not was_opened()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_what_was_opened_is_judged_by_where_it_is() -> None:
    read, write = os.pipe()
    try:  # its name has a place in /proc, and what it leads to has none
        found = trouble(f"self/fd/{read}", Path("/proc"))
    finally:
        os.close(read)
        os.close(write)

    assert found.reason == FileTrouble.OUTSIDE_ROOT


def test_a_file_below_a_folder_linked_out_of_the_root_is_outside(
    root: Path, tmp_path: Path, secret: Path
) -> None:
    (root / "out").symlink_to(tmp_path)

    assert trouble("out/secret.md", root).reason == FileTrouble.OUTSIDE_ROOT
    assert trouble("out/missing.md", root).reason == FileTrouble.OUTSIDE_ROOT


@pytest.mark.parametrize(
    "asked",
    [
        "missing.md",
        "nowhere/HEARTBEAT.md",
        "team/HEARTBEAT.md/x",
        "x" * 300,
        "nul\0.md",
        "half\ud800.md",
    ],
)
def test_it_says_missing_where_no_file_is(root: Path, asked: str) -> None:
    assert trouble(asked, root).reason == FileTrouble.MISSING


def test_a_root_that_is_not_there_has_no_checklists(tmp_path: Path) -> None:
    found = trouble("x.md", tmp_path / "nobody")

    assert found.reason == FileTrouble.MISSING


@pytest.mark.parametrize("asked", ["", ".", "team"])
def test_a_folder_is_not_a_file(root: Path, asked: str) -> None:
    assert trouble(asked, root).reason == FileTrouble.NOT_A_FILE


def test_it_never_waits_for_a_fifo(root: Path) -> None:
    os.mkfifo(root / "fifo.md")

    assert trouble("fifo.md", root).reason == FileTrouble.NOT_A_FILE


def test_a_socket_is_not_a_file(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s.md")

    assert trouble("s.md", root).reason == FileTrouble.NOT_A_FILE


def test_a_device_is_not_read_even_inside_the_root() -> None:
    assert trouble("zero", Path("/dev")).reason == FileTrouble.NOT_A_FILE


def test_it_reads_a_file_of_exactly_the_limit(root: Path) -> None:
    (root / "full.md").write_bytes(b"x" * MAX_CHECKLIST_BYTES)

    file = read_checklist("full.md", root=root)

    assert len(file.text_bytes) == MAX_CHECKLIST_BYTES


def test_it_refuses_one_byte_more(root: Path) -> None:
    (root / "big.md").write_bytes(b"x" * (MAX_CHECKLIST_BYTES + 1))

    found = trouble("big.md", root)

    assert found.reason == FileTrouble.TOO_LARGE
    assert "65536" in str(found)


def test_a_circle_of_links_is_unreadable(root: Path) -> None:
    (root / "a.md").symlink_to("b.md")
    (root / "b.md").symlink_to("a.md")

    found = trouble("a.md", root)

    assert found.reason == FileTrouble.UNREADABLE
    assert os.strerror(errno.ELOOP) in str(found)


def test_a_file_that_is_replaced_all_the_time_reads_whole(root: Path) -> None:
    done = threading.Event()
    target = root / "busy.md"
    target.write_bytes(b"0" * 100)

    def replace() -> None:
        while not done.is_set():
            fresh = root / "fresh"
            fresh.write_bytes(b"1" * 100)
            fresh.rename(target)

    writer = threading.Thread(target=replace)
    writer.start()
    try:
        files = [read_checklist("busy.md", root=root) for _ in range(200)]
    finally:
        done.set()
        writer.join()

    assert {file.real_path for file in files} == {target}
    assert {len(file.text_bytes) for file in files} == {100}
