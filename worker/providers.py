"""From a model id to a Model: which providers there are and how they are reached.

Knows no environment: key and address are given. One server serves all models of a
process; make it after any fork, use and close it on one event loop.
"""

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from heartbeat.errors import InvalidModel, InvalidSettings
from heartbeat.models import ModelId
from heartbeat.store.gates import Gates
from worker.model import COMPATIBLE, NATIVE, Model
from worker.model_gate import ModelGate, credential_of

if TYPE_CHECKING:
    from worker.anthropic_client import MessagesServer

_ANTHROPIC = "anthropic"
ANTHROPIC_URL = "https://api.anthropic.com"

#: Ids of the API's own models, which a gateway passes on under the same name.
NATIVE_PREFIX = "claude-"

#: Models that are kept made: owners name them, and a server may know any name.
MAX_KEPT_MODELS = 64

#: A local model may think long; the item's deadline is the bound that counts.
LOCAL_TIMEOUT = timedelta(seconds=120)


class Providers:
    """The models that this process can call.

    A custom `base_url` is a gateway for ids that begin with `claude-`, and gets the
    full request; for any other id it is a server that understands less (Ollama, vLLM,
    llama.cpp) and gets plain messages and tools. With `gates` it asks no model that
    another worker was told to leave alone.
    """

    def __init__(
        self, *, api_key: str | None, base_url: str | None, gates: Gates | None = None
    ) -> None:
        self._server: MessagesServer | None = None
        self._gate: ModelGate | None = None
        self._made: dict[str, Model] = {}
        self._is_custom = base_url is not None
        if api_key is None and base_url is None:
            return
        # Imported only where a model is configured: it costs seconds and 80 MB.
        from worker.anthropic_client import connect

        # A local server needs no key, a gateway may look for it in the older header.
        key = api_key or "none"
        url = ANTHROPIC_URL if base_url is None else check_base_url(base_url)
        self._server = connect(
            api_key=key,
            base_url=url,
            headers={"x-api-key": key} if self._is_custom else None,
        )
        if gates is not None:
            provider = f"{_ANTHROPIC} at {urlsplit(url).hostname}"
            self._gate = ModelGate(gates, credential_of(key, url), provider=provider)

    @property
    def are_configured(self) -> bool:
        """Say whether any model can be called."""
        return self._server is not None

    def find(self, model: ModelId) -> Model | None:
        """Return the model, None where no provider is configured."""
        if model.provider != _ANTHROPIC:
            raise InvalidModel(
                f"expected provider {_ANTHROPIC!r}, got {model.provider!r}"
            )
        if self._server is None:
            return None
        if model.name not in self._made:
            if len(self._made) >= MAX_KEPT_MODELS:
                self._made.clear()
            self._made[model.name] = self._make(self._server, model.name)
        return self._made[model.name]

    def _make(self, server: "MessagesServer", name: str) -> Model:
        from worker.anthropic_model import REQUEST_TIMEOUT, AnthropicModel

        is_native = not self._is_custom or name.startswith(NATIVE_PREFIX)
        return AnthropicModel(
            server,
            name=name,
            capabilities=NATIVE if is_native else COMPATIBLE,
            request_timeout=REQUEST_TIMEOUT if is_native else LOCAL_TIMEOUT,
            gate=self._gate,
        )

    async def close(self) -> None:
        """Close the connections on the loop that used it."""
        if self._server is not None:
            await self._server.close()


def check_base_url(url: str) -> str:
    """Return the address of a server. Raises InvalidSettings."""
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_address = False
    if not is_address:
        raise InvalidSettings(
            f"ANTHROPIC_BASE_URL: expected http:// or https:// and a host, got {url!r}"
        )
    if parts.path.rstrip("/").endswith("/v1"):
        raise InvalidSettings(
            "ANTHROPIC_BASE_URL: expected the address without '/v1', which is added to"
            f" it, got {url!r}"
        )
    return url.rstrip("/")
