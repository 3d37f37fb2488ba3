"""What a session can decide: small values, which `connection` acts on."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.closes import CloseCode
from gateway.delivery import Step
from heartbeat.requests import ClientMessage, Hello
from heartbeat.wire import Wire


@dataclass(frozen=True, slots=True)
class Say:
    """Send a message."""

    message: Wire


@dataclass(frozen=True, slots=True)
class Join:
    """Join the owner's feed: answer `ready` to a hello, else begin at its head."""

    hello: Hello | None = None


@dataclass(frozen=True, slots=True)
class Execute:
    """Carry out a request and answer it."""

    request: ClientMessage


@dataclass(frozen=True, slots=True)
class Move:
    """Keep a cursor for the named client, and take the step."""

    alert_id: str
    step: Step


@dataclass(frozen=True, slots=True)
class Probe:
    """Send the protocol's own ping, which every client answers unasked."""


@dataclass(frozen=True, slots=True)
class Leave:
    """Close the socket."""

    code: CloseCode
    reason: str


Decision = Say | Join | Execute | Move | Probe | Leave


def request_id_of(decisions: Sequence[Decision]) -> str | None:
    """Return the id of the request that is answered with these, if one is."""
    for decision in decisions:
        if isinstance(decision, Execute):
            return decision.request.id
        if isinstance(decision, Join) and decision.hello is not None:
            return decision.hello.id
    return None
