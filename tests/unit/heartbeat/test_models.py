"""Which model ids are taken, warned about and refused."""

from datetime import date, timedelta

import pytest

from heartbeat.errors import InvalidModel
from heartbeat.models import (
    CURRENT_MODELS,
    DEFAULT_MODEL,
    RETIREMENTS,
    WARN_BEFORE,
    ModelId,
    check_model_id,
)

TODAY = date(2026, 11, 22)


def check(text: str, *, today: date = TODAY, custom: bool = False) -> str | None:
    model, warning = check_model_id(text, today=today, custom_base_url=custom)
    assert str(model) == text
    return warning


def refusal(text: str, *, today: date = TODAY, custom: bool = False) -> str:
    with pytest.raises(InvalidModel) as caught:
        check_model_id(text, today=today, custom_base_url=custom)
    return str(caught.value)


def test_it_splits_provider_and_model() -> None:
    model, _ = check_model_id("anthropic:qwen3:8b", today=TODAY, custom_base_url=True)
    assert model == ModelId(provider="anthropic", name="qwen3:8b")


def test_the_default_is_current() -> None:
    assert check(DEFAULT_MODEL) is None


def test_an_id_that_never_existed_is_refused_with_a_suggestion_that_lasts() -> None:
    said = refusal("anthropic:claude-sonnet-4-5-20250514")
    assert "'anthropic:claude-sonnet-5-5'" in said
    assert "20250929" not in said


def test_a_wild_id_gets_the_default_suggested() -> None:
    assert DEFAULT_MODEL in refusal("anthropic:qqqq")


def test_a_retired_id_is_refused_with_its_date() -> None:
    said = refusal("anthropic:claude-3-5-haiku-latest")
    assert "2026-02-19" in said
    assert "'anthropic:claude-haiku-5-5'" in said


def test_an_id_that_retires_soon_is_warned_about_with_its_date() -> None:
    warning = check("anthropic:claude-sonnet-4-5")
    assert warning is not None
    assert "2026-11-30" in warning
    assert "8 days" in warning


def test_an_id_is_warned_about_from_the_60th_day_on_and_refused_on_the_last() -> None:
    name, last = "anthropic:claude-sonnet-4-5", RETIREMENTS["claude-sonnet-4-5"]
    assert check(name, today=last - WARN_BEFORE - timedelta(days=1)) is None
    assert check(name, today=last - WARN_BEFORE) is not None
    assert check(name, today=last - timedelta(days=1)) is not None
    assert "retired" in refusal(name, today=last)


def test_with_a_base_url_of_ones_own_an_unlisted_id_is_only_warned_about() -> None:
    warning = check("anthropic:qwen3-coder", custom=True)
    assert warning is not None
    assert "qwen3-coder" in warning


def test_with_a_base_url_of_ones_own_a_retired_id_is_still_refused() -> None:
    assert "retired" in refusal("anthropic:claude-2.0", custom=True)


@pytest.mark.parametrize(
    "text",
    ["", ":", "anthropic:", ":claude-haiku-5-5", "claude-haiku-5-5"],
)
def test_it_asks_for_provider_and_model(text: str) -> None:
    assert f"`provider:model` such as {DEFAULT_MODEL!r}" in refusal(text)


@pytest.mark.parametrize(
    "text", ["anthropic:a b", "anthropic:a\n", "anthropic:" + "x" * 500]
)
def test_it_refuses_what_is_no_id_at_all_in_few_words(text: str) -> None:
    assert len(refusal(text, custom=True)) < 300


def test_an_unknown_provider_is_refused_naming_the_known() -> None:
    assert "anthropic, got 'openai'" in refusal("openai:gpt-9", custom=True)


def test_no_id_is_both_current_and_retiring() -> None:
    assert not CURRENT_MODELS & set(RETIREMENTS)
