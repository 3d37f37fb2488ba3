"""What the items of a checklist ask for, held against their heartbeat's config."""

from collections.abc import Iterator
from datetime import date, timedelta

from heartbeat.checklist import Checklist, Item
from heartbeat.config import HeartbeatConfig
from heartbeat.errors import InvalidModel
from heartbeat.item_attributes import every_text
from heartbeat.models import check_model_id


def check_items(
    checklist: Checklist,
    config: HeartbeatConfig,
    *,
    today: date,
    custom_base_url: bool,
) -> tuple[str, ...]:
    """Return what whoever wrote the items should know, with their lines.

    Items that are off count too: turning one on must not break the checklist. Raises
    InvalidModel.
    """
    items = sorted((*checklist.items, *checklist.disabled), key=lambda each: each.line)
    return (
        *_check_models(items, today=today, custom_base_url=custom_base_url),
        *_often_in_vain(items, config),
    )


def _check_models(
    items: list[Item], *, today: date, custom_base_url: bool
) -> Iterator[str]:
    """Yield one warning for each model, with the first line that names it."""
    first = {item.model: item.line for item in reversed(items)}
    for model, line in sorted(first.items(), key=lambda each: each[1]):
        if model is None:
            continue
        try:
            _, warning = check_model_id(
                model, today=today, custom_base_url=custom_base_url
            )
        except InvalidModel as error:
            raise InvalidModel(f"line {line}: {error}") from error
        if warning is not None:
            yield f"line {line}: {warning}"


def _often_in_vain(items: list[Item], config: HeartbeatConfig) -> Iterator[str]:
    """Warn of items that are wanted more often than the heartbeat has slots."""
    shortest_ms = min(config.timing.intervals_ms, default=0)
    shortest = timedelta(milliseconds=shortest_ms)
    for item in items:
        if item.every is not None and item.every < shortest:
            yield (
                f"line {item.line}: every={every_text(item.every)} is less than the"
                f" {shortest_ms / 60_000:g} min between slots: judged at every slot"
            )
