"""From settings to a runner and a runtime; used by the Celery app and the check."""

import socket
import threading
from datetime import UTC, datetime, timedelta

from heartbeat.budgets import SpendingLimits, thrifty
from heartbeat.collector import settle_collector
from heartbeat.errors import InvalidModel, InvalidSettings
from heartbeat.models import DEFAULT_MODEL, ModelId, check_model_id
from heartbeat.resolve import Bounds
from heartbeat.setting_names import variable_of
from heartbeat.settings import Settings
from heartbeat.store.compiled import Compiled
from heartbeat.store.gates import Gates
from heartbeat.store.heartbeats import Heartbeats
from heartbeat.store.processes import Processes
from heartbeat.store.recent_clock import RecentClock
from heartbeat.store.runs import Runs
from heartbeat.store.server import Server
from heartbeat.store.spending import Spending
from worker.budget import Budgets
from worker.execution import Execution
from worker.judge import Limits
from worker.judging import Judging
from worker.loop import EventLoopThread
from worker.model import Model
from worker.providers import Providers, check_base_url
from worker.rule_keeper import RuleKeeper
from worker.runner import HeartbeatRunner, Place
from worker.runtime import Runtime
from worker.tools.commands_file import read_commands
from worker.tools.hosts import HostList, InvalidHost
from worker.tools.toolbox import Toolbox

#: Store calls of runs that begin and end under way at once, each with a connection of
#: its own; one takes about a millisecond.
STORE_CALLS = 16
#: The same of the event loop: leases that are renewed, sums of what was spent.
STORE_THREADS = 8


class Models:
    """The models of this process, by id; made on the loop that will use them."""

    def __init__(self, settings: Settings, *, gates: Gates | None = None) -> None:
        key = settings.anthropic_api_key
        self._settings = settings
        self._providers = Providers(
            api_key=None if key is None else key.get_secret_value(),
            base_url=settings.anthropic_base_url,
            gates=gates,
        )

    def find(self, model_id: str | None) -> Model | None:
        """Return the model, this worker's default for None; None if none is set up."""
        if not self._providers.are_configured:
            return None
        return self._providers.find(self._read(model_id))

    def find_cheaper(self, model_id: str | None) -> Model | None:
        """Return the model to take instead when money runs short; may be the same."""
        if not self._providers.are_configured:
            return None
        return self._providers.find(self.cheaper(model_id))

    def describe(self, model_id: str | None) -> str | None:
        """Return the id of the model that would be called, or None."""
        return str(self._read(model_id)) if self._providers.are_configured else None

    def cheaper(self, model_id: str | None) -> ModelId:
        """Return which model takes the place of this one when money runs short.

        What a server of one's own has cannot be known: there it has to be named.
        """
        settings, model = self._settings, self._read(model_id)
        if settings.cheaper_model is None and settings.anthropic_base_url is not None:
            return model
        return thrifty(model, _model_id(settings.cheaper_model, settings))

    def _read(self, model_id: str | None) -> ModelId:
        return _model_id(model_id or self._settings.model, self._settings)

    async def close(self) -> None:
        """Close the connections."""
        await self._providers.close()


def check_settings(settings: Settings) -> None:
    """Refuse, at the start, what would fail every run. Raises InvalidSettings."""
    if settings.anthropic_base_url is not None:
        check_base_url(settings.anthropic_base_url)
    chosen = {"model": settings.model, "cheaper_model": settings.cheaper_model}
    for field, text in chosen.items():
        try:
            _model_id(text, settings)
        except InvalidModel as error:
            raise InvalidSettings(f"{variable_of(field)}: {error}") from error
    try:
        HostList(settings.private_hosts)
    except InvalidHost as error:
        raise InvalidSettings(f"HEARTBEAT_PRIVATE_HOSTS: {error}") from error
    read_commands(settings.commands_file)


def _model_id(text: str | None, settings: Settings) -> ModelId:
    model, _ = check_model_id(
        text or DEFAULT_MODEL,
        today=datetime.now(UTC).date(),
        custom_base_url=settings.anthropic_base_url is not None,
    )
    return model


def make_runner(
    settings: Settings, models: Models, *, keeper: RuleKeeper | None = None
) -> HeartbeatRunner:
    """Build the runner of these settings; without a keeper it compiles no items."""
    return HeartbeatRunner(
        place_of(settings),
        find_model=models.find,
        find_cheaper=models.find_cheaper,
        make_tools=Toolbox,
        keeper=keeper,
    )


def place_of(settings: Settings) -> Place:
    """Return where this worker finds checklists, and what may be reached from there."""
    return Place(
        root=settings.root.resolve(),
        read_paths=settings.read_paths,
        private_hosts=settings.private_hosts,
        commands=read_commands(settings.commands_file),
        bounds=bounds_of(settings),
        limits=Limits(deadline=timedelta(seconds=settings.item_seconds)),
        parallel_items=settings.parallel_items,
        second_reading=settings.second_reading,
    )


def bounds_of(settings: Settings) -> Bounds:
    """Return what the operator allows a heartbeat's configuration."""
    return Bounds(
        timezone=settings.timezone,
        min_interval=settings.min_interval,
        custom_base_url=settings.anthropic_base_url is not None,
    )


def make_runtime(settings: Settings) -> Runtime:
    """Build what a worker process works with; call it after any fork."""
    server = Server.connect(settings.redis_url.get_secret_value(), name="worker")
    host = socket.gethostname()
    models = Models(settings, gates=Gates(server))
    budgets = Budgets(
        Spending(server),
        now=RecentClock(server).now,
        limits=SpendingLimits.from_settings(settings),
    )
    keeper = RuleKeeper(Compiled(server), name_model=models.describe)
    loop = EventLoopThread(threads=STORE_THREADS)
    execution = Execution(
        runs=Runs(server, lease_ms=round(settings.run_lease_seconds * 1000)),
        heartbeats=Heartbeats(server),
        judging=Judging(
            runner=make_runner(
                settings, models, keeper=keeper if settings.compile_items else None
            ),
            spend_of=budgets.of_run,
        ),
        submit=loop.submit,
        storing=threading.BoundedSemaphore(STORE_CALLS),
        host=host,
    )
    settle_collector()

    async def end() -> None:
        await budgets.stored()
        await models.close()

    return Runtime(
        loop=loop,
        execution=execution,
        processes=Processes(server),
        host=host,
        end=end,
    )
