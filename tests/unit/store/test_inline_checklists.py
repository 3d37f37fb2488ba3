"""A checklist that came inline: kept once, and read only by who needs it."""

import pytest

from heartbeat.config import HeartbeatConfig
from heartbeat.store import keys
from heartbeat.store.heartbeats import Change
from tests.builders import a_config as an_asked_config
from tests.unit.store.ledger import OWNER, Fleet, a_config

KEY = keys.heartbeat("ann:disk")
#: With all that a text in JSON, and in Lua, might trip over.
CHECKLIST = (
    '- [ ] "Disk" / Größe 100 % \\ \x7f 😀\n\t- probe: disk / used_percent < 90%\n'
)


def inline(content: str = CHECKLIST, **asked: object) -> HeartbeatConfig:
    return an_asked_config("disk", owner=OWNER, content=content, **asked)


def fields(fleet: Fleet) -> dict[str, str]:
    return fleet.server.ask(lambda client: client.hgetall(KEY))


def put_as_before(fleet: Fleet, config: HeartbeatConfig) -> None:
    """Store a config as earlier versions did: the checklist in it, and that twice."""
    fleet.server.ask(lambda client: client.hset(KEY, "config", config.dump()))
    fleet.server.ask(lambda client: client.hdel(KEY, "content"))


def test_it_is_stored_once(fleet: Fleet) -> None:
    fleet.configure(inline("- [ ] only here\n"))
    assert str(fields(fleet)).count("only here") == 1
    assert fleet.stored().config == inline("- [ ] only here\n")


def test_the_same_again_changes_nothing_and_another_text_does(fleet: Fleet) -> None:
    assert fleet.configure(inline()) == Change("created", 1)
    assert fleet.configure(inline()) == Change("unchanged", 1)
    assert fleet.configure(inline("- [ ] other\n")) == Change("updated", 2)
    assert fleet.stored().config.content == "- [ ] other\n"


def test_a_record_of_an_earlier_version_is_the_same_config(fleet: Fleet) -> None:
    fleet.configure(inline())
    put_as_before(fleet, inline())
    assert fleet.stored().config == inline()
    assert fleet.configure(inline()) == Change("unchanged", 1)
    fleet.slots.request_run(OWNER, "disk")
    fleet.beat()
    assert fleet.begun().known.config == inline()


def test_an_earlier_version_that_writes_beside_us_is_read_as_it_wrote(
    fleet: Fleet,
) -> None:
    fleet.configure(inline("- [ ] ours\n"))
    theirs = inline("- [ ] theirs\n").dump()
    fleet.server.ask(lambda client: client.hset(KEY, "config", theirs))
    assert fleet.stored().config == inline("- [ ] theirs\n")
    fleet.slots.request_run(OWNER, "disk")
    fleet.beat()
    assert fleet.begun().known.config == inline("- [ ] theirs\n")


def test_a_run_begins_with_all_of_it(fleet: Fleet) -> None:
    fleet.configure(inline())
    fleet.slots.request_run(OWNER, "disk")
    fleet.beat()
    begun = fleet.begun()
    assert begun.known.config == inline()
    assert begun.known.config.asked_again().content == CHECKLIST


def test_a_run_is_settled_against_the_one_that_came_meanwhile(fleet: Fleet) -> None:
    fleet.configure(inline("- [ ] before\n"))
    fleet.slots.request_run(OWNER, "disk")
    fleet.beat()
    begun = fleet.begun()
    fleet.configure(inline())
    known = fleet.finish(begun)
    assert not isinstance(known, str | None)
    assert known.config == inline()


def test_a_list_leaves_it_unread(fleet: Fleet) -> None:
    fleet.configure(inline(name="The disk"))
    [listed] = fleet.heartbeats.owned_by(OWNER)
    assert (listed.config.name, listed.config.content) == ("The disk", None)
    with pytest.raises(AssertionError):
        listed.config.asked_again()
    with pytest.raises(AssertionError):
        fleet.configure(listed.config)


def test_a_file_in_its_place_takes_it_away(fleet: Fleet) -> None:
    fleet.configure(inline())
    fleet.configure(a_config())
    assert "content" not in fields(fleet)
    assert fleet.stored().config == a_config()


def test_one_that_was_not_asked_for_stays_in_its_record(fleet: Fleet) -> None:
    config = a_config().model_copy(update={"content": "- [ ] x\n"})
    fleet.configure(config)
    assert fleet.configure(config).outcome == "unchanged"
    assert fleet.stored().config == config
