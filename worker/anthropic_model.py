"""Models behind the Messages API.

Every step of an item has the same request shape; foreign errors become a `Failure`.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Literal

from anthropic import (
    AnthropicError,
    APIStatusError,
    APITimeoutError,
)

from heartbeat.prices import priced
from heartbeat.usage import Usage
from heartbeat.verdict import Cause
from worker.anthropic_client import (
    MESSAGES,
    EachAttempt,
    Hopeless,
    MessagesServer,
    read_failure,
)
from worker.model import NATIVE, Capabilities, Failure, ModelRequest, Reply
from worker.model_gate import ModelGate
from worker.request_body import BodyWriter

#: Time for one attempt; an item's deadline covers all of them.
REQUEST_TIMEOUT = timedelta(seconds=30)

#: Longest part of a server's own words that is passed on.
MAX_SERVER_WORDS = 200


class AnthropicModel:
    """One model of one server. Any number of replies may be under way."""

    def __init__(
        self,
        server: MessagesServer,
        *,
        name: str,
        capabilities: Capabilities = NATIVE,
        effort: Literal["low", "medium", "high"] = "low",
        request_timeout: timedelta = REQUEST_TIMEOUT,
        gate: ModelGate | None = None,
    ) -> None:
        self._client = server.client.with_middleware(EachAttempt(server, name, gate))
        self._name = name
        self._body = BodyWriter(name=name, capabilities=capabilities, effort=effort)
        self._timeout_seconds = request_timeout.total_seconds()

    async def reply(self, request: ModelRequest) -> Reply | Failure:
        """Ask once, with the SDK's retries. The raw body keeps the blocks as given.

        The body goes as bytes: what `messages.create` does to the 8 kB that never
        change, at each call, costs more than sending them.
        """
        try:
            answer = await self._client.post(
                MESSAGES,
                cast_to=object,
                content=self._body.write(request),
                options={"timeout": self._timeout_seconds},
            )
            return self._priced(read_reply(answer))
        except Hopeless as error:
            return error.failure
        except APIStatusError as error:
            return self._with_server_words(read_failure(error).told(), error)
        except APITimeoutError:
            why = f"the model did not answer within {self._timeout_seconds:g} s"
            return Failure(cause=Cause.MODEL_ERROR, why=why)
        except AnthropicError as error:
            why = f"the model cannot be reached ({type(error).__name__})"
            return Failure(cause=Cause.MODEL_ERROR, why=why)
        except (ValueError, RecursionError) as error:
            why = f"expected JSON from the model, got {type(error).__name__}"
            return Failure(cause=Cause.MODEL_ERROR, why=why)

    def _priced(self, reply: Reply | Failure) -> Reply | Failure:
        if isinstance(reply, Failure):
            return reply
        return replace(reply, usage=priced(self._name, reply.usage))

    def _with_server_words(self, failure: Failure, error: APIStatusError) -> Failure:
        """Add why the server rejects a request: it names the model or the field."""
        words = error.api_message
        if failure.cause is not Cause.MODEL_REJECTED or not isinstance(words, str):
            return failure
        words = words.replace(self._client.api_key or "", "***")[:MAX_SERVER_WORDS]
        return Failure(cause=failure.cause, why=f"{failure.why}: {words}")


def read_reply(body: object) -> Reply | Failure:
    """Read the body of a successful answer; servers differ in what they leave out."""
    content = body.get("content") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(content, list):
        return _unreadable("a message with content")
    if not all(isinstance(block, dict) for block in content):
        return _unreadable("content blocks")
    uses = [block for block in content if block.get("type") == "tool_use"]
    if not all(isinstance(use.get(key), str) for use in uses for key in ("id", "name")):
        return _unreadable("tool calls with id and name")
    stop_reason, details = body.get("stop_reason"), body.get("stop_details")
    category = details.get("category") if isinstance(details, dict) else None
    return Reply(
        content=content,
        stop_reason=stop_reason if isinstance(stop_reason, str) else None,
        usage=_usage(body.get("usage")),
        refused_for=category if isinstance(category, str) else None,
    )


def _unreadable(expected: str) -> Failure:
    why = f"expected {expected} from the model, got something else"
    return Failure(cause=Cause.MODEL_ERROR, why=why)


def _usage(raw: object) -> Usage:
    counts = raw if isinstance(raw, dict) else {}

    def count(name: str) -> int:
        value = counts.get(name)
        return value if isinstance(value, int) and value > 0 else 0

    return Usage(
        calls=1,
        input_tokens=count("input_tokens"),
        output_tokens=count("output_tokens"),
        cache_read_tokens=count("cache_read_input_tokens"),
        cache_write_tokens=count("cache_creation_input_tokens"),
    )
