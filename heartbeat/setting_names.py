"""What settings are called in the environment, and how they are read from there."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from pathlib import Path

from pydantic import ValidationError

from heartbeat.errors import InvalidSettings

PREFIX = "HEARTBEAT_"
#: Settings that keep the names their makers gave them.
FOREIGN = {
    "anthropic_api_key": "ANTHROPIC_API_KEY",
    "anthropic_base_url": "ANTHROPIC_BASE_URL",
}
SECRETS = frozenset({"redis_url", "broker_url", "anthropic_api_key", "deadman_url"})


def variable_of(field: str) -> str:
    """Return the name of a setting's environment variable."""
    return FOREIGN.get(field, PREFIX + field.upper())


def of_ours(environ: Mapping[str, str | None]) -> dict[str, str]:
    """Return what of an environment is meant for us."""
    foreign = set(FOREIGN.values()) | {f"{name}_FILE" for name in FOREIGN.values()}
    return {
        name: text or ""
        for name, text in environ.items()
        if name.startswith(PREFIX) or name in foreign
    }


def field_of(variable: str, fields: Collection[str]) -> str | None:
    """Return the setting that a variable sets, itself or through its `_FILE`."""
    for field in fields:
        names = {variable_of(field)}
        if field in SECRETS:
            names.add(f"{variable_of(field)}_FILE")
        if variable in names:
            return field
    return None


def from_file(path: str) -> str:
    """Return the secret in a file. Raises InvalidSettings."""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSettings(
            f"expected a readable file with the secret, got {path!r}: {error}"
        ) from error


def near(variable: str, fields: Collection[str]) -> str:
    """Compare without the prefix, which would make all names alike."""
    asked = variable.removeprefix(PREFIX)
    known = {field.upper(): variable_of(field) for field in fields}
    found = get_close_matches(asked, known)
    found.sort(key=lambda name: sorted(name) != sorted(asked))  # swapped letters first
    return f"; did you mean {known[found[0]]}?" if found else ""


def in_variables(error: ValidationError) -> str:
    """Name the variable where the model names the field; never show a secret."""
    parts = []
    for problem in error.errors(include_url=False):
        field = str(problem["loc"][0])
        value = "a secret" if field in SECRETS else repr(problem["input"])
        expected = problem["msg"].removeprefix("Value error, ")
        expected = expected.removeprefix("Input should be ").removeprefix("expected ")
        parts.append(f"{variable_of(field)}: expected {expected}, got {value}")
    return "; ".join(parts)
