"""The text of a run's message: written once by Celery itself, and then filled in."""

import json
import secrets
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Self

from heartbeat.jobs import readable_arguments
from heartbeat.store.slots import Claim

#: What stands in the form where a message has its own. Letters that need no escape.
UID, RUN_ID, SHOWN = "form:uid", "form:run-id", "form:shown"


@dataclass(frozen=True, slots=True)
class MessageForm:
    """Makes messages that are byte for byte what Celery and kombu would have written.

    Letting them write each costs five times as much, most of it for encoding what is
    the same in all. The format stays theirs: the form is a message of the versions
    that are installed.
    """

    _text: str
    _body: str

    @classmethod
    def of(cls, written: bytes, *, queue: str) -> Self:
        """Return the form of a message for UID, RUN_ID and SHOWN on this queue.

        Raises ValueError for a text that is no such message.
        """
        try:
            message = json.loads(written)
            encoded: str = message["body"]
            tag: str = message["properties"]["delivery_tag"]
            body = b64decode(encoded, validate=True).decode()
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"expected a message of kombu, got {written!r}") from error
        text = _with_blanks(
            written.decode(),
            body=encoded,
            tag=tag,
            run_id=RUN_ID,
            shown=SHOWN,
            queue=queue,
        )
        return cls(text, _with_blanks(body, uid=UID, run_id=RUN_ID))

    def fill(self, claim: Claim) -> str:
        """Return the message of one slot."""
        run_id = json.dumps(claim.run_id)
        body = self._body % {"uid": json.dumps(claim.uid), "run_id": run_id}
        return self._text % {
            "body": json.dumps(b64encode(body.encode()).decode()),
            "tag": json.dumps(secrets.token_hex(16)),
            "run_id": run_id,
            "shown": json.dumps(readable_arguments(claim.uid, claim.slot_ms)),
            "queue": json.dumps(claim.queue),
        }


def _with_blanks(text: str, **values: str) -> str:
    """Put a blank wherever one of the values stands as a JSON text."""
    form = text.replace("%", "%%")
    for name, value in values.items():
        quoted = json.dumps(value)
        if not quoted.startswith('"') or quoted not in form:
            raise ValueError(f"expected {quoted:.80} in a message, got {text}")
        form = form.replace(quoted, f"%({name})s")
    return form
