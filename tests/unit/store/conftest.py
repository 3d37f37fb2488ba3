"""A fleet over fakeredis and over a real server, both with a clock of the test's."""

from collections.abc import Iterator

import fakeredis
import pytest

from tests.unit.store.ledger import ClockedServer, Fleet


@pytest.fixture(params=["fake", "real"])
def fleet(request: pytest.FixtureRequest) -> Iterator[Fleet]:
    if request.param == "fake":
        yield Fleet(
            ClockedServer(
                fakeredis.FakeRedis(decode_responses=True, encoding_errors="replace")
            )
        )
        return
    server = ClockedServer.connect(request.getfixturevalue("server_url"), name="test")
    yield Fleet(server)
    server.close()
