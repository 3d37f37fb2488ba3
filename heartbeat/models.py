"""Model ids: which exist, which are gone, which go soon.

A table with its date, since a wrong id would else be found hours later, by a check
that fails. No silent alias: price and behaviour of models differ too much.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

from heartbeat.errors import InvalidModel

#: Used when a key or a base URL is set and nothing else is asked for.
DEFAULT_MODEL = "anthropic:claude-haiku-5-5"

#: Providers that the worker can speak to.
PROVIDERS = ("anthropic",)

#: The day on which the two tables below were true.
TABLE_DATE = date(2026, 11, 25)

#: Ids without a known end.
CURRENT_MODELS = frozenset(
    {
        "claude-fable-5",
        "claude-fable-5-1",
        "claude-fable-5-2",
        "claude-haiku-4-5",
        "claude-haiku-4-5-20251001",
        "claude-haiku-5-5",
        "claude-mythos-5",
        "claude-mythos-5-1",
        "claude-mythos-5-2",
        "claude-opus-4-6",
        "claude-opus-4-7",
        "claude-opus-4-8",
        "claude-opus-5",
        "claude-opus-5-5",
        "claude-sonnet-4-6",
        "claude-sonnet-5",
        "claude-sonnet-5-5",
    }
)

#: Ids with the first day on which they do not answer any more.
RETIREMENTS: Mapping[str, date] = MappingProxyType(
    {
        "claude-1.3": date(2024, 11, 6),
        "claude-1.3-100k": date(2024, 11, 6),
        "claude-instant-1.1": date(2024, 11, 6),
        "claude-instant-1.1-100k": date(2024, 11, 6),
        "claude-instant-1.2": date(2024, 11, 6),
        "claude-2.0": date(2025, 7, 21),
        "claude-2.1": date(2025, 7, 21),
        "claude-3-sonnet-20240229": date(2025, 7, 21),
        "claude-3-opus-20240229": date(2026, 1, 5),
        "claude-3-5-haiku-20241022": date(2026, 2, 19),
        "claude-3-5-haiku-latest": date(2026, 2, 19),
        "claude-3-7-sonnet-20250219": date(2026, 2, 19),
        "claude-3-7-sonnet-latest": date(2026, 2, 19),
        "claude-opus-4-0": date(2026, 6, 15),
        "claude-opus-4-20250514": date(2026, 6, 15),
        "claude-sonnet-4-0": date(2026, 6, 15),
        "claude-sonnet-4-20250514": date(2026, 6, 15),
        "claude-mythos-preview": date(2026, 6, 30),
        "claude-sonnet-4-5": date(2026, 11, 30),
        "claude-sonnet-4-5-20250929": date(2026, 11, 30),
        "claude-opus-4-5": date(2027, 1, 22),
        "claude-opus-4-5-20251101": date(2027, 1, 22),
    }
)

#: Time enough to try another model before one is gone.
WARN_BEFORE = timedelta(days=60)

#: Longer than any id; keeps the search for a near match cheap.
MAX_MODEL_ID = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelId:
    """A model of a provider."""

    provider: str
    name: str

    def __str__(self) -> str:
        return f"{self.provider}:{self.name}"


def check_model_id(
    text: str, *, today: date, custom_base_url: bool
) -> tuple[ModelId, str | None]:
    """Return the model and perhaps a warning for whoever chose it.

    With a base URL of the operator's own an id outside the table is only warned about:
    what that server calls its models cannot be known. Raises InvalidModel.
    """
    model = _split(text)
    retirement = RETIREMENTS.get(model.name)
    if retirement is not None and today >= retirement:
        raise InvalidModel(
            f"expected a model that still answers, got {text!r}, retired on"
            f" {retirement}{_suggestion(model.name, today)}"
        )
    if retirement is not None:
        soon = retirement - today <= WARN_BEFORE
        return model, _retires_soon(model, retirement, today) if soon else None
    if model.name in CURRENT_MODELS:
        return model, None
    if custom_base_url:
        return model, f"{text!r} is not in the table of known models"
    raise InvalidModel(
        f"expected a model that exists, got {text!r}, which is not in the table of"
        f" {TABLE_DATE}{_suggestion(model.name, today)}"
    )


def _split(text: str) -> ModelId:
    provider, colon, name = text.partition(":")
    if len(text) > MAX_MODEL_ID or not text.isprintable() or " " in text:
        raise InvalidModel(f"expected a model id, got {text[:MAX_MODEL_ID]!r}")
    if not (colon and provider and name):
        raise InvalidModel(
            f"expected `provider:model` such as {DEFAULT_MODEL!r}, got {text!r}"
        )
    if provider not in PROVIDERS:
        raise InvalidModel(
            f"expected a provider of {', '.join(PROVIDERS)}, got {provider!r}"
            f" in {text!r}"
        )
    return ModelId(provider=provider, name=name)


def _retires_soon(model: ModelId, retirement: date, today: date) -> str:
    return (
        f"{str(model)!r} retires on {retirement}, in {(retirement - today).days} days"
        f"{_suggestion(model.name, today)}"
    )


def _suggestion(name: str, today: date) -> str:
    """Suggest the nearest ids that will last, else the default."""
    near = difflib.get_close_matches(name, _lasting(today), n=3)
    ids = [f"anthropic:{each}" for each in near] or [DEFAULT_MODEL]
    return f"; use {' or '.join(map(repr, ids))}"


def _lasting(today: date) -> Iterable[str]:
    later = {n for n, end in RETIREMENTS.items() if end - today > WARN_BEFORE}
    return sorted(CURRENT_MODELS | later)
