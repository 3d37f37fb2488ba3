"""A server of the Messages API: who asks it, and how one attempt reaches it.

With `anthropic_model` the only file that imports the anthropic SDK. The SDK decides
what an attempt says of itself and whether there is another; the attempt itself is made
here, since what its HTTP client merges, copies and looks up for each, of which nothing
is used, takes several times as long as sending.
"""

import json
import time
from collections.abc import Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Self

import aiohttp
import httpx2
from anthropic import (
    APIConnectionError,
    APIRequest,
    APIStatusError,
    APITimeoutError,
    AsyncAnthropic,
    AsyncCallNext,
    Middleware,
    Omit,
)
from yarl import URL

from worker.api_failure import ApiFailure
from worker.model import Failure
from worker.model_gate import ModelGate

#: The endpoint that `AsyncAnthropic.messages.create` posts to.
MESSAGES = "/v1/messages"

#: Attempts after the first; the SDK waits between them.
MAX_RETRIES = 2

#: Connections of one process to one server at once, and how long one that rests is
#: kept, in seconds: the SDK's own numbers.
MAX_CONNECTIONS = 1_000
KEEP_SECONDS = 5.0


class Hopeless(Exception):
    """Ends the SDK's retries: it passes on what it does not know."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.why)
        self.failure = failure


class MessagesServer:
    """One server, with one key; use and close it on one event loop, after any fork."""

    def __init__(self, client: AsyncAnthropic, base_url: str) -> None:
        self.client = client
        self._url = URL(base_url.rstrip("/") + MESSAGES)
        self._session: aiohttp.ClientSession | None = None

    async def attempt(self, body: bytes, *, seconds: float) -> object:
        """Send a request once and return the JSON of its answer.

        Raises the SDK's errors, by which it decides on another attempt, and ValueError
        where the answer is no JSON. A redirect is an error like any other status: the
        key goes to no address but the one that was given.
        """
        session = self._session
        if session is None:  # made on the loop that uses it
            session = self._session = self._new_session()
        try:
            async with session.post(
                self._url,
                data=body,
                timeout=_each_step(seconds),
                allow_redirects=False,
            ) as answer:
                content = await answer.read()
        except TimeoutError as error:
            raise APITimeoutError(request=self._request()) from error
        except aiohttp.ClientError as error:
            raise APIConnectionError(request=self._request()) from error
        if answer.status < HTTPStatus.MULTIPLE_CHOICES:
            return json.loads(content)
        raise self._status_error(answer, content)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
        await self.client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _new_session(self) -> aiohttp.ClientSession:
        """Return connections on which everything says the same of itself."""
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=MAX_CONNECTIONS,
                keepalive_timeout=KEEP_SECONDS,
                ssl=httpx2.create_ssl_context(),
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=_folded(self.client.default_headers),
        )

    def _status_error(
        self, answer: aiohttp.ClientResponse, content: bytes
    ) -> APIStatusError:
        body: object
        try:
            body = json.loads(content)
        except ValueError:
            body = None
        response = httpx2.Response(
            answer.status, headers=answer.raw_headers, request=self._request()
        )
        return APIStatusError(f"status {answer.status}", response=response, body=body)

    def _request(self) -> httpx2.Request:
        """Return what the SDK's errors want to know of a request."""
        return httpx2.Request("POST", str(self._url))


def _folded(layers: Mapping[str, str | Omit]) -> dict[str, str]:
    """Return each header once, however it is spelt: the last one counts."""
    headers: dict[str, tuple[str, str | Omit]] = {}
    for name, value in layers.items():
        headers[name.lower()] = name, value
    return {name: value for name, value in headers.values() if isinstance(value, str)}


@lru_cache(maxsize=8)
def _each_step(seconds: float) -> aiohttp.ClientTimeout:
    """Limit each step; an item's deadline covers all of them."""
    return aiohttp.ClientTimeout(
        connect=seconds, sock_connect=seconds, sock_read=seconds
    )


def read_failure(error: APIStatusError) -> ApiFailure:
    """Read an answer with an error status."""
    return ApiFailure(
        status=error.status_code,
        headers=error.response.headers,
        body=error.body,
        now_seconds=time.time(),
    )


def connect(
    *,
    api_key: str,
    base_url: str,
    headers: Mapping[str, str] | None = None,
    max_retries: int = MAX_RETRIES,
) -> MessagesServer:
    """Return a server; nothing is sent yet.

    Key and address are always given, so that no inherited variable redirects them.
    """
    client = AsyncAnthropic(
        api_key=api_key,
        base_url=base_url,
        default_headers=headers,
        max_retries=max_retries,
        # Makes no attempt, and so needs no connections.
        http_client=httpx2.AsyncClient(transport=httpx2.AsyncBaseTransport()),
    )
    return MessagesServer(client, base_url)


class EachAttempt(Middleware):
    """Makes every attempt at a model; ends them where another would come too late."""

    def __init__(
        self, server: MessagesServer, model: str, gate: ModelGate | None
    ) -> None:
        self._server = server
        self._model = model
        self._gate = gate

    async def handle_async(self, request: APIRequest, _: AsyncCallNext) -> Any:
        """Make one attempt, once the gate lets it pass, and return its JSON."""
        if self._gate is not None and (closed := await self._gate.passed(self._model)):
            raise Hopeless(closed)
        body, seconds = request.options.content, request.timeout
        assert isinstance(body, bytes)  # `AnthropicModel` gives both
        assert isinstance(seconds, float)
        try:
            return await self._server.attempt(body, seconds=seconds)
        except APIStatusError as error:
            await self._look_at(read_failure(error))
            raise

    async def _look_at(self, failure: ApiFailure) -> None:
        if self._gate is not None:
            await self._gate.note(self._model, failure)
        if failure.is_hopeless:
            raise Hopeless(failure.told())
