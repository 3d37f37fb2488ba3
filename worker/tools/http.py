"""GET a URL and say how it answered.

What cannot be reached (refused, timed out, no such host, bad TLS, not HTTP) has no
`status`; an answer that breaks off or does not end in time has a status and no body.
Both are definite: observations on which a condition is false.
"""

import asyncio
import ssl
from dataclasses import dataclass

import aiohttp
from yarl import URL

from heartbeat.tools import FieldValue
from worker.tools.admitted import AdmittedHosts
from worker.tools.body import Body, BrokenBody, RawBody, decode_body, read_body
from worker.tools.egress import Egress, explain
from worker.tools.hosts import canonical_host
from worker.tools.json_fields import json_fields
from worker.tools.measured import CannotTell, Measured

#: Each one is checked like the first.
MAX_REDIRECTS = 5

#: How much of a body is shown to people and models; rules see all that was read.
_SHOWN_CHARACTERS = 4_000

#: Security policies and cookies are longer than what aiohttp expects of a header.
_MAX_HEADER_BYTES = 64 * 1024

_REDIRECTS = frozenset({301, 302, 303, 307, 308})

_HEADERS = {"User-Agent": "heartbeat", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What came of one request: a place to go on to, a body, or trouble."""

    status: int | None
    location: str | None = None
    body: RawBody | None = None
    trouble: str | None = None


class HttpClient:
    """Makes the requests of one heartbeat, each over a connection of its own.

    Connections are not kept: a kept one would answer faster than the next visitor is
    answered, and would outlive the check of its address.
    """

    def __init__(self, egress: Egress, *, connect_seconds: float) -> None:
        self._egress = egress
        self._connect_seconds = connect_seconds  # TLS included
        self._admitted = AdmittedHosts()
        self._session: aiohttp.ClientSession | None = None

    async def measure(
        self, url: str, *, chosen_by_model: bool, timeout_seconds: float
    ) -> Measured:
        """GET the URL, follow redirects, and measure until the body's end."""
        clock = asyncio.get_running_loop().time
        started = clock()
        target = _parse(url)
        for _ in range(MAX_REDIRECTS + 1):
            reachable = await self._admit(target, chosen_by_model=chosen_by_model)
            if reachable is None:
                return Measured(fields={}, text=f"no such host: {target.host!r}")
            answer = await self._ask(reachable, deadline=started + timeout_seconds)
            if answer.location is None:
                return _describe(target, answer, latency_ms=(clock() - started) * 1e3)
            target = _follow(target, answer.location)
        trouble = f"redirected more than {MAX_REDIRECTS} times"
        answer = _Answer(status=answer.status, trouble=trouble)
        return _describe(target, answer, latency_ms=(clock() - started) * 1e3)

    async def close(self) -> None:
        """Close what is open. The client may be used again afterwards."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _admit(self, target: URL, *, chosen_by_model: bool) -> URL | None:
        """Return the URL to connect to, its host checked; None if there is no host."""
        host, port = target.raw_host or "", target.port or 0
        addresses = await self._egress.addresses(
            host, port, chosen_by_model=chosen_by_model
        )
        if not addresses:
            return None
        if canonical_host(host) == str(addresses[0]):
            # aiohttp connects to literals as they stand, so this must be the checked.
            return target.with_host(str(addresses[0]))
        self._admitted.add(host, port, addresses)
        return target

    async def _ask(self, url: URL, *, deadline: float) -> _Answer:
        status: int | None = None
        try:
            async with (
                asyncio.timeout_at(deadline),
                self._open_session().get(url, allow_redirects=False) as response,
            ):
                status = response.status
                location = response.headers.get("Location")
                if status in _REDIRECTS and location is not None:
                    return _Answer(status=status, location=location)
                return _Answer(status=status, body=await read_body(response))
        except (aiohttp.ClientError, TimeoutError) as error:
            return _Answer(status=status, trouble=_explain(error))

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    resolver=self._admitted, use_dns_cache=False, force_close=True
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=_HEADERS,
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=self._connect_seconds
                ),
                auto_decompress=False,
                trust_env=False,
                max_line_size=_MAX_HEADER_BYTES,
                max_field_size=_MAX_HEADER_BYTES,
            )
        return self._session


def _parse(url: str) -> URL:
    try:
        return _require_plain(URL(url))
    except ValueError as error:
        raise CannotTell("expected a URL, got something else") from error


def _follow(current: URL, location: str) -> URL:
    try:
        return _require_plain(current.join(URL(location)))
    except ValueError as error:
        raise CannotTell(f"{current.host!r} redirects to what is no URL") from error


def _require_plain(url: URL) -> URL:
    if url.scheme not in ("http", "https") or not url.raw_host:
        raise CannotTell(f"not allowed: a URL of the scheme {url.scheme!r}")
    if url.user is not None or url.password is not None:
        raise CannotTell(f"not allowed: a URL with credentials, for {url.host!r}")
    return url


def _explain(error: aiohttp.ClientError | TimeoutError) -> str:
    """Say what went wrong over there. Raises CannotTell if it was our own failure."""
    match error:
        case aiohttp.ConnectionTimeoutError():
            return "no connection in time"
        case TimeoutError():
            return "no complete answer in time"
        case aiohttp.ClientSSLError():
            return f"TLS failed: {_explain_tls(error.__cause__)}"
        case aiohttp.ClientConnectorError():
            return explain(error.os_error)
        case aiohttp.ClientOSError():
            return explain(error)
        case aiohttp.InvalidURL():
            raise CannotTell("the URL cannot be requested") from error
        case aiohttp.ClientResponseError():
            return "the answer is not HTTP"
        case _:
            return "the connection was closed before the answer was complete"


def _explain_tls(cause: BaseException | None) -> str:
    match cause:
        case ssl.SSLCertVerificationError():
            return cause.verify_message
        case ssl.SSLError():
            return str(cause.reason)
        case _:
            return "no secure connection"


def _describe(url: URL, answer: _Answer, *, latency_ms: float) -> Measured:
    fields: dict[str, FieldValue] = {}
    if answer.status is not None:
        fields["status"] = answer.status
    said = f"HTTP {answer.status}" if answer.status is not None else "no answer"
    if answer.body is None:
        return Measured(fields=fields, text=f"{url.host!r}: {said}, {answer.trouble}")
    fields["latency_ms"] = round(latency_ms, 1)
    said = f"{url.host!r}: {said} in {latency_ms:.0f} ms"
    try:
        body = decode_body(answer.body)
    except BrokenBody as error:
        return Measured(fields=fields, text=f"{said}, {error}")
    fields["body"] = body.text
    if not body.is_clipped:
        fields |= json_fields(body.text)
    return Measured(fields=fields, text=f"{said}{_show(body)}")


def _show(body: Body) -> str:
    if not body.text:
        return ", no body"
    shown = body.text[:_SHOWN_CHARACTERS]
    is_whole = shown == body.text and not body.is_clipped
    return f", {'body' if is_whole else 'beginning of the body'}:\n{shown}"
