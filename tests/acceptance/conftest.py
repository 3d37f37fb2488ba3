"""One running system for all tests that break nothing."""

from collections.abc import Iterator

import pytest

from tests.acceptance.fleet import System, running_system


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Start a whole system once."""
    with running_system(tmp_path_factory.mktemp("system")) as running:
        yield running
