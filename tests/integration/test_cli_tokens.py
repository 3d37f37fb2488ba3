"""The command at a gateway that takes clients with a token only."""

import asyncio
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from heartbeat.cli.context import Context
from heartbeat.cli.output import Output
from heartbeat.cli.up.example import show_alerts
from heartbeat.settings import Settings
from tests.integration.cli_shell import Shell
from tests.integration.gateway_fixtures import Running, a_root, play, tokens_file


def with_tokens(server_url: str, folder: Path, *argv: str) -> tuple[int, str]:
    """Call the command at a gateway of the owner `ann`; return code and errors."""
    found: list[tuple[int, str]] = []

    async def story(running: Running) -> None:
        shell = Shell(folder=folder, environ={"HEARTBEAT_ROOT": str(folder)})
        called = await asyncio.to_thread(shell.call, "--url", running.url, *argv)
        found.append((called.code, called.errors))

    tokens = tokens_file(folder, ["ann"])
    play(server_url, folder, story, tokens_file=tokens)
    return found[0]


def test_without_a_token_it_says_that_one_is_needed(
    server_url: str, tmp_path: Path
) -> None:
    code, errors = with_tokens(server_url, tmp_path, "list")
    assert code == 2
    assert "needs a token, and none was given" in errors
    assert "(--token-file FILE or --token gives one)" in errors


def test_a_wrong_token_is_not_known(server_url: str, tmp_path: Path) -> None:
    code, errors = with_tokens(server_url, tmp_path, "list", "--token", "x")
    assert code == 2
    assert "does not know this token" in errors
    assert "--token-file" not in errors


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        pytest.param(None, "`heartbeat watch --token-file FILE` shows", id="none"),
        pytest.param("annann", "from HEARTBEAT.md", id="of ann"),
    ],
)
def test_up_says_how_alerts_are_seen_and_finds_the_owners_checklist(
    server_url: str, tmp_path: Path, token: str | None, expected: str
) -> None:
    (tmp_path / "ann").mkdir()
    root, out = a_root(tmp_path / "ann").parent, io.StringIO()

    async def story(running: Running) -> None:
        context = Context(
            settings=Settings(root=root), environ={}, folder=tmp_path, token=token,
            now=datetime.now(UTC), here=None, url=running.url,
            output=Output(out=out, errors=out, as_json=False, no_color=True),
        )  # fmt: skip
        showing = asyncio.create_task(show_alerts(context, with_example=True))
        async with asyncio.timeout(10):
            while expected not in out.getvalue():
                await asyncio.sleep(0.01)
        showing.cancel()
        await asyncio.wait([showing])

    play(server_url, root, story, tokens_file=tokens_file(tmp_path, ["ann"]))
    assert expected in out.getvalue()


def test_a_path_hint_names_the_folder_of_the_owner(
    server_url: str, tmp_path: Path
) -> None:
    a_root(tmp_path)
    words = ("configure", "HEARTBEAT.md", "--token", "annann")
    code, errors = with_tokens(server_url, tmp_path, *words)
    assert code == 2
    assert f"looked below its root {str(tmp_path / 'ann')!r}" in errors


def test_a_path_of_an_owner_may_begin_where_one_stands(
    server_url: str, tmp_path: Path
) -> None:
    (tmp_path / "ann").mkdir()
    a_root(tmp_path / "ann")
    words = ("configure", "ann/HEARTBEAT.md", "--no-run", "--token", "annann")
    assert with_tokens(server_url, tmp_path, *words)[0] == 0
