"""Which error is which exit code."""

import pytest

from heartbeat.cli.failures import Exit, exit_code
from heartbeat.errors import (
    Busy,
    ChecklistUnavailable,
    GatewayUnavailable,
    HeartbeatError,
    InvalidChecklist,
    RequestRefused,
    StoreUnavailable,
    Unauthorized,
)


def refused(code: str) -> RequestRefused:
    return RequestRefused("no", code=code, retryable=False)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (InvalidChecklist("bad", line=3), Exit.BAD_INPUT),
        (ChecklistUnavailable("gone", reason="missing"), Exit.BAD_INPUT),
        (Unauthorized("who"), Exit.BAD_INPUT),
        (Busy("open"), Exit.BAD_INPUT),
        (refused("not_found"), Exit.BAD_INPUT),
        (refused("store_unavailable"), Exit.UNREACHABLE),
        (GatewayUnavailable("away"), Exit.UNREACHABLE),
        (StoreUnavailable("away"), Exit.UNREACHABLE),
    ],
    ids=lambda value: getattr(value, "code", str(value)),
)
def test_who_has_to_act_decides(error: HeartbeatError, expected: Exit) -> None:
    assert exit_code(error) is expected
