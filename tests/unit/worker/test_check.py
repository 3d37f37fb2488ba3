"""`python -m worker check FILE --json-lines`, as the command line uses it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.worker.runs import MODEL, RULE
from worker.__main__ import main

Line = dict[str, object]

FINE = "- [ ] the load is low\n  - probe: load load1 < 10000\n"


def check(
    file: Path | str, capsys: pytest.CaptureFixture[str], **environ: str
) -> tuple[int, list[Line]]:
    """Check a file; return the exit code and what was said, a value a line."""
    code = main(["check", str(file), "--json-lines"], environ)
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "HEARTBEAT.md"


def test_it_says_start_each_item_and_the_run(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(FINE + MODEL)
    code, lines = check(file, capsys)
    assert code == 0
    assert [line["event"] for line in lines] == ["start", "item", "item", "done"]
    assert lines[0] == {"event": "start", "items": 2, "model": None}
    judged = {line["description"]: line["status"] for line in lines[1:3]}
    assert judged == {"the load is low": "ok", "nothing looks odd": "unknown"}
    run = lines[3]["run"]
    assert isinstance(run, dict)
    assert (run["status"], len(run["items"])) == ("unknown", 2)


def test_it_names_the_model_that_would_be_called(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(f"---\nmodel: anthropic:claude-sonnet-5-5\n---\n{FINE}")
    _, lines = check(file, capsys, ANTHROPIC_API_KEY="sk-secret")
    assert lines[0]["model"] == "anthropic:claude-sonnet-5-5"


def test_a_checklist_whose_items_are_all_off_is_a_skipped_run(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text("- [x] later\n")
    code, lines = check(file, capsys)
    run = lines[-1]["run"]
    assert isinstance(run, dict)
    assert (code, run["status"], run["reason"]) == (0, "skipped", "empty")


def test_a_link_is_followed_to_the_folder_of_the_file(
    tmp_path: Path, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "flag").write_text("")
    (tmp_path / "real" / "list.md").write_text(
        "- [ ] a\n  - probe: file flag exists == true\n"
    )
    file.symlink_to(tmp_path / "real" / "list.md")
    _, lines = check(file, capsys)
    assert lines[1]["status"] == "ok"


def test_nothing_is_stored(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(FINE)
    nobody_listens = "redis://127.0.0.1:1/0"
    code, _ = check(file, capsys, HEARTBEAT_REDIS_URL=nobody_listens)
    assert code == 0


def written(content: str | bytes) -> Callable[[Path], object]:
    data = content.encode() if isinstance(content, str) else content
    return lambda file: file.write_bytes(data)


@pytest.mark.parametrize(
    ("make", "code", "said"),
    [
        pytest.param(lambda _: None, "checklist_unavailable", "no file", id="missing"),
        pytest.param(
            lambda file: file.mkdir(), "checklist_unavailable", "regular", id="folder"
        ),
        pytest.param(
            lambda file: file.symlink_to(file),
            "checklist_unavailable",
            "expected a file",
            id="link to itself",
        ),
        pytest.param(
            written(b"x" * 1_000_000),
            "checklist_unavailable",
            "at most 65536 bytes",
            id="1 MB",
        ),
        pytest.param(written(""), "empty", "expected items", id="empty"),
        pytest.param(
            written(b"- [ ] caf\xe9"), "invalid_checklist", "UTF-8", id="not UTF-8"
        ),
        pytest.param(
            written(b"- [ ] a\0b"), "invalid_checklist", "NUL", id="a NUL byte"
        ),
        pytest.param(
            written("- [ ] a\n" * 5_000),
            "invalid_checklist",
            "at most 100 items",
            id="5,000 items",
        ),
        pytest.param(written("- a\n"), "invalid_checklist", "- [ ]", id="no boxes"),
        pytest.param(
            written("---\ninterval: 5\n"),
            "invalid_front_matter",
            "---",
            id="front matter that is not closed",
        ),
        pytest.param(
            written("---\ninterval: 0.1\n---\n- [ ] a\n"),
            "invalid_schedule",
            "at least 60 s",
            id="too short an interval",
        ),
        pytest.param(
            written("---\nmodel: anthropic:claude-sonnet-4-5-20250514\n---\n- [ ] a\n"),
            "invalid_model",
            "expected a model that exists",
            id="a model that never existed",
        ),
        pytest.param(
            written("- [ ] a\n  - probe: disk / used < 90%\n"),
            "invalid_probe",
            "line 2",
            id="a field that the tool has not",
        ),
    ],
)
def test_what_cannot_be_used_is_an_error_with_its_code(
    file: Path,
    capsys: pytest.CaptureFixture[str],
    make: Callable[[Path], object],
    code: str,
    said: str,
) -> None:
    make(file)
    exit_code, lines = check(file, capsys)
    assert (exit_code, lines[-1]["event"], lines[-1]["code"]) == (2, "error", code)
    assert said in str(lines[-1]["message"])


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="no name"),
        pytest.param("x" * 5_000, id="a name that is too long"),
        pytest.param("caf\udce9.md", id="a name that is not UTF-8"),
        pytest.param("/", id="the root folder"),
    ],
)
def test_an_odd_name_is_an_error(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    exit_code, lines = check(name, capsys)
    assert (exit_code, lines[-1]["event"]) == (2, "error")


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        pytest.param(
            {"HEARTBEAT_NO_SUCH": "1"}, "HEARTBEAT_NO_SUCH", id="an unknown setting"
        ),
        pytest.param(
            {"HEARTBEAT_MODEL": "gpt"}, "HEARTBEAT_MODEL", id="a model without provider"
        ),
        pytest.param(
            {"ANTHROPIC_BASE_URL": "ftp://x"}, "ANTHROPIC_BASE_URL", id="a bad address"
        ),
    ],
)
def test_settings_that_cannot_work_are_an_error(
    file: Path,
    capsys: pytest.CaptureFixture[str],
    environ: dict[str, str],
    said: str,
) -> None:
    file.write_text(RULE)
    exit_code, lines = check(file, capsys, **environ)
    assert (exit_code, lines[-1]["code"]) == (2, "invalid_settings")
    assert said in str(lines[-1]["message"])


def test_the_key_is_never_said(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(FINE)
    environ = {"ANTHROPIC_API_KEY": "sk-secret", "HEARTBEAT_PORT": "none"}
    _, lines = check(file, capsys, **environ)
    assert "sk-secret" not in str(lines)
