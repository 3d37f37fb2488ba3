"""What `heartbeat run` and `compile` cost, with their worker process and a model."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from heartbeat.cli.main import main
from tests.messages_api import MessagesApi, look_then_judge, serving

LIST = """# Machine
- [ ] The load is bearable
- [ ] The memory suffices
- [ ] The disk has room
- [ ] Load is low
  - probe: load load1 < 10000
"""
#: What each call of the scripted model takes: tokens in, out, from and to the cache.
TOKENS = 100 + 20 + 1000 + 10

Run = Mapping[str, Any]
Call = Callable[..., tuple[str, Run]]


@pytest.fixture
def api() -> Iterator[MessagesApi]:
    with serving(look_then_judge) as api:
        yield api


@pytest.fixture
def call(
    api: MessagesApi,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Call:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "HEARTBEAT.md").write_text(LIST)
    root = str(Path(__file__).parents[2])

    def called(*argv: str, **environ: str) -> tuple[str, Run]:
        """Return what people see, or the last object that programs do."""
        given = {"ANTHROPIC_BASE_URL": api.url, "PYTHONPATH": root, **environ}
        main([*argv, "HEARTBEAT.md"], given)
        out = capsys.readouterr().out
        return out, json.loads(out.splitlines()[-1]) if "--json" in argv else {}

    return called


def test_a_run_says_what_it_has_cost(api: MessagesApi, call: Call) -> None:
    _, done = call("--json", "run")
    usage = done["run"]["usage"]
    assert usage["calls"] == api.served > 3
    assert usage["inputTokens"] == 100 * api.served
    # Micro-dollars of a call, by the list prices of Haiku: 10 + 10 + 10 + 1.25, up.
    assert usage["dollars"] == pytest.approx(32e-6 * api.served)
    served = api.served
    out, _ = call("run")
    assert f"cost: ${32e-6 * served:.4f} for {served} calls: " in out
    assert f"{100 * served:,} tokens in, {20 * served:,} out, " in out


def test_a_run_without_a_model_says_that_it_cost_nothing(call: Call) -> None:
    out, _ = call("run", ANTHROPIC_BASE_URL="")
    assert "cost: nothing, no model was called" in out
    _, done = call("--json", "run", ANTHROPIC_BASE_URL="")
    assert done["run"]["usage"]["calls"] == 0


@pytest.mark.parametrize(
    ("variable", "limit"),
    [
        pytest.param("HEARTBEAT_MAX_TOKENS_PER_RUN", str(TOKENS), id="tokens"),
        pytest.param("HEARTBEAT_MAX_DOLLARS_PER_RUN", "0.00003", id="dollars"),
    ],
)
def test_a_run_ends_at_the_budget_of_a_run(
    api: MessagesApi, call: Call, variable: str, limit: str
) -> None:
    _, done = call("--json", "run", **{variable: limit})
    assert api.served == 1
    items = {item["description"]: item for item in done["run"]["items"]}
    assert items["Load is low"]["status"] == "ok"
    assert items["The disk has room"]["cause"] == "budget"
    assert variable in items["The disk has room"]["details"]


def test_compiling_is_bounded_and_told_too(api: MessagesApi, call: Call) -> None:
    _, found = call("--json", "compile", HEARTBEAT_MAX_TOKENS_PER_RUN=str(TOKENS))
    assert api.served == found["usage"]["calls"] == 1
    assert "HEARTBEAT_MAX_TOKENS_PER_RUN" in found["items"][1]["why"]
    out, _ = call("compile")
    assert "for 3 calls: 300 tokens in" in out
    assert "no rule: " in out
    assert "needs reading" not in out


def test_a_run_of_a_file_that_is_all_off_says_why_it_was_skipped(
    call: Call, tmp_path: Path
) -> None:
    (tmp_path / "HEARTBEAT.md").write_text("- [x] The load is bearable\n")
    out, _ = call("run")
    assert "- skipped: no item is on" in out
