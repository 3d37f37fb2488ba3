"""Finding the `up` that runs in a folder."""

from pathlib import Path

import pytest

from heartbeat.cli.running import STATE_FOLDER, Place, announce, find, only_one
from heartbeat.errors import InvalidInput
from tests.unit.cli.calling import Call

PLACE = Place(url="ws://127.0.0.1:1/ws", store_url="redis://127.0.0.1:1/0")


def test_nothing_is_found_where_nothing_ran(tmp_path: Path) -> None:
    assert find(tmp_path) is None


def test_what_runs_is_found_while_it_runs(tmp_path: Path) -> None:
    with only_one(tmp_path) as state:
        announce(state, PLACE)
        assert find(tmp_path) == PLACE
    assert find(tmp_path) is None
    assert not (tmp_path / STATE_FOLDER / "running.json").exists()


def test_what_has_not_said_its_place_yet_is_not_found(tmp_path: Path) -> None:
    with only_one(tmp_path):
        assert find(tmp_path) is None


def test_the_place_of_one_that_is_gone_is_not_found(tmp_path: Path) -> None:
    with only_one(tmp_path) as state:
        pass
    announce(state, PLACE)  # as one that was killed leaves it
    with only_one(tmp_path):
        assert find(tmp_path) is None


def test_what_is_no_place_is_not_found(tmp_path: Path) -> None:
    with only_one(tmp_path) as state:
        (state / "running.json").write_text("{}")
        assert find(tmp_path) is None


def test_a_folder_is_held_by_one(tmp_path: Path) -> None:
    with (
        only_one(tmp_path),
        pytest.raises(InvalidInput, match="runs already"),
        only_one(tmp_path),
    ):
        pass


def test_state_is_kept_out_of_version_control(tmp_path: Path) -> None:
    with only_one(tmp_path):
        ignored = (tmp_path / STATE_FOLDER / ".gitignore").read_text()
    assert ignored == "*\n"


def test_other_commands_ask_the_gateway_that_runs_here(
    call: Call, tmp_path: Path
) -> None:
    with only_one(tmp_path) as state:
        announce(state, PLACE)
        assert "ws://127.0.0.1:1/ws" in call("list").errors


def test_the_doctor_looks_at_the_store_that_runs_here(
    call: Call, tmp_path: Path
) -> None:
    with only_one(tmp_path) as state:
        announce(state, PLACE)
        called = call("doctor")
    assert called.code == 1
    assert "127.0.0.1:1. Connection" in " ".join(called.out.split())
