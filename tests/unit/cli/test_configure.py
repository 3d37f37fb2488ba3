"""Active hours as they are typed."""

import pytest

from heartbeat.asked import Window
from heartbeat.cli.configure import parse_hours
from heartbeat.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("08:00-22:00", Window(start="08:00", end="22:00")),
        ("22:00-24:00", Window(start="22:00", end="24:00")),
        (
            "08:00-18:00/1,2,3",
            Window(start="08:00", end="18:00", days_of_week=(1, 2, 3)),
        ),
        ("09:00-17:00@5m", Window(start="09:00", end="17:00", interval=5)),
        ("09:00-17:00@2.5", Window(start="09:00", end="17:00", interval=2.5)),
        (
            "22:00-06:00/6,7@2h",
            Window(start="22:00", end="06:00", days_of_week=(6, 7), interval=120),
        ),
    ],
)
def test_hours_are_read(text: str, window: Window) -> None:
    assert parse_hours(text) == window


@pytest.mark.parametrize(
    "text",
    [
        "", "8-9", "08:00", "08:00-", "08:00-9:00", "08:00-22:00/", "x/1",
        "١٢:٠٠-١٣:٠٠", "08:00-22:00@", "08:00-22:00@5s", "08:00-22:00@5m/1",
        "08:00-22:00@-5m", "08:00-22:00@m", "08:00-22:00@٥m",
    ],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="--active: expected"):
        parse_hours(text)
