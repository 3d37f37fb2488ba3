"""What a service writes to its log, by the level that was asked for."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from heartbeat.logs import OURS, configure_logging


@pytest.fixture(autouse=True)
def _loggers_as_they_were() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for handler in set(root.handlers) - set(handlers):
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
    for name in OURS:
        logging.getLogger(name).setLevel(logging.NOTSET)


def logged(tmp_path: Path, level: int, name: str) -> list[str]:
    """Log a line of each level as that logger; return those that were written."""
    file = tmp_path / "service.log"
    configure_logging(level, file=str(file))
    for each in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        logging.getLogger(name).log(each, "line")
    return file.read_text().splitlines()


@pytest.mark.parametrize(
    ("level", "ours", "others"),
    [
        pytest.param(logging.DEBUG, 4, 4, id="debug"),
        pytest.param(logging.INFO, 3, 3, id="info"),
        pytest.param(logging.WARNING, 3, 2, id="warning: each run is counted"),
        pytest.param(logging.ERROR, 1, 1, id="error: less is meant"),
    ],
)
def test_runs_are_logged_at_the_level_that_celery_starts_with(
    tmp_path: Path, level: int, ours: int, others: int
) -> None:
    (tmp_path / "others").mkdir()
    assert len(logged(tmp_path, level, "worker.execution")) == ours
    assert len(logged(tmp_path / "others", level, "celery.worker")) == others


def test_a_line_has_time_level_and_logger(tmp_path: Path) -> None:
    line = logged(tmp_path, logging.WARNING, "worker.execution")[0]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d [\d:,]+ INFO worker\.execution line", line)


def test_without_a_file_it_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(logging.WARNING)
    logging.getLogger("worker").info("a run")
    assert "INFO worker a run" in capsys.readouterr().err
