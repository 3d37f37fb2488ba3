"""What an executor hands back: what it measured, or that it cannot tell."""

from collections.abc import Mapping
from dataclasses import dataclass

from heartbeat.tools import FieldValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """An observation in the making; fields that are not there are left out.

    `text` may hold what others wrote (a body, a name): it is untrusted.
    """

    fields: Mapping[str, FieldValue]
    text: str


class CannotTell(Exception):
    """Raised when a tool looked and cannot say: not allowed, no permission, failed.

    Ends in the toolbox, which makes it an Unobserved; the message is for people and
    must hold no secret.
    """


class NotAllowed(CannotTell):
    """Raised when a tool may not look: only a person can change that."""
