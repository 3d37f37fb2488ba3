import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.toolboxes import a_policy
from worker.tools.log import MAX_LINE, measure_log
from worker.tools.measured import CannotTell, Measured
from worker.tools.policy import ToolPolicy


def ago(zone: str = "Z", **age: float) -> str:
    at = datetime.now(UTC) - timedelta(**age)
    return at.strftime("%Y-%m-%dT%H:%M:%S") + zone


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "app.log"


def measure(
    log: Path, pattern: str = "ERROR", window: str = "10m", *, root: Path | None = None
) -> Measured:
    folder = root or log.parent
    policy = ToolPolicy(owner="alice", root=folder, base=folder)
    return measure_log(str(log), pattern, window, policy=policy)


def refusal(log: Path, window: str = "10m") -> str:
    with pytest.raises(CannotTell) as caught:
        measure(log, window=window)
    return str(caught.value)


def test_it_counts_the_matches_in_the_last_lines(log: Path) -> None:
    log.write_text("ERROR old\nok\nERROR 1\nok\nERROR 2\nok\n")

    assert measure(log, window="4lines").fields == {
        "exists": True,
        "lines": 4,
        "matches": 2,
        "last": "ERROR 2",
    }


def test_a_line_that_is_only_begun_is_a_line(log: Path) -> None:
    log.write_text("ok\nERROR half")

    assert measure(log, window="1line").fields["last"] == "ERROR half"


def test_it_counts_the_matches_since_then(log: Path) -> None:
    times = [ago(hours=2), ago(minutes=11), ago(minutes=9), ago(seconds=1)]
    log.write_text("".join(f"{each} ERROR {n}\n" for n, each in enumerate(times)))

    fields = measure(log).fields

    assert (fields["lines"], fields["matches"]) == (2, 2)
    assert str(fields["last"]).endswith("ERROR 3")


def test_lines_without_a_time_belong_to_the_line_before(log: Path) -> None:
    log.write_text(
        f"{ago(hours=1)} failed\n  ERROR a\n{ago(minutes=1)} failed\n  ERROR b\n"
    )

    assert measure(log).fields["matches"] == 1


def test_what_follows_a_recent_line_is_recent_whatever_it_is_about(log: Path) -> None:
    log.write_text(f"{ago(minutes=1)} started\n  2024-01-31T00:00:00Z ERROR\n")

    assert measure(log).fields["matches"] == 1


def test_a_time_to_come_makes_nothing_recent(log: Path) -> None:
    to_come = "  until 2999-01-31T00:00:00Z"
    log.write_text(f"{ago(hours=2)} started\n{to_come}\n{ago(hours=1)} ERROR\n")

    assert measure(log).fields["lines"] == 0


def test_nothing_new_is_no_match(log: Path) -> None:
    log.write_text(f"{ago(hours=1)} ERROR\n")

    assert measure(log).fields == {"exists": True, "lines": 0, "matches": 0}


def test_an_empty_log_has_no_lines(log: Path) -> None:
    log.touch()

    assert measure(log).fields == {"exists": True, "lines": 0, "matches": 0}


def test_a_log_that_is_not_there_has_no_matches_not_even_none(log: Path) -> None:
    assert measure(log).fields == {"exists": False}


def test_a_window_of_time_needs_times(log: Path) -> None:
    log.write_text("ERROR\n")

    assert "have no time" in refusal(log)


def test_times_without_a_zone_must_fit_the_files_last_change(log: Path) -> None:
    log.write_text(f"{ago('', hours=5)} ERROR\n")

    assert "name no zone" in refusal(log)


def test_times_without_a_zone_count_where_they_fit(log: Path) -> None:
    at = datetime.now(UTC).astimezone() - timedelta(minutes=1)
    log.write_text(f"{at:%Y-%m-%d %H:%M:%S} ERROR\n")

    assert measure(log).fields["matches"] == 1


def test_a_window_may_begin_far_before_the_end(log: Path) -> None:
    old, new = ago(hours=1), ago(minutes=1)
    with log.open("w") as file:
        file.write(f"{old} ERROR\n" * 10_000)
        file.write(f"{new} {'x' * 80}\n" * 10_000)
        file.write(f"{new} ERROR\n")

    fields = measure(log).fields

    assert (fields["lines"], fields["matches"]) == (10_001, 1)


@pytest.mark.parametrize("window", ["10m", "100000lines"])
def test_more_than_is_read_cannot_be_told(log: Path, window: str) -> None:
    line = f"{ago(minutes=1)} {'x' * 1000}\n"
    log.write_text(line * 9_000)

    assert "longer than the last 8.0 MiB" in refusal(log, window)


def test_a_long_line_is_shown_in_part(log: Path) -> None:
    log.write_bytes(b"ERROR \xff" + b"x" * 10_000 + b"\r\n")

    assert len(str(measure(log, window="5lines").fields["last"])) == MAX_LINE


def test_what_lies_elsewhere_is_not_read(log: Path, tmp_path: Path) -> None:
    log.write_text("secret\n")
    root = tmp_path / "root"
    root.mkdir()
    (root / "link.log").symlink_to(log)

    for path in (log, root / "link.log", root / ".." / "missing.log"):
        with pytest.raises(CannotTell, match="not allowed"):
            measure(path, "secret", root=root)


def test_only_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    for path in (tmp_path, tmp_path / "pipe"):
        assert "expected a file" in refusal(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_log_that_may_not_be_read_cannot_be_told(log: Path) -> None:
    log.touch(mode=0o000)

    assert "Permission denied" in refusal(log)


def test_the_policy_of_nowhere_reads_nothing() -> None:
    with pytest.raises(CannotTell):
        measure_log("/etc/hostname", "x", "1line", policy=a_policy())
