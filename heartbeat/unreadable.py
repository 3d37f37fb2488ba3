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
from heartbeat.runs import Reason, RunRecord, RunStatus
from heartbeat.telling import About, tell

#: How long a heartbeat must be unreadable before its owner hears of it, in ms:
#: another process may read it, and beat looks again each minute.
UNREADABLE_MS = 110_000

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


def unreadable_run(run_id: str, slot_ms: int, now_ms: int, host: str) -> RunRecord:
    """Return the record of a run whose worker could not read the heartbeat."""
    return RunRecord(
        run_id=run_id,
        slot_ms=slot_ms,
        status=RunStatus.UNKNOWN,
        reason=Reason.CONFIG,
        started_ms=now_ms,
        finished_ms=now_ms,
        late_ms=max(0, now_ms - slot_ms),
        host=host,
    )


def _message(uid: str, notices: list[Notice], now: datetime) -> str:
    schedule_id = uid.partition(":")[2]
    about = About(schedule_id=schedule_id, name=schedule_id, now=now)
    (message,) = tell(notices, about)
    return message
