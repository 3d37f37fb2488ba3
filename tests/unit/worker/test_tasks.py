"""Which pools a worker may be started with."""

import pytest

from worker.tasks import refuse_green_pool


def a_pool(module: str) -> type:
    return type("TaskPool", (), {"__module__": module})


@pytest.mark.parametrize("name", ["gevent", "eventlet"])
def test_a_pool_of_greenlets_is_refused(name: str) -> None:
    with pytest.raises(SystemExit, match=f"prefork or solo, got '{name}'"):
        refuse_green_pool(a_pool(f"celery.concurrency.{name}"))


@pytest.mark.parametrize("name", ["thread", "prefork", "solo"])
def test_the_other_pools_are_fine(name: str) -> None:
    refuse_green_pool(a_pool(f"celery.concurrency.{name}"))
