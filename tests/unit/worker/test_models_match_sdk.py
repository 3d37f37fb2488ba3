"""The table of model ids, which must not import the SDK, held against the SDK."""

import re
from datetime import date, datetime
from typing import get_args

from anthropic.resources.messages.messages import DEPRECATED_MODELS
from anthropic.types import Model

from heartbeat.models import CURRENT_MODELS, RETIREMENTS, TABLE_DATE


def day(text: str) -> date:
    plain = re.sub(r"(?<=\d)(st|nd|rd|th)", "", text)
    return datetime.strptime(f"{plain} +0000", "%B %d, %Y %z").date()


def test_the_table_has_every_model_that_the_sdk_lists() -> None:
    listed = set(get_args(get_args(Model)[0]))
    assert listed - set(DEPRECATED_MODELS) == CURRENT_MODELS


def test_the_table_has_every_retirement_that_the_sdk_knows() -> None:
    known = {name: day(text) for name, text in DEPRECATED_MODELS.items()}
    assert known.items() <= RETIREMENTS.items()


def test_what_the_table_has_beyond_the_sdk_is_gone_for_good() -> None:
    # The SDK drops a model some time after its end; whoever names it must be told.
    forgotten = RETIREMENTS.keys() - DEPRECATED_MODELS.keys()
    assert all(RETIREMENTS[name] <= TABLE_DATE for name in forgotten)
