"""What a call costs, by a table."""

import pytest

from heartbeat.models import CURRENT_MODELS, RETIREMENTS
from heartbeat.prices import TARIFFS, is_dearer, priced
from heartbeat.usage import Usage

MILLION = 1_000_000


@pytest.mark.parametrize(
    ("model", "sort", "dollars"),
    [
        pytest.param("claude-haiku-5-5", "output_tokens", 0.5, id="haiku output"),
        pytest.param("claude-sonnet-5-5", "input_tokens", 2, id="sonnet input"),
        pytest.param("claude-sonnet-5-5", "output_tokens", 10, id="sonnet output"),
        pytest.param("claude-sonnet-5-5", "cache_write_tokens", 2.5, id="sonnet write"),
        pytest.param("claude-sonnet-5-5", "cache_read_tokens", 0.1, id="sonnet read"),
        pytest.param("claude-opus-5-5", "input_tokens", 4, id="opus input"),
        pytest.param("claude-fable-5-1", "cache_read_tokens", 0.25, id="fable read"),
        pytest.param("claude-haiku-4-5-20251001", "input_tokens", 1, id="a dated id"),
    ],
)
def test_a_million_tokens_cost_the_price_of_their_sort(
    model: str, sort: str, dollars: float
) -> None:
    assert priced(model, Usage.model_validate({sort: MILLION})).dollars == dollars


@pytest.mark.parametrize(
    ("usage", "micro_dollars"),
    [
        pytest.param(Usage(input_tokens=100_000), 10_000, id="still a usual prompt"),
        pytest.param(Usage(input_tokens=100_001), 50_001, id="a long one, rounded up"),
        pytest.param(
            Usage(input_tokens=1, cache_read_tokens=60_000, cache_write_tokens=40_000),
            28_001,
            id="the cache is part of the prompt",
        ),
        pytest.param(
            Usage(input_tokens=100_001, output_tokens=1_000_000),
            2_550_001,
            id="its output is dearer too",
        ),
        pytest.param(Usage(output_tokens=200_000), 100_000, id="output is no prompt"),
        pytest.param(Usage(), 0, id="nothing costs nothing"),
    ],
)
def test_a_long_prompt_has_its_own_price(usage: Usage, micro_dollars: int) -> None:
    assert priced("claude-haiku-5-5", usage).micro_dollars == micro_dollars


def test_a_model_without_a_price_has_no_cost_and_that_is_said() -> None:
    usage = priced("qwen3", Usage(calls=1, input_tokens=5))
    assert (usage.dollars, usage.unpriced_calls, usage.tokens) == (None, 1, 5)


def test_a_cost_that_is_known_in_part_says_how_many_calls_it_leaves_out() -> None:
    usage = priced("qwen3", Usage(calls=1)) + priced(
        "claude-sonnet-5-5", Usage(calls=1, input_tokens=MILLION)
    )
    assert usage.to_wire()["dollars"] == 2
    assert usage.to_wire()["unpricedCalls"] == 1


@pytest.mark.parametrize("model", TARIFFS)
def test_every_model_with_a_price_exists(model: str) -> None:
    assert model in CURRENT_MODELS | RETIREMENTS.keys()


@pytest.mark.parametrize(
    ("model", "than", "answer"),
    [
        ("claude-sonnet-5-5", "claude-haiku-5-5", True),
        ("claude-haiku-5-5", "claude-sonnet-5-5", False),
        ("claude-haiku-5-5", "claude-haiku-5-5", False),
        ("claude-sonnet-5-5", "qwen3", True),
        ("qwen3", "claude-haiku-5-5", False),
        ("qwen3", "qwen3", False),
    ],
)
def test_a_model_is_dearer_by_its_price(model: str, than: str, answer: bool) -> None:
    assert is_dearer(model, than) is answer
