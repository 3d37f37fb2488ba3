"""What an owner hears of a heartbeat that the processes which run it cannot read.

Its name stands in the record that cannot be read, so it is called by its id.
"""

from datetime import datetime

from heartbeat.notices import (
    Check,
    CheckState,
    ConfigTrouble,
    Ending,
    Kind,
    Notice,
    ResolvedItem,
    resolved,
)
from heartbeat.telling import About, tell

UNREADABLE = "The stored heartbeat cannot be read, and does not run"
_ADVICE = "update the processes or configure it again"


def unreadable_message(uid: str, why: str, now: datetime) -> str:
    """Return the alert that nothing of this heartbeat is checked any more."""
    check = Check(
        description=UNREADABLE,
        details=f"{why[:500]}; {_ADVICE}",
        state=CheckState.NEW,
    )
    return _message(uid, [ConfigTrouble((check,))], now)


def readable_message(uid: str, now: datetime) -> str:
    """Return that the heartbeat goes on."""
    over = ResolvedItem(description=UNREADABLE, reason=Ending.RECOVERED)
    return _message(uid, list(resolved(Kind.CONFIG, [over])), now)


def _message(uid: str, notices: list[Notice], now: datetime) -> str:
    schedule_id = uid.partition(":")[2]
    about = About(schedule_id=schedule_id, name=schedule_id, now=now)
    (message,) = tell(notices, about)
    return message
