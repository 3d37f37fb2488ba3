"""Where the `heartbeat up` of a folder is found, while it runs.

Its ports may be any, and the embedded store's always is: other commands called in the
same folder read here what it chose.
"""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from heartbeat.errors import InvalidInput
from heartbeat.wire import Record

#: Where `up` keeps logs, the embedded server's data and this, below its folder.
STATE_FOLDER = ".heartbeat"
_LOCK, _PLACE = "lock", "running.json"


class Place(Record):
    """What `up` chose; `store_url` is that of the embedded store, if there is one.

    `root` is the folder whose checklists its gateway reads.
    """

    url: str
    store_url: str | None = None
    root: str | None = None


@contextlib.contextmanager
def only_one(folder: Path) -> Iterator[Path]:
    """Hold a folder and give its state folder; raises InvalidInput if it is held.

    Two embedded stores on the same files would destroy them. The lock ends with the
    process, whatever happens to it.
    """
    state = folder / STATE_FOLDER
    state.mkdir(parents=True, exist_ok=True)
    (state / ".gitignore").write_text("*\n", encoding="utf-8")
    with (state / _LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InvalidInput(
                f"`heartbeat up` runs already in {str(folder)!r}"
            ) from error
        (state / _PLACE).unlink(missing_ok=True)  # of one that was killed
        try:
            yield state
        finally:
            (state / _PLACE).unlink(missing_ok=True)


def announce(state: Path, place: Place) -> None:
    """Write down where the holder of the folder is found."""
    (state / _PLACE).write_text(place.model_dump_json(by_alias=True), encoding="utf-8")


def find(folder: Path) -> Place | None:
    """Return where the `up` of this folder is found; None where none runs."""
    state = folder / STATE_FOLDER
    try:
        with (state / _LOCK).open("r") as lock:
            if not _is_held(lock.fileno()):
                return None
        return Place.model_validate_json((state / _PLACE).read_bytes())
    except (OSError, ValidationError):  # none ran here, or one is about to say
        return None


def _is_held(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
