"""`heartbeat compile`, with its worker process and a scripted model."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from heartbeat.cli.main import main
from tests.messages_api import Answer, Request, reply, serving, text
from tests.unit.worker.compiling import NEEDS_READING, a_proposal

LIST = """# Machine
- [ ] The disk of / is not full
- [ ] Nothing looks odd
- [ ] Load is low
  - probe: load load1 < 10000
- [ ] The moon is up
"""
NOT_FULL = a_proposal((0, "used_percent", "<=", "100%"), calls=[("disk", "/")])
UNREACHABLE = a_proposal(
    (0, "status", "==", "200"),
    (0, "latency_ms", "<", "1s"),
    calls=[("http", "https://elsewhere.example/")],
)


def proposing(request: Request) -> Answer:
    """Make a rule of the disk, an unreachable one of the moon, and none of the rest."""
    for word, proposal in (("disk", NOT_FULL), ("moon", UNREACHABLE)):
        if word in request.item:
            return reply(text(proposal))
    return reply(text(NEEDS_READING))


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "HEARTBEAT.md"
    path.write_text(LIST)
    return path


Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Iterator[Call]:
    root = str(Path(__file__).parents[2])
    with serving(proposing) as api:

        def called(*argv: str, **environ: str) -> tuple[int, str, str]:
            given = {"ANTHROPIC_BASE_URL": api.url, "PYTHONPATH": root, **environ}
            code = main(list(argv), {k: v for k, v in given.items() if v})
            shown = capsys.readouterr()
            return code, shown.out, shown.err

        yield called


def test_it_shows_a_rule_and_what_it_finds_now_and_writes_nothing(
    file: Path, call: Call
) -> None:
    code, out, _ = call("compile", "HEARTBEAT.md")
    assert code == 0
    assert "disk / used_percent <= 100%" in out
    assert "needs reading: its words" in out
    assert "latency_ms < 1s" in out  # a condition on a line of its own
    assert "\ufffd" not in out
    assert "nothing written" in out
    assert file.read_text() == LIST


def test_write_puts_what_could_be_tried_out_below_its_item(
    file: Path, call: Call
) -> None:
    file.chmod(0o640)
    code, out, _ = call("--json", "compile", "HEARTBEAT.md", "--write")
    assert (code, json.loads(out.splitlines()[-1])["written"]) == (0, 1)
    first = "- [ ] The disk of / is not full\n"
    rule = "  - probe: disk / used_percent <= 100%\n"
    assert file.read_text() == LIST.replace(first, first + rule)
    assert file.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in file.parent.iterdir()] == ["HEARTBEAT.md"]


def test_a_rule_on_a_host_that_the_checklist_does_not_name_is_not_written(
    file: Path, call: Call
) -> None:
    _, out, _ = call("--json", "compile", "HEARTBEAT.md")
    items = {item["description"]: item for item in json.loads(out)["items"]}
    assert items["The moon is up"]["status"] == "unknown"


def test_without_a_model_it_says_what_is_missing(file: Path, call: Call) -> None:
    code, out, errors = call("compile", "HEARTBEAT.md", ANTHROPIC_BASE_URL="")
    assert (code, out) == (2, "")
    assert "expected ANTHROPIC_API_KEY or ANTHROPIC_BASE_URL" in errors
