"""The operator's file of commands: what the tool `command` may run, and for whom.

    [backup-age]
    argv = ["/usr/local/bin/backup-age", "--hours"]
    owners = ["local", "ops"]    # only `local` if not given

A checklist names a command and gives it nothing: no argument, no input, no setting.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)

from heartbeat.errors import InvalidSettings
from heartbeat.setting_names import variable_of


def _runnable(argv: tuple[str, ...]) -> tuple[str, ...]:
    if not argv[0].startswith("/"):  # found through no PATH, relative to no folder
        raise ValueError(f"expected an absolute path first, got {argv[0]!r}")
    if any("\0" in word for word in argv):
        raise ValueError("expected words without NUL")
    return argv


class Command(BaseModel):
    """A program with all its arguments, and the owners who may have it run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    argv: Annotated[
        tuple[str, ...], Field(min_length=1, max_length=100), AfterValidator(_runnable)
    ]
    owners: tuple[str, ...] = ("local",)


_Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
_File: TypeAdapter[dict[str, Command]] = TypeAdapter(dict[_Name, Command])


def read_commands(path: Path | None) -> Mapping[str, Command]:
    """Read the file; no file, no commands. Raises InvalidSettings."""
    if path is None:
        return {}
    variable = variable_of("commands_file")
    try:
        return _File.validate_python(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidSettings(
            f"{variable}: expected a readable TOML file, got {str(path)!r}: {error}"
        ) from error
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in problem["loc"])
        raise InvalidSettings(
            f"{variable}: {place}: {problem['msg'].removeprefix('Value error, ')}"
        ) from error


def argv_by_name(
    commands: Mapping[str, Command], owner: str
) -> Mapping[str, tuple[str, ...]]:
    """Return what an owner may have run."""
    return {
        name: command.argv
        for name, command in commands.items()
        if owner in command.owners
    }
