import errno
import os
from pathlib import Path

import pytest

from heartbeat.containment import is_within, opened, would_be


def test_it_opens_what_a_link_leads_to_and_says_where_that_is(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("12345")
    (tmp_path / "link").symlink_to("file")

    with opened(tmp_path / "link") as file:
        assert file.real_path == tmp_path / "file"
        assert file.facts.st_size == 5


def test_it_closes_what_it_opened(tmp_path: Path) -> None:
    with opened(tmp_path) as folder:
        descriptor = folder.descriptor

    with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
        os.fstat(descriptor)


def test_it_opens_relative_to_an_open_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with (
        opened(tmp_path) as folder,
        opened("file", folder=folder.descriptor) as file,
    ):
        assert file.real_path == tmp_path / "file"


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_a_file_that_stays_deleted_cannot_be_placed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("w") as stream:
        path.unlink()
        with (
            pytest.raises(OSError, match=os.strerror(errno.ESTALE)),
            opened(f"/proc/self/fd/{stream.fileno()}"),
        ):
            pass


def test_a_missing_file_would_be_where_its_folder_really_is(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")

    assert would_be(tmp_path / "link" / "missing") == tmp_path / "folder" / "missing"


@pytest.mark.parametrize(
    ("path", "inside"),
    [("/a", True), ("/a/b", True), ("/ab", False), ("/", False), ("/c/d", True)],
)
def test_within_is_a_matter_of_whole_names(path: str, inside: bool) -> None:
    assert is_within(Path(path), [Path("/a"), Path("/c")]) is inside
