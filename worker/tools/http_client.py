"""GETs through the gate to the network, each answer as one page."""

import asyncio
import ssl
from dataclasses import dataclass, replace

import aiohttp
from yarl import URL

from worker.tools.admitted import AdmittedHosts
from worker.tools.body import Body, BrokenBody, RawBody, decode_body, read_body
from worker.tools.egress import Egress, explain
from worker.tools.hosts import canonical_host
from worker.tools.measured import CannotTell, NotAllowed

#: Each one is checked like the first.
MAX_REDIRECTS = 5

#: Security policies and cookies are longer than what aiohttp expects of a header.
_MAX_HEADER_BYTES = 64 * 1024

_REDIRECTS = frozenset({301, 302, 303, 307, 308})

_HEADERS = {"User-Agent": "heartbeat", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a GET ended with: a body, or else the trouble there was with it.

    `status` is of the last answer, if there was one; `latency_ms` to its end.
    """

    host: str
    status: int | None = None
    latency_ms: float | None = None
    body: Body | None = None
    trouble: str = ""

    @property
    def heading(self) -> str:
        """Return in words who answered what."""
        said = "no answer" if self.status is None else f"HTTP {self.status}"
        took = "" if self.latency_ms is None else f" in {self.latency_ms:.0f} ms"
        return f"{self.host!r}: {said}{took}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What came of one request: a place to go on to, a body, or trouble."""

    status: int | None
    location: str | None = None
    body: RawBody | None = None
    trouble: str = ""


class HttpClient:
    """Makes the requests of one heartbeat, each over a connection of its own.

    Connections are not kept: a kept one would answer faster than the next visitor is
    answered, and would outlive the check of its address.
    """

    def __init__(
        self, egress: Egress, *, connect_seconds: float, timeout_seconds: float
    ) -> None:
        self._egress = egress
        self._connect_seconds = connect_seconds  # TLS included
        self._timeout_seconds = timeout_seconds
        self._admitted = AdmittedHosts()
        self._session: aiohttp.ClientSession | None = None

    async def get(self, url: str, *, chosen_by_model: bool) -> Page:
        """GET the URL, follow redirects, and read to the body's end.

        Raises CannotTell for what may not be asked, and for failures of this host.
        """
        clock = asyncio.get_running_loop().time
        started = clock()
        target = _parse(url)
        for _ in range(MAX_REDIRECTS + 1):
            reachable = await self._admit(target, chosen_by_model=chosen_by_model)
            if reachable is None:
                return Page(host=target.host or "", trouble="no such host")
            deadline = started + self._timeout_seconds
            answer = await self._ask(reachable, deadline=deadline)
            if answer.location is None:
                return _page(target, answer, latency_ms=(clock() - started) * 1e3)
            target = _follow(target, answer.location)
        trouble = f"redirected more than {MAX_REDIRECTS} times"
        return Page(host=target.host or "", status=answer.status, trouble=trouble)

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
        raise NotAllowed(f"not allowed: a URL of the scheme {url.scheme!r}")
    if url.user is not None or url.password is not None:
        raise NotAllowed(f"not allowed: a URL with credentials, for {url.host!r}")
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


def _page(url: URL, answer: _Answer, *, latency_ms: float) -> Page:
    page = Page(host=url.host or "", status=answer.status, trouble=answer.trouble)
    if answer.body is None:
        return page
    try:
        body = decode_body(answer.body)
    except BrokenBody as error:
        return replace(page, latency_ms=latency_ms, trouble=str(error))
    return replace(page, latency_ms=latency_ms, body=body)
