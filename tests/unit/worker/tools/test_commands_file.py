from pathlib import Path

import pytest

from heartbeat.errors import InvalidSettings
from worker.tools.commands_file import argv_by_name, read_commands

FILE = """
[backup-age]
argv = ["/usr/local/bin/backup-age", "--hours"]

[raid]
argv = ["/usr/sbin/check-raid"]
owners = ["ops", "local"]
"""


def test_it_says_what_each_owner_may_have_run(tmp_path: Path) -> None:
    file = tmp_path / "commands.toml"
    file.write_text(FILE)

    commands = read_commands(file)

    assert argv_by_name(commands, "local") == {
        "backup-age": ("/usr/local/bin/backup-age", "--hours"),
        "raid": ("/usr/sbin/check-raid",),
    }
    assert argv_by_name(commands, "ops") == {"raid": ("/usr/sbin/check-raid",)}
    assert argv_by_name(commands, "alice") == {}


def test_no_file_is_no_command() -> None:
    assert read_commands(None) == {}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[a", "expected a readable TOML file"),
        ('a = "/bin/echo"', "a: "),
        ("[a]\nargv = []", "a.argv: "),
        ('[a]\nargv = ["echo"]', "a.argv: expected an absolute path first"),
        ('[a]\nargv = ["/bin/echo", "\\u0000"]', "a.argv: expected words without"),
        ('[a]\nargv = ["/bin/echo"]\nshell = true', "a.shell: "),
        ('["a b"]\nargv = ["/bin/echo"]', "a b.[key]: "),
    ],
)
def test_it_refuses_a_file_with_a_mistake(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "commands.toml"
    file.write_text(text)

    with pytest.raises(InvalidSettings) as caught:
        read_commands(file)
    assert str(caught.value).startswith(f"HEARTBEAT_COMMANDS_FILE: {why}")


def test_it_refuses_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="HEARTBEAT_COMMANDS_FILE: expected a r"):
        read_commands(tmp_path / "missing")
