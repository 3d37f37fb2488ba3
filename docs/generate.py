"""Writes what would go stale by hand: `python -m docs.generate`, `--check` in CI.

Tables go between markers in README.md and docs/reference.md; the wire protocol's JSON
Schema is docs/protocol.schema.json.
"""

import argparse
import inspect
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from pydantic_core import PydanticUndefined

from gateway.metrics import METRICS, PREFIX
from heartbeat import errors
from heartbeat.cli.arguments import build_parser
from heartbeat.models import CURRENT_MODELS, RETIREMENTS, TABLE_DATE
from heartbeat.protocol import json_schema
from heartbeat.setting_names import variable_of
from heartbeat.settings import Settings
from heartbeat.store import keys
from heartbeat.tools import CATALOGUE

DOCS = Path(__file__).parent
ROOT = DOCS.parent
_BLOCK = re.compile(
    r"(<!-- generated: (?P<name>[a-z]+) -->\n).*?(<!-- end -->)", re.DOTALL
)


def settings_table() -> str:
    """Return every setting with its default and what it is for."""
    rows = [
        f"| `{variable_of(name)}` | {_default(field.default)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return _table("| variable | default | |", rows)


def tools_table() -> str:
    """Return every tool with its arguments and fields."""
    rows = [
        f"| `{' '.join([tool.name, *(f'<{one.name}>' for one in tool.arguments)])}`"
        f" | {tool.about} | {', '.join(_fields(tool.name))} |"
        for tool in CATALOGUE.values()
    ]
    return _table("| probe | | fields |", rows)


def _fields(tool: str) -> Iterator[str]:
    for field in CATALOGUE[tool].fields:
        yield f"`{field.name}` ({field.unit.value})"
    if CATALOGUE[tool].open_prefix:
        yield f"`{CATALOGUE[tool].open_prefix}<path>` (a value of the answer)"


def errors_table() -> str:
    """Return every error code with when it is raised."""
    classes = [
        one
        for _, one in inspect.getmembers(errors, inspect.isclass)
        if issubclass(one, errors.HeartbeatError)
    ]
    rows = [
        f"| `{one.code}` | {'yes' if one.retryable else 'no'} |"
        f" {(inspect.getdoc(one) or '').splitlines()[0]} |"
        for one in sorted(classes, key=lambda one: one.code)
    ]
    return _table("| code | retry helps | |", rows)


def metrics_table() -> str:
    """Return every metric of the gateway, as a scrape shows it."""
    rows = [
        f"| `{PREFIX}{metric.name}{'_total' * (metric.kind == 'counter')}`"
        f" | {', '.join(metric.labels)} | {metric.about} |"
        for metric in METRICS
    ]
    return _table("| metric | labels | |", rows)


def keys_table() -> str:
    """Return the table of keys, as the store documents it."""
    lines = (inspect.getdoc(keys) or "").splitlines()
    return "\n".join(line for line in lines if line.startswith("|")) + "\n"


def models_table() -> str:
    """Return the known model ids with the day they end, where it is known."""
    rows = [
        f"| `anthropic:{name}` | {RETIREMENTS.get(name, '')} |"
        for name in sorted({*CURRENT_MODELS, *RETIREMENTS})
    ]
    return _table(f"| model (table of {TABLE_DATE}) | ends |", rows)


def cli_help() -> str:
    """Return the help of every command, as a terminal of 80 columns shows it."""
    os.environ["COLUMNS"] = "80"
    parser = build_parser()
    texts = [parser.format_help()]
    for action in parser._subparsers._group_actions if parser._subparsers else ():
        commands: dict[str, argparse.ArgumentParser] = dict(action.choices or {})
        texts += [command.format_help() for command in commands.values()]
    return "\n".join(f"```\n{text.rstrip()}\n```\n" for text in texts)


BLOCKS: dict[str, Callable[[], str]] = {
    "settings": settings_table,
    "tools": tools_table,
    "errors": errors_table,
    "metrics": metrics_table,
    "keys": keys_table,
    "models": models_table,
    "cli": cli_help,
}


def generated() -> dict[Path, str]:
    """Return the text that each file should have."""
    texts = {DOCS / "protocol.schema.json": json.dumps(json_schema(), indent=1) + "\n"}
    for path in (ROOT / "README.md", DOCS / "reference.md"):
        texts[path] = _BLOCK.sub(_filled, path.read_text(encoding="utf-8"))
    return texts


def main(arguments: list[str]) -> int:
    """Write, or with `--check` say what is stale."""
    stale = [
        (path, text)
        for path, text in generated().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    if "--check" in arguments:
        for path, _ in stale:
            print(f"{path.relative_to(ROOT)} is stale: run `make docs`")
        return 1 if stale else 0
    for path, text in stale:
        path.write_text(text, encoding="utf-8")
    return 0


def _filled(match: re.Match[str]) -> str:
    return f"{match[1]}\n{BLOCKS[match['name']]()}\n{match[3]}"


def _table(head: str, rows: list[str]) -> str:
    rule = "|" + "---|" * (head.count("|") - 1)
    return "\n".join([head, rule, *rows]) + "\n"


def _default(value: object) -> str:
    if value is None or value is PydanticUndefined or value == ():
        return "-"
    secret = getattr(value, "get_secret_value", None)
    return f"`{secret() if secret else value}`"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
