from pathlib import Path

from heartbeat.owners import LOCAL_OWNER, root_of


def test_the_local_owner_has_root_itself() -> None:
    assert root_of(LOCAL_OWNER, Path("/srv")) == Path("/srv")


def test_any_other_owner_has_a_folder_below() -> None:
    assert root_of("ada", Path("/srv")) == Path("/srv/ada")
