"""What one owner may have, in words, where a script has refused more."""

from heartbeat.errors import LimitReached

_SETTING = "(HEARTBEAT_MAX_HEARTBEATS_PER_OWNER)"


def check_limits(outcome: str, *, most: int) -> None:
    """Raise LimitReached for an outcome of configuring that says so."""
    if outcome == "limit":
        raise LimitReached(
            f"expected at most {most} heartbeats of one owner {_SETTING}, got one more"
        )
    if outcome == "left":
        raise LimitReached(
            f"expected at most {most} messages {_SETTING} that heartbeats of one owner"
            " left on queues when they were deleted or placed elsewhere, got one more:"
            " no worker takes them, or not as fast"
        )
