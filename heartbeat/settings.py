"""Every setting of every process, with its unit, its default and what it is for.

Built from a mapping of environment variables; only the entry points read the real
environment. A secret may come from a file: `NAME_FILE` instead of `NAME`.
"""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from heartbeat.errors import InvalidSettings
from heartbeat.setting_names import (
    field_of,
    from_file,
    in_variables,
    near,
    of_ours,
    variable_of,
)
from heartbeat.setting_types import (
    Dollars,
    Origins,
    Paths,
    RedisUrl,
    Switch,
    Words,
    Zone,
)


class Settings(BaseModel):
    """The settings of a process; each is `HEARTBEAT_` and its name in capitals."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # Where things are
    redis_url: RedisUrl = Field(
        SecretStr("redis://127.0.0.1:6379/0"), description="ledger and feeds"
    )
    broker_url: RedisUrl | None = Field(
        None, description="Celery's broker, a Redis too; unset: the same server"
    )
    root: Path = Field(Path(), description="folder that holds the checklists")
    read_paths: Paths = Field(
        (), description="further folders that `file`, `log` and `json` may look into"
    )
    timezone: Zone = Field("UTC", description="zone of heartbeats that name none")

    # The model
    model: str | None = Field(
        None, description="`provider:model`; unset: the default where a key is set"
    )
    anthropic_api_key: SecretStr | None = Field(None, description="key of the model")
    anthropic_base_url: str | None = Field(
        None, description="any server that speaks the Messages API, without `/v1`"
    )
    max_tokens_per_day: int = Field(2_000_000, ge=0, description="of the fleet, UTC")
    max_tokens_per_run: int = Field(500_000, ge=0, description="tokens of one run")
    max_dollars_per_run: Dollars = Field(0.5, description="cost of one run")
    max_dollars_per_heartbeat_day: Dollars = Field(
        5, description="its cost in a UTC day"
    )
    max_dollars_per_owner_day: Dollars = Field(20, description="its cost in a UTC day")
    cheaper_model: str | None = Field(None, description="takes over near a limit")
    item_seconds: float = Field(90, gt=0, le=300, description="longest time an item")
    parallel_items: int = Field(
        4, ge=1, le=8, description="items judged at once, after the first has answered"
    )
    compile_items: Switch = Field(
        True, description="let the model turn items into rules that run without it"
    )
    second_reading: Switch = Field(
        True, description="a model's `ok` counts when its quotes alone confirm it"
    )

    # The worker
    worker_threads: int = Field(
        100, ge=1, le=1000, description="runs at once in one worker process"
    )
    shutdown_seconds: float = Field(
        20, ge=0, le=600, description="time a worker gives its runs at SIGTERM"
    )
    commands_file: Path | None = Field(
        None, description="TOML with what `command` may run, and for which owners"
    )
    run_lease_seconds: float = Field(
        30, ge=1, le=300, description="how long a worker that died keeps its run"
    )
    private_hosts: Words = Field(
        (), description="private host[:port]s that owners other than `local` may probe"
    )

    # The gateway
    host: str = Field("127.0.0.1", description="address to listen at")
    port: int = Field(8765, ge=0, le=65535, description="port to listen at; 0: any")
    flower_host: str = Field("127.0.0.1", description="address Flower listens at")
    flower_port: int = Field(5555, ge=0, le=65535, description="Flower's port")
    tokens_file: Path | None = Field(
        None, description="lines `sha256-of-token owner`; unset: no tokens"
    )
    trust_network: Switch = Field(
        False, description="allow a bind beyond loopback without tokens"
    )
    origins: Origins = Field(
        (), description="browser origins that may connect, exactly as sent"
    )

    deadman_url: SecretStr | None = Field(
        None, description="asked each minute while beats fire and runs finish"
    )

    # Limits of an owner
    min_interval_seconds: float = Field(
        60, gt=0, description="shortest time between two slots"
    )
    max_heartbeats_per_owner: int = Field(1_000, ge=1, description="heartbeats")
    max_configures_per_minute: int = Field(60, ge=1, description="an owner")
    max_connections_per_owner: int = Field(
        20, ge=1, description="sockets at one gateway"
    )

    # Limits of a connection
    max_commands_per_second: float = Field(
        20, gt=0, description="messages of one connection; bursts of twice that"
    )
    max_frame_bytes: int = Field(
        131_072, ge=4_096, description="largest frame; a checklist of 64 KiB fits"
    )
    max_first_frame: int = Field(
        4_096, ge=256, description="characters of a frame before a token was shown"
    )
    max_breaches_per_minute: int = Field(
        20, ge=1, description="messages refused for their rate before it is closed"
    )
    hello_seconds: float = Field(
        5, gt=0, description="time for the request, and for the first frame"
    )
    ping_seconds: float = Field(25, gt=0, description="silence before a ping")
    dead_after_pings: float = Field(
        2.5, gt=1, description="silence after which it is dead, in `PING_SECONDS`"
    )
    close_seconds: float = Field(
        5, gt=0, description="time to answer a close before the socket is cut"
    )
    window_alerts: int = Field(
        256, ge=1, description="alerts sent to a named client and not acknowledged"
    )
    window_bytes: int = Field(
        262_144, ge=4_096, description="bytes written and not taken by the client"
    )
    stalled_seconds: float = Field(
        60, gt=0, description="full window without progress before it is closed"
    )

    # Limits of a gateway
    max_connections: int = Field(20_000, ge=1, description="sockets of one process")
    max_connects_per_second: float = Field(
        1_000, gt=0, description="new sockets of one process; bursts of twice that"
    )
    max_pending_connections: int = Field(1_000, ge=1, description="before their hello")
    max_pending_per_address: int = Field(20, ge=1, description="of one address")
    max_failed_logins_per_minute: int = Field(
        10, ge=1, description="of one address; a right token gets in all the same"
    )
    redis_away_seconds: float = Field(
        30, gt=0, description="without Redis before a gateway is unready and says so"
    )
    drain_seconds: float = Field(10, ge=0, description="over which SIGTERM closes all")

    @property
    def broker(self) -> str:
        """Return the broker's URL: its own or the store's."""
        return (self.broker_url or self.redis_url).get_secret_value()

    @property
    def dead_after_seconds(self) -> float:
        """Return the silence after which a client is taken for dead."""
        return self.dead_after_pings * self.ping_seconds

    @property
    def min_interval(self) -> timedelta:
        """Return the shortest time between two slots."""
        return timedelta(seconds=self.min_interval_seconds)

    @property
    def has_model(self) -> bool:
        """Say whether a model can be called at all."""
        return self.anthropic_api_key is not None or self.anthropic_base_url is not None

    @classmethod
    def from_env(cls, environ: Mapping[str, str | None]) -> Self:
        """Read the settings; raises InvalidSettings naming every wrong variable.

        An unknown `HEARTBEAT_` name is an error, an empty value is as good as unset.
        """
        values: dict[str, str] = {}
        problems: list[str] = []
        for variable, text in of_ours(environ).items():
            field = field_of(variable, cls.model_fields)
            if field is None:
                hint = near(variable, cls.model_fields)
                problems.append(f"{variable}: expected a known setting{hint}")
            elif text:
                values[field] = (
                    text if variable == variable_of(field) else from_file(text)
                )
        try:
            settings = cls.model_validate(values)
        except ValidationError as error:
            problems.append(in_variables(error))
        if problems:
            raise InvalidSettings("; ".join(problems))
        return settings
