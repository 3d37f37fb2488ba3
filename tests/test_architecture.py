"""What keeps the packages apart, and files small enough to read at once."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("heartbeat", "gateway", "beat_schedule", "worker")
FLAT = sorted((ROOT / "heartbeat").glob("*.py"))
SOURCES = sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

#: What the pure part may import beside the standard library and itself.
ALLOWED_IN_PURE = {
    "pydantic",
    "pydantic_core",
    "cronsim",
    "markdown_it",
    "yaml",
    "re2",
}
#: Only entry points read the environment.
ENTRY_POINTS = {"__main__.py", "app.py"}
MAX_LINES, MAX_TEST_LINES = 250, 400


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("path", FLAT, ids=_name)
def test_a_flat_module_of_heartbeat_is_pure(path: Path) -> None:
    allowed = ALLOWED_IN_PURE | set(sys.stdlib_module_names) | {"heartbeat"}
    parts_with_io = ("heartbeat.store", "heartbeat.client", "heartbeat.cli")
    found = [
        name
        for name in _imports(path)
        if name.split(".")[0] not in allowed or name.startswith(parts_with_io)
    ]
    assert not found


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_only_entry_points_read_the_environment(path: Path) -> None:
    is_entry = path.name in ENTRY_POINTS or _name(path) == "heartbeat/cli/main.py"
    text = path.read_text(encoding="utf-8")
    assert is_entry or not any(word in text for word in ("os.environ", "getenv("))


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_a_source_file_can_be_read_at_once(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MAX_LINES


@pytest.mark.parametrize("path", TESTS, ids=_name)
def test_a_test_file_can_be_read_at_once(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= MAX_TEST_LINES


@pytest.mark.parametrize("path", SOURCES, ids=_name)
def test_a_module_says_what_it_is_for(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
