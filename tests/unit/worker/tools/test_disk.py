import shutil
from pathlib import Path

import pytest

from worker.tools.disk import measure_disk
from worker.tools.measured import CannotTell


def test_it_tells_what_the_file_system_tells(tmp_path: Path) -> None:
    fields = measure_disk(str(tmp_path)).fields
    known = shutil.disk_usage(tmp_path)

    share = 100 * known.used / (known.used + known.free)
    assert fields["total_bytes"] == known.total
    assert fields["used_percent"] == pytest.approx(share, abs=0.5)
    assert fields["free_bytes"] == pytest.approx(known.free, rel=0.05)


def test_no_such_path_is_an_answer(tmp_path: Path) -> None:
    measured = measure_disk(str(tmp_path / "missing"))

    assert measured.fields == {}
    assert "there is no" in measured.text


def test_below_a_file_there_is_no_path(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert measure_disk(str(tmp_path / "file" / "x")).fields == {}


def test_a_relative_path_is_refused() -> None:
    with pytest.raises(CannotTell, match="expected an absolute path, got 'data'"):
        measure_disk("data")


def test_what_the_system_refuses_cannot_be_told(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")

    with pytest.raises(CannotTell, match="cannot ask about"):
        measure_disk(str(tmp_path / "loop"))
