"""Where a checklist of the current folder is for a gateway of this machine."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from heartbeat.cli.below_root import below_root, both_places, spellings
from heartbeat.cli.context import Context
from heartbeat.cli.output import Output
from heartbeat.cli.running import Place
from heartbeat.settings import Settings

URL = "ws://127.0.0.1:8765/ws"


def a_context(
    folder: Path, *, url: str = URL, here: Place | None = None, root: Path | None = None
) -> Context:
    out = io.StringIO()
    return Context(
        settings=Settings() if root is None else Settings(root=root),
        environ={}, folder=folder, now=datetime(2026, 11, 24, tzinfo=UTC), here=here,
        output=Output(out=out, errors=out, as_json=False, no_color=True), url=url,
    )  # fmt: skip


def test_the_root_of_the_settings_is_known(tmp_path: Path) -> None:
    context = a_context(tmp_path / "a", root=tmp_path)
    assert below_root(context, "b.md", "local") == "a/b.md"
    assert below_root(context, "../b.md", "local") == "b.md"


def test_the_root_of_the_up_that_runs_here_outranks_them(tmp_path: Path) -> None:
    here = Place(url=URL, root=str(tmp_path / "a"))
    context = a_context(tmp_path, here=here, root=tmp_path)
    assert below_root(context, "a/b.md", "local") == "b.md"


def test_what_is_outside_has_no_path_below_it(tmp_path: Path) -> None:
    assert below_root(a_context(tmp_path, root=tmp_path / "a"), "b.md", "local") is None


@pytest.mark.parametrize("url", [URL, "ws://far.example/ws"])
def test_a_root_that_nobody_named_is_not_guessed(tmp_path: Path, url: str) -> None:
    context = a_context(tmp_path, url=url)
    assert below_root(context, "b.md", "local") is None
    assert "below its own root, and not at" in both_places(context, "b.md", "local")


def test_the_root_of_another_machine_is_not_that_of_the_settings(
    tmp_path: Path,
) -> None:
    context = a_context(tmp_path, url="ws://far.example/ws", root=tmp_path)
    assert below_root(context, "b.md", "local") is None


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("b.md", ["a/b.md", "b.md"], id="in the folder"),
        pytest.param("./b.md", ["a/b.md", "./b.md"], id="inline text keeps its name"),
        pytest.param("../b.md", ["b.md", "../b.md"], id="above it"),
        pytest.param("link.md", ["a/link.md", "c/real.md", "link.md"], id="a link"),
        pytest.param("../../far.md", ["../../far.md"], id="outside the root"),
    ],
)
def test_a_gateway_may_know_a_file_by_several_names(
    tmp_path: Path, path: str, expected: list[str]
) -> None:
    root = tmp_path / "root"
    for folder in ("a", "c"):
        (root / folder).mkdir(parents=True)
    (root / "a" / "link.md").symlink_to("../c/real.md")
    context = a_context(root / "a", root=root)
    assert list(spellings(context, path, "local")) == expected


def test_owners_have_a_folder_each(tmp_path: Path) -> None:
    context = a_context(tmp_path / "ann" / "x", root=tmp_path)
    assert below_root(context, "b.md", "ann") == "x/b.md"
    assert below_root(context, "../../b.md", "ann") is None
    assert repr(str(tmp_path / "ann")) in both_places(context, "b.md", "ann")
    far = a_context(tmp_path, url="ws://far.example/ws")
    assert "the folder 'ann' of its own root" in both_places(far, "b.md", "ann")
    assert list(spellings(context, "b.md", "ann")) == ["x/b.md", "b.md"]


def test_the_root_may_be_a_link_itself(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "root").symlink_to("real")
    context = a_context(tmp_path / "real", root=tmp_path / "root")
    assert list(spellings(context, "b.md", "local")) == ["b.md"]
