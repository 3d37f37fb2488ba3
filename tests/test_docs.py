"""What is written about the system is true: documents, commands and examples."""

import inspect
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from docs.generate import generated
from heartbeat.checklist import parse_checklist
from heartbeat.cli.arguments import build_parser
from heartbeat.cli.starter import STARTER
from heartbeat.setting_names import variable_of
from heartbeat.settings import Settings
from heartbeat.store import keys

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
SCRIPTS = ROOT / "heartbeat" / "store" / "lua"
KEY_FUNCTIONS = [
    function
    for _, function in inspect.getmembers(keys, inspect.isfunction)
    if function.__module__ == keys.__name__
]
KEY_NAMES = [
    value
    for name, value in vars(keys).items()
    if name.isupper() and isinstance(value, str) and value != keys.ROOT
]


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _described_keys() -> set[str]:
    """Return the keys of the table, without their variable parts."""
    rows = [line for line in (keys.__doc__ or "").splitlines() if line.startswith("|")]
    cells = [row.split("|")[1] for row in rows]
    return {
        re.sub(r"<.*>|\*", "", name)
        for cell in cells
        for name in re.findall(r"`([^`]+)`", cell)
    }


def _commands() -> set[str]:
    """Return the commands of `heartbeat`."""
    usage = build_parser().format_help().split("COMMAND\n")[1]
    return set(re.findall(r"^    ([a-z]+) ", usage, re.MULTILINE))


@pytest.mark.parametrize("path", generated(), ids=_name)
def test_what_is_generated_is_fresh(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == generated()[path], "run `make docs`"


def test_the_readmes_make_commands_exist() -> None:
    named = set(re.findall(r"^make ([a-z]+)", README, re.MULTILINE))
    assert {"up", "test"} <= named
    assert named <= TARGETS


def test_every_target_of_the_makefile_is_declared() -> None:
    declared = set(re.findall(r"^\.PHONY: (.*)", MAKEFILE, re.MULTILINE)[0].split())
    assert declared == TARGETS


def test_ci_calls_the_readmes_test_command() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert [line for line in script if line.startswith("make")] == ["make test"]


@pytest.mark.parametrize("text", [README, COMPOSE], ids=["README", "compose"])
def test_every_heartbeat_command_that_is_named_exists(text: str) -> None:
    quoted = re.findall(r"`heartbeat ([a-z]+)[^`]*`", text)
    listed = re.findall(r'"heartbeat", "([a-z]+)"', text)
    assert quoted or listed
    assert {*quoted, *listed} <= _commands()


@pytest.mark.parametrize("text", [README, COMPOSE], ids=["README", "compose"])
def test_every_setting_that_is_named_exists(text: str) -> None:
    named = set(re.findall(r"\bHEARTBEAT_[A-Z_]*[A-Z]\b", text))
    beyond = {"HEARTBEAT_CHECKLISTS"}  # compose's own: the folder that it mounts
    assert named - beyond <= {variable_of(name) for name in Settings.model_fields}


@pytest.mark.parametrize("module", re.findall(r"celery -A ([\w.]+)", README))
def test_the_celery_apps_of_the_readme_exist(module: str) -> None:
    assert ROOT.joinpath(*module.split(".")).with_suffix(".py").exists()


def test_the_files_that_the_readme_names_exist() -> None:
    linked = set(re.findall(r"\]\(([^)#:]+)\)", README))
    table = README.partition("## Where to look")[2]
    assert linked
    assert all((ROOT / path).exists() for path in linked)
    for row in table.splitlines():
        found = list(_paths_of(row))
        assert all(path.exists() for path in found), row


def _paths_of(row: str) -> Iterator[Path]:
    """Return the files a row names; later ones may be beside the first."""
    names = [name for name in re.findall(r"`([\w./]+)`", row) if _is_path(name)]
    for name in names:
        beside = ROOT / Path(names[0]).parent / name
        inside = ROOT / names[0] / name
        yield next(
            (one for one in (ROOT / name, beside, inside) if one.exists()), ROOT / name
        )


def _is_path(name: str) -> bool:
    return "/" in name or name.endswith(".py")


@pytest.mark.parametrize("function", KEY_FUNCTIONS, ids=lambda one: one.__name__)
def test_every_key_with_a_variable_part_is_described(function: object) -> None:
    assert callable(function)
    key = str(function("<x>")).removeprefix(keys.ROOT)
    assert key.removesuffix("<x>") in _described_keys()


@pytest.mark.parametrize("key", KEY_NAMES)
def test_every_key_with_one_name_is_described(key: str) -> None:
    assert key.removeprefix(keys.ROOT) in _described_keys()


def test_every_type_of_the_table_is_the_one_that_is_kept_to() -> None:
    described = {
        re.sub(r"<.*>|\*", "", name): kind.strip()
        for row in re.findall(r"^\| `.*", keys.__doc__ or "", re.MULTILINE)
        for _, cell, kind, *_ in [row.split("|")]
        for name in re.findall(r"`([^`]+)`", cell)
    }
    ours = {"sorted set": "zset"}
    assert {
        name: ours.get(kind, kind)
        for name, kind in described.items()
        if kind not in {"channel", "-"}
    } == keys.KINDS


@pytest.mark.parametrize("script", sorted(SCRIPTS.rglob("*.lua")), ids=_name)
def test_every_key_that_a_script_makes_is_described(script: Path) -> None:
    made = re.findall(r"ROOT \.\. '([^']+)'", script.read_text(encoding="utf-8"))
    assert set(made) <= _described_keys()


@pytest.mark.parametrize(
    "text",
    [
        (ROOT / "examples" / "HEARTBEAT.md").read_text(encoding="utf-8"),
        STARTER,
        re.findall(r"```markdown\n(.*?)```", README, re.DOTALL)[0],
    ],
    ids=["examples/HEARTBEAT.md", "heartbeat init", "README"],
)
def test_every_example_is_a_checklist_without_a_warning(text: str) -> None:
    checklist = parse_checklist(text)
    assert checklist.items
    assert not checklist.warnings


def test_the_services_of_the_readme_are_those_of_compose() -> None:
    services = yaml.safe_load(COMPOSE)["services"]
    for command in (
        "python -m gateway",
        "celery -A beat_schedule.app beat",
        "celery -A worker.app worker",
        "celery -A worker.app flower",
    ):
        assert command in README
        assert any(
            " ".join(service["command"]).startswith(command)
            for service in services.values()
        )


def test_checking_the_documents_at_the_terminal_agrees(python: str) -> None:
    asked = subprocess.run(
        [python, "-m", "docs.generate", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (asked.returncode, asked.stdout) == (0, "")
