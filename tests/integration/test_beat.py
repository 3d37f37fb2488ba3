"""Beat on a real server: Celery's own loop and queues, and faults in the middle."""

import json
import logging
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NoReturn

import pytest
import redis
from celery import Celery

from beat_schedule.dispatch import Dispatcher
from beat_schedule.lanes import Lanes
from beat_schedule.publisher import CeleryQueues
from beat_schedule.scheduler import Collaborators, LedgerScheduler
from heartbeat.errors import StoreUnavailable
from heartbeat.instants import from_ms
from heartbeat.jobs import (
    BROKER_PREFIX,
    QUEUE,
    TASK,
    celery_settings,
    readable_arguments,
)
from heartbeat.store import keys
from heartbeat.store.heartbeats import Heartbeats
from heartbeat.store.processes import Processes
from heartbeat.store.server import Server
from heartbeat.store.slots import Slots
from heartbeat.store.statistics import Statistics
from heartbeat.store.wakeup import WakeUp
from tests.conftest import RunningServer, running_server
from tests.unit.store.ledger import OWNER, a_config

PATIENCE_SECONDS = 20.0


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


class Site:
    """One server with a store, queues and a beat's parts on it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.server = Server.connect(url, name="test")
        self.slots = Slots(self.server)
        self.heartbeats = Heartbeats(self.server)
        self.app = Celery("beat-test", set_as_current=False)
        self.app.conf.update(celery_settings(url))
        self.queues = CeleryQueues(self.app, self.slots)
        self.dispatcher = Dispatcher(
            self.slots, self.queues, now=lambda: from_ms(self.server.now_ms())
        )

    def close(self) -> None:
        self.queues.close()
        self.app.close()
        self.server.close()

    def request_runs(self, count: int) -> set[str]:
        """Configure heartbeats and make a slot of each due at once."""
        names = [f"hb{n}" for n in range(count)]
        for name in names:
            self.heartbeats.configure(a_config(name), max_per_owner=10_000)
        return {self.slots.request_run(OWNER, name) for name in names}

    def messages(self) -> list[dict[str, dict[str, object]]]:
        key = f"{BROKER_PREFIX}{QUEUE}"
        with redis.Redis.from_url(self.url) as client:
            return [json.loads(text) for text in client.lrange(key, 0, -1)]

    def sent(self) -> list[str]:
        return sorted(str(message["headers"]["id"]) for message in self.messages())

    def published(self) -> int:
        return Statistics(self.server).read().get("published", 0)


@pytest.fixture
def site(server_url: str) -> Iterator[Site]:
    site = Site(server_url)
    yield site
    site.close()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[RunningServer]:
    options = ("--appendonly", "yes", "--appendfsync", "always")
    with running_server(tmp_path, *options) as server:
        yield server


class TestPublishing:
    def test_a_message_is_what_celery_itself_would_write(self, site: Site) -> None:
        [run_id] = site.request_runs(1)
        [claim] = site.slots.claim(most=1, queue_lengths={})
        site.queues.send([claim])
        with site.app.connection_for_write() as connection:
            task = site.app.amqp.as_task_v2(
                run_id,
                TASK,
                args=("ann:hb0", run_id),
                argsrepr=readable_arguments("ann:hb0", claim.slot_ms),
                kwargsrepr="{}",
                ignore_result=True,
            )
            producer: Any = site.app.amqp.Producer(connection, auto_declare=False)
            producer.publish(
                task.body,
                exchange="",
                routing_key=QUEUE,
                serializer="json",
                headers=task.headers,
                **task.properties,
            )
        tags = set()
        theirs, ours = site.messages()  # the newest first
        for message in (theirs, ours):
            tags.add(message["properties"].pop("delivery_tag"))
        assert ours == theirs
        assert len(tags) == 2

    def test_nothing_is_left_of_what_a_form_is_made_from(self, site: Site) -> None:
        site.request_runs(3)
        site.dispatcher.run_pass()
        with redis.Redis.from_url(site.url) as client:
            lists = [key for key in client.keys("*") if client.type(key) == b"list"]
        assert lists == [f"{BROKER_PREFIX}{QUEUE}".encode()]

    def test_a_message_says_what_it_is_for(self, site: Site) -> None:
        [run_id] = site.request_runs(1)
        site.dispatcher.run_pass()
        [message] = site.messages()
        headers = message["headers"]
        assert headers["id"] == run_id
        assert headers["task"] == "run_heartbeat"
        assert str(headers["argsrepr"]).startswith("(ann:hb0 slot 20")
        assert message["properties"]["delivery_info"] == {
            "exchange": "",
            "routing_key": QUEUE,
        }

    def test_a_whole_batch_arrives_once(self, site: Site) -> None:
        expected = site.request_runs(50)
        site.dispatcher.run_pass()
        assert site.sent() == sorted(expected)
        assert site.queues.lengths()[QUEUE] == 50

    def test_queues_without_messages_are_asked_for_once(self, site: Site) -> None:
        site.request_runs(3)
        site.dispatcher.run_pass()
        names = [f"heartbeat.label-{n}" for n in range(500)]
        site.server.ask(lambda client: client.sadd("{hb}:queues", *names))
        lengths = site.queues.lengths()
        assert lengths == {QUEUE: 3} | dict.fromkeys(names, 0)
        site.dispatcher.run_pass()
        assert site.slots.queues() == [QUEUE]

    def test_what_is_noted_as_a_queue_and_is_none_has_no_length(
        self, site: Site
    ) -> None:
        site.server.ask(lambda client: client.sadd("{hb}:queues", "none"))
        site.server.ask(lambda client: client.set(f"{BROKER_PREFIX}none", "x"))
        assert site.queues.lengths() == {QUEUE: 0, "none": 0}

    def test_a_server_that_dies_in_a_batch_costs_no_slot(
        self, own_server: RunningServer
    ) -> None:
        site = Site(own_server.url)
        expected = site.request_runs(20)
        site.queues.lengths()
        claims = site.slots.claim(most=500, queue_lengths={})
        own_server.kill()
        with pytest.raises(StoreUnavailable):
            site.queues.send(claims)
        own_server.start()
        until(lambda: _passed(site) and site.published() == 20)
        assert {*site.sent()} == expected
        site.close()

    def test_a_full_broker_is_waited_for(self, own_server: RunningServer) -> None:
        site = Site(own_server.url)
        expected = site.request_runs(3)
        claims = site.slots.claim(most=500, queue_lengths={})
        site.server.ask(lambda client: client.config_set("maxmemory", 1))
        with pytest.raises(StoreUnavailable, match="maxmemory"):
            site.queues.send(claims)
        site.server.ask(lambda client: client.config_set("maxmemory", 0))
        until(lambda: _passed(site) and site.published() == 3)
        assert {*site.sent()} == expected
        site.close()

    def test_half_a_batch_goes_out_again_under_the_same_ids(self, site: Site) -> None:
        expected = site.request_runs(10)
        claims = site.slots.claim(most=500, queue_lengths={})
        site.queues.send(claims[:5])
        until(lambda: _passed(site) and site.published() == 10)
        assert {*site.sent()} == expected
        assert len(site.sent()) == 15


def _passed(site: Site) -> bool:
    try:
        site.dispatcher.run_pass()
    except StoreUnavailable:
        return False
    return True


def allow(server: Server, rule: str) -> None:
    server.ask(lambda client: client.execute_command("ACL", "SETUSER", "default", rule))


class TestTheScheduler:
    @pytest.fixture
    def scheduler(self, site: Site) -> Iterator[LedgerScheduler]:
        wake_up = WakeUp(site.server)

        class Wired(LedgerScheduler):
            def collaborators(self) -> Collaborators:
                return Collaborators(
                    lanes=Lanes([site.dispatcher]),
                    slots=site.slots,
                    wake_up=wake_up,
                    processes=Processes(site.server),
                    host="here",
                    pid=7,
                )

        yield Wired(site.app)
        wake_up.close()

    def test_a_tick_sends_what_is_due(
        self, site: Site, scheduler: LedgerScheduler
    ) -> None:
        expected = site.request_runs(3)
        assert scheduler.tick() == 0
        assert {*site.sent()} == expected

    def test_a_tick_says_that_beat_is_alive(
        self, site: Site, scheduler: LedgerScheduler
    ) -> None:
        scheduler.tick()
        assert [one.kind for one in Processes(site.server).seen()] == ["beat"]

    def test_a_new_heartbeat_wakes_a_waiting_beat(
        self, site: Site, scheduler: LedgerScheduler
    ) -> None:
        scheduler.tick()
        site.request_runs(1)
        began = time.monotonic()
        until(lambda: scheduler.tick() == 0 and site.sent())
        assert time.monotonic() - began < PATIENCE_SECONDS

    def test_no_exception_ends_beat(
        self, site: Site, caplog: pytest.LogCaptureFixture
    ) -> None:
        class Failing(LedgerScheduler):
            def collaborators(self) -> NoReturn:
                raise ZeroDivisionError

        with caplog.at_level(logging.ERROR):
            assert Failing(site.app).tick() == 0
        assert "a tick failed" in caplog.text

    def test_a_store_that_errs_is_waited_for(
        self,
        site: Site,
        scheduler: LedgerScheduler,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        allow(site.server, "-@scripting")
        with caplog.at_level(logging.WARNING):
            assert scheduler.tick() == 0
        assert "beat waits" in caplog.text
        allow(site.server, "+@scripting")
        expected = site.request_runs(1)
        until(lambda: scheduler.tick() == 0 and {*site.sent()} == expected)

    def test_a_heartbeat_that_was_claimed_ahead_of_the_clock_goes_on(
        self,
        site: Site,
        scheduler: LedgerScheduler,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        uid, later_ms = f"{OWNER}:hb0", site.server.now_ms() + 86_400_000
        site.heartbeats.configure(a_config("hb0"), max_per_owner=9)
        key = keys.heartbeat(uid)
        site.server.ask(lambda client: client.hset(key, "last_slot", str(later_ms)))
        site.server.ask(lambda client: client.zadd(keys.DUE, {uid: later_ms}))
        until(lambda: scheduler.tick() == 0 and "was set back" in caplog.text)
        until(
            lambda: (
                scheduler.tick() == 0
                and (site.slots.next_due_ms() or later_ms) < later_ms
                and Statistics(site.server).read()["set_back"] == 1
            )
        )

    def test_a_broken_record_is_reported_and_the_others_run(
        self,
        site: Site,
        scheduler: LedgerScheduler,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        site.heartbeats.configure(a_config("bad"), max_per_owner=9)
        bad = keys.heartbeat(f"{OWNER}:bad")
        plan = {"plan": "{", "version": "?"}
        site.server.ask(lambda client: client.hset(bad, mapping=plan))  # type: ignore[arg-type]  # redis-py wants wider keys
        site.server.ask(lambda client: client.zadd(keys.DUE, {f"{OWNER}:bad": 1}))
        expected = site.request_runs(2)
        with caplog.at_level(logging.ERROR):
            scheduler.tick()
        assert {*site.sent()} == expected
        assert "cannot schedule ann:bad" in caplog.text


class Beats:
    """Real beat processes."""

    def __init__(self, url: str, folder: Path, python: str, stack: ExitStack) -> None:
        self._url = url
        self._folder = folder
        self._python = python
        self._stack = stack

    def start(self) -> subprocess.Popen[bytes]:
        environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "HEARTBEAT_REDIS_URL": self._url,
        }
        beat = subprocess.Popen(
            [self._python, "-m", "celery", "-A", "beat_schedule.app", "beat"],
            cwd=self._folder,
            env=environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._stack.callback(beat.wait)
        self._stack.callback(beat.kill)
        return beat


@pytest.fixture
def beats(own_server: RunningServer, tmp_path: Path, python: str) -> Iterator[Beats]:
    with ExitStack() as stack:
        yield Beats(own_server.url, tmp_path, python, stack)


class TestTheProcess:
    def test_it_goes_on_after_its_server_restarts(
        self, beats: Beats, own_server: RunningServer
    ) -> None:
        site, beat = Site(own_server.url), beats.start()
        first = site.request_runs(1)
        until(lambda: {*site.sent()} == first)
        own_server.kill()
        own_server.start()
        site.heartbeats.configure(a_config("after"), max_per_owner=9)
        site.slots.request_run(OWNER, "after")
        until(lambda: len({*site.sent()}) == 2)
        assert beat.poll() is None
        site.close()

    def test_two_share_the_work_and_one_dying_costs_nothing(
        self, beats: Beats, own_server: RunningServer
    ) -> None:
        site = Site(own_server.url)
        one, two = beats.start(), beats.start()
        alive = Processes(site.server)
        until(lambda: len(alive.seen()) == 2)
        expected = site.request_runs(60)
        one.kill()
        until(lambda: {*site.sent()} >= expected and site.published() == 60)
        assert two.poll() is None
        site.close()

    def test_sigterm_ends_it_and_leaves_nothing_stuck(
        self, beats: Beats, own_server: RunningServer
    ) -> None:
        site, beat = Site(own_server.url), beats.start()
        until(lambda: Processes(site.server).seen())
        expected = site.request_runs(100)
        beat.send_signal(signal.SIGTERM)
        beat.wait(PATIENCE_SECONDS)
        until(lambda: _passed(site) and site.published() == 100)
        assert {*site.sent()} == expected
        site.close()
