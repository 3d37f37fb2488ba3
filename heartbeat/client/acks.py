"""When to acknowledge: in batches, after the consumer took the messages. Pure."""

#: Messages taken after which an acknowledgement is due at once.
BATCH = 16
#: Longest time in seconds that a taken message waits to be acknowledged.
LONGEST_WAIT = 1.0


class Acks:
    """What the consumer took, and how much of it the gateway has been told."""

    def __init__(self) -> None:
        self.taken: str | None = None
        self._told: str | None = None
        self._waiting = 0

    def take(self, alert_id: str) -> bool:
        """Note that the consumer is done with a message; True if telling is due."""
        self.taken = alert_id
        self._waiting += 1
        return self._waiting >= BATCH

    def due(self) -> str | None:
        """Return the id to acknowledge, or None if all is told."""
        return self.taken if self.taken != self._told else None

    def told(self, alert_id: str) -> None:
        """Note that the gateway was told up to this id."""
        self._told = alert_id
        self._waiting = 0

    def break_off(self) -> None:
        """Forget what was told: an acknowledgement may be lost with its connection."""
        self._told = None
