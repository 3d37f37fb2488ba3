"""Whether a server's certificate is in order, and how long it will be.

An expired, foreign or self-signed certificate is an observation: `valid` is false and
the other fields are what it says. So is a port that speaks no TLS: it has no fields.
"""

import asyncio
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from worker.tools.addresses import Address
from worker.tools.certificates import certificate_fields
from worker.tools.hosts import canonical_host
from worker.tools.measured import Measured
from worker.tools.reach import Reach, Unreached


@dataclass(frozen=True, slots=True, kw_only=True)
class _Handshake:
    """What a server showed: `valid` is None where it showed no certificate."""

    valid: bool | None
    why: str = ""
    certificate: bytes = b""


@lru_cache(maxsize=1)
def public_trust() -> ssl.SSLContext:
    """Return the trust of this system; it is read once."""
    return ssl.create_default_context()


async def measure_tls(
    host: str,
    port: str,
    *,
    reach: Reach,
    chosen_by_model: bool,
    trust: ssl.SSLContext | None = None,
) -> Measured:
    """Shake hands as any client would; if that fails, again to see what was shown."""

    async def attempt(address: Address) -> _Handshake:
        return await _shake_hands(address, int(port), host, trust or public_trust())

    found = await reach.first(host, int(port), attempt, chosen_by_model=chosen_by_model)
    if isinstance(found, Unreached):
        return Measured(fields={}, text=f"{host!r} port {port}: {found.why}")
    return _describe(f"{host!r} port {port}", found.result)


async def _shake_hands(
    address: Address, port: int, host: str, trust: ssl.SSLContext
) -> _Handshake:
    try:
        certificate = await _certificate_of(address, port, host, trust)
        return _Handshake(valid=True, certificate=certificate)
    except ssl.SSLCertVerificationError as error:
        why = error.verify_message
    except ssl.SSLError as error:
        return _Handshake(valid=None, why=f"TLS failed: {error.reason}")
    try:
        shown = await _certificate_of(address, port, host, _any_trust())
    except OSError:
        shown = b""
    return _Handshake(valid=False, why=why, certificate=shown)


async def _certificate_of(
    address: Address, port: int, host: str, context: ssl.SSLContext
) -> bytes:
    """Return the certificate, encoded, once the handshake has succeeded."""
    _, writer = await asyncio.open_connection(
        str(address), port, ssl=context, server_hostname=canonical_host(host)
    )
    connection: ssl.SSLObject = writer.get_extra_info("ssl_object")
    certificate = connection.getpeercert(binary_form=True)
    writer.transport.abort()  # nothing was sent, so there is nothing to end well
    return certificate or b""


def _any_trust() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _describe(place: str, seen: _Handshake) -> Measured:
    if seen.valid is None:
        return Measured(fields={}, text=f"{place}: {seen.why}")
    said = certificate_fields(seen.certificate, now=datetime.now(UTC))
    verdict = "valid" if seen.valid else f"not valid, {seen.why}"
    text = f"{place}: {verdict}"
    if said:
        text += (
            f"; {said['days_left']} days left,"
            f" for {said['subject']!r} by {said['issuer']!r}"
        )
    return Measured(fields={"valid": seen.valid, **said}, text=text)
