"""The client of the Messages API, and what is seen of each of its attempts.

With `anthropic_model` the only file that imports the anthropic SDK.
"""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from anthropic import (
    APIRequest,
    AsyncAnthropic,
    AsyncAPIResponse,
    AsyncCallNext,
    DefaultAioHttpClient,
    Middleware,
)

from worker.api_failure import ApiFailure
from worker.model import Failure
from worker.model_gate import ModelGate

if TYPE_CHECKING:
    from httpx2 import Response

#: Attempts after the first; the SDK waits between them.
MAX_RETRIES = 2


class Hopeless(Exception):
    """Ends the SDK's retries: it passes on what it does not know."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.why)
        self.failure = failure


def connect(
    *,
    api_key: str,
    base_url: str,
    headers: Mapping[str, str] | None = None,
    max_retries: int = MAX_RETRIES,
) -> AsyncAnthropic:
    """Return a client. Use and close it on one event loop, made after any fork.

    Key and address are always given, so that no inherited variable redirects them.
    """
    return AsyncAnthropic(
        api_key=api_key,
        base_url=base_url,
        default_headers=headers,
        max_retries=max_retries,
        http_client=DefaultAioHttpClient(),
    )


def read_failure(response: "Response") -> ApiFailure:
    """Read an answer with an error status."""
    try:
        body: object = response.json()
    except ValueError:
        body = None
    return ApiFailure(
        status=response.status_code,
        headers=response.headers,
        body=body,
        now_seconds=time.time(),
    )


class EachAttempt(Middleware):
    """Sees every attempt at a model; raises where another could not help in time."""

    def __init__(self, model: str, gate: ModelGate | None) -> None:
        self._model = model
        self._gate = gate

    async def handle_async(
        self, request: APIRequest, call_next: AsyncCallNext
    ) -> AsyncAPIResponse[Any]:
        """Make one attempt, once the gate lets it pass."""
        if self._gate is not None and (closed := await self._gate.passed(self._model)):
            raise Hopeless(closed)
        answer = await call_next(request)
        if answer.http_response.is_error:
            await self._look_at(read_failure(answer.http_response))
        return answer

    async def _look_at(self, failure: ApiFailure) -> None:
        if self._gate is not None:
            await self._gate.note(self._model, failure)
        if failure.is_hopeless:
            raise Hopeless(failure.told())
