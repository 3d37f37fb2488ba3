"""What every command is given; read once, in `main`."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from heartbeat.cli.output import Output
from heartbeat.cli.running import Place
from heartbeat.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Settings, environment, folder and instant of one call of the command.

    `here` is the `heartbeat up` that runs in this folder, `url` the gateway to ask.
    """

    settings: Settings
    environ: Mapping[str, str]
    folder: Path
    now: datetime
    output: Output
    here: Place | None
    url: str
    token: str | None = None

    @property
    def store_url(self) -> str:
        """Return the store to look at: one that is set, else that of `up` here."""
        settings = self.settings
        if "redis_url" not in settings.model_fields_set and self.here is not None:
            return self.here.store_url or settings.redis_url.get_secret_value()
        return settings.redis_url.get_secret_value()


#: What runs a command; returns its exit code.
Handler = Callable[[Context, argparse.Namespace], int]


def default_url(settings: Settings) -> str:
    """Return where a gateway with these settings is found from this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    return f"ws://{f'[{host}]' if ':' in host else host}:{settings.port}/ws"
