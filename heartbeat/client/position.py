"""How far this client has read, so that a new connection goes on where it broke off.

Pure: messages in, decisions out.
"""

from typing import Literal

from heartbeat.feed import BEGINNING
from heartbeat.replies import Ready
from heartbeat.told import FeedMessage, LostMessage

#: Ids remembered against doubles: as many as a feed keeps.
REMEMBERED = 1_000


class Position:
    """The place in the feed from which the next connection asks.

    A client without any cursor begins at the head of its first connection and keeps
    that head, so that what is told between two connections is not passed over.
    """

    def __init__(self, *, resume: str | None, start: Literal["head", "all"]) -> None:
        self.resume = resume
        self.start: Literal["head", "all"] = start
        self._recent: dict[str, None] = {}

    def begin(self, ready: Ready) -> LostMessage | None:
        """Take note of where the gateway begins; return what it could not replay."""
        if ready.lost is not None:
            self.resume, self.start = None, "all"
            return LostMessage.model_validate(ready.lost.model_dump())
        if ready.resumed or self.resume is not None or self.start == "all":
            return None
        self.resume = BEGINNING if ready.head is None else ready.head
        return None

    def is_new(self, message: FeedMessage) -> bool:
        """Move on to this message; False if it was received before."""
        alert_id = message.alert_id
        if alert_id is None:
            return True
        if alert_id in self._recent:
            return False
        self._recent[alert_id] = None
        if len(self._recent) > REMEMBERED:
            del self._recent[next(iter(self._recent))]
        self.resume = alert_id
        return True
