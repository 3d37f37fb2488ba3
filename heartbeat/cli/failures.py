"""Exit codes, and which error means which."""

from enum import IntEnum

from heartbeat.errors import (
    GatewayUnavailable,
    HeartbeatError,
    RequestRefused,
    StoreError,
)


class Exit(IntEnum):
    """What the command's exit code says."""

    OK = 0
    TROUBLE = 1  # it worked, and what it looked at is not fine
    BAD_INPUT = 2
    UNREACHABLE = 3
    BROKEN_PIPE = 141
    INTERRUPTED = 130


def exit_code(error: HeartbeatError) -> Exit:
    """Return UNREACHABLE where waiting may help, BAD_INPUT where a person must."""
    if isinstance(error, (GatewayUnavailable, StoreError)):
        return Exit.UNREACHABLE
    if isinstance(error, RequestRefused) and error.code.startswith("store_"):
        return Exit.UNREACHABLE
    return Exit.BAD_INPUT
