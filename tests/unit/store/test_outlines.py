"""What is known of a heartbeat whose config cannot be read."""

from datetime import timedelta

import pytest

from heartbeat.config import DEFAULT_REPEAT
from heartbeat.errors import NotFound
from heartbeat.store import keys
from heartbeat.store.outlines import Outline, outline
from tests.unit.store.ledger import OWNER, Fleet, a_config

DEFAULT = timedelta(minutes=DEFAULT_REPEAT)


def of(config: str) -> Outline:
    return Outline.of("ann:disk", config, None, None)


@pytest.mark.parametrize(
    ("config", "name", "repeat"),
    [
        pytest.param("{", "disk", DEFAULT, id="no JSON"),
        pytest.param("[]", "disk", DEFAULT, id="no record"),
        pytest.param('{"name": 7}', "disk", DEFAULT, id="no name"),
        pytest.param('{"name": ""}', "disk", DEFAULT, id="an empty name"),
        pytest.param(
            '{"name": "My disk", "moonPhase": "full", "repeatMinutes": 5}',
            "My disk",
            timedelta(minutes=5),
            id="a newer version",
        ),
        pytest.param('{"repeatMinutes": "5"}', "disk", DEFAULT, id="text"),
        pytest.param('{"repeatMinutes": NaN}', "disk", DEFAULT, id="no number"),
        pytest.param('{"repeatMinutes": 1e300}', "disk", DEFAULT, id="no end"),
        pytest.param('{"repeatMinutes": 0}', "disk", DEFAULT, id="zero"),
    ],
)
def test_what_can_be_read_counts(config: str, name: str, repeat: timedelta) -> None:
    assert (of(config).name, of(config).repeat) == (name, repeat)


def test_it_is_of_one_that_can_be_read_as_well(fleet: Fleet) -> None:
    fleet.configure(a_config(name="My disk"))
    found, stored = outline(fleet.server, OWNER, "disk"), fleet.stored()
    assert (found.uid, found.schedule_id) == (stored.config.uid, "disk")
    assert (found.name, found.book) == ("My disk", stored.book)
    assert found.revision == stored.revision


def test_another_owners_is_not_found(fleet: Fleet) -> None:
    fleet.configure(a_config())
    with pytest.raises(NotFound, match="'disk'"):
        outline(fleet.server, "bob", "disk")


def test_several_are_read_at_once_but_for_who_is_gone(fleet: Fleet) -> None:
    fleet.configure(a_config("disk"), a_config("load"))
    key = keys.heartbeat("ann:load")
    fleet.server.ask(lambda client: client.hset(key, "config", "{"))
    found = fleet.heartbeats.outlines(["ann:disk", "ann:gone", "ann:load"])
    assert sorted(found) == ["ann:disk", "ann:load"]
    assert fleet.heartbeats.outlines([]) == {}
