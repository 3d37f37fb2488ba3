"""From settings and a model id to a model."""

import asyncio

import pytest

from heartbeat.errors import InvalidModel, InvalidSettings
from heartbeat.models import ModelId
from worker.providers import Providers, check_base_url

HAIKU = ModelId(provider="anthropic", name="claude-haiku-5-5")


def test_without_key_and_address_there_is_no_model() -> None:
    providers = Providers(api_key=None, base_url=None)

    assert not providers.are_configured
    assert providers.find(HAIKU) is None
    asyncio.run(providers.close())


def test_an_unknown_provider_is_refused() -> None:
    providers = Providers(api_key=None, base_url=None)

    with pytest.raises(InvalidModel, match="got 'openai'"):
        providers.find(ModelId(provider="openai", name="gpt"))


@pytest.mark.parametrize(
    "url", ["http://localhost:11434", "https://gate.example/llm/", "http://[::1]:80"]
)
def test_an_address_is_taken_without_its_last_slash(url: str) -> None:
    assert check_base_url(url) == url.rstrip("/")


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://localhost:8000/v1", "without '/v1'"),
        ("http://localhost:8000/v1/", "without '/v1'"),
        ("localhost:8000", "a host, got 'localhost:8000'"),
        ("", "a host, got ''"),
        ("ftp://localhost", "http:// or https://"),
        ("http://", "a host"),
        ("http://[::1", "a host"),
    ],
)
def test_a_wrong_address_says_what_was_expected(url: str, problem: str) -> None:
    with pytest.raises(InvalidSettings, match="ANTHROPIC_BASE_URL") as caught:
        check_base_url(url)

    assert problem in str(caught.value)
