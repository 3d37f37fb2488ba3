"""What a finished evaluation means: the record, the book, what the owner hears."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from heartbeat.book import Settled
from heartbeat.checklist import parse_checklist
from heartbeat.config import HeartbeatConfig
from heartbeat.errors import InvalidInput
from heartbeat.incidents import settle_run
from heartbeat.instants import to_ms
from heartbeat.notices import Policy
from heartbeat.outages import config_trouble
from heartbeat.runs import Reason, RunRecord, RunStatus, finished_run
from heartbeat.store.runs import Begun, Known, Outcome
from heartbeat.telling import About, tell
from heartbeat.usage import Usage
from heartbeat.verdict import Cause, ItemResult
from worker.runner import Evaluation, Unusable

#: A next slot that is further away than this is not waited for before telling.
FAR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The run that is being settled."""

    begun: Begun
    host: str
    finished: datetime


def settle(run: Run, evaluation: Evaluation | Unusable, *, known: Known) -> Outcome:
    """Decide what becomes of a run, against what is known at this moment.

    Called again with newer knowledge when book or config changed in between.
    """
    policy = _policy(known.config, run.finished)
    if isinstance(evaluation, Unusable):
        message = f"on {run.host}: {evaluation.message}"
        settled = config_trouble(
            known.book, evaluation.reason, message, run.finished, policy
        )
        return _outcome(run, _unusable_record(run, evaluation), settled, known)
    present, results = _still_present(evaluation, run.begun.known.config, known.config)
    settled = settle_run(
        known.book,
        results,
        present=present,
        disabled=evaluation.disabled,
        policy=policy,
        now=run.finished,
    )
    return _outcome(run, _record(run, evaluation), settled, known)


def _policy(config: HeartbeatConfig, now: datetime) -> Policy:
    following = config.timing.cadence().next_slot(now)
    return Policy(
        notify=config.notify,
        repeat=timedelta(minutes=config.repeat_minutes),
        next_slot_far=following is None or following - now > FAR,
    )


def _still_present(
    evaluation: Evaluation, judged: HeartbeatConfig, current: HeartbeatConfig
) -> tuple[frozenset[str], list[ItemResult]]:
    """Leave out what a new checklist, sent while the run went on, no longer has."""
    present = evaluation.present
    if current.content is not None and current.content != judged.content:
        try:
            items = parse_checklist(current.content).items
        except InvalidInput:  # it was parsed when it was configured
            items = ()
        present &= {item.key for item in items}
    return present, [one for one in evaluation.results if one.item_key in present]


def _record(run: Run, evaluation: Evaluation) -> RunRecord:
    record = finished_run(
        run.begun.lease.run_id,
        evaluation.results,
        slot=run.begun.slot,
        started=run.begun.started,
        finished=run.finished,
        host=run.host,
        usage=evaluation.usage if evaluation.usage != Usage() else None,
    )
    if all(result.cause is Cause.BUDGET for result in evaluation.results):
        changes = {"status": RunStatus.SKIPPED, "reason": Reason.BUDGET}
        return record.model_copy(update=changes)
    return record


def _unusable_record(run: Run, unusable: Unusable) -> RunRecord:
    is_empty = unusable.reason == Reason.EMPTY
    return RunRecord(
        run_id=run.begun.lease.run_id,
        slot_ms=to_ms(run.begun.slot),
        status=RunStatus.SKIPPED if is_empty else RunStatus.UNKNOWN,
        reason=Reason.EMPTY if is_empty else Reason.CONFIG,
        started_ms=to_ms(run.begun.started),
        finished_ms=to_ms(run.finished),
        late_ms=max(0, to_ms(run.begun.started) - to_ms(run.begun.slot)),
        host=run.host,
    )


def _outcome(run: Run, record: RunRecord, settled: Settled, known: Known) -> Outcome:
    about = About(
        schedule_id=known.config.schedule_id,
        name=known.config.name,
        now=run.finished,
        run_id=record.run_id,
        slot=run.begun.slot,
        late_by=max(0.0, (run.begun.started - run.begun.slot).total_seconds()),
        host=run.host,
    )
    return Outcome(
        record=record, book=settled.book, messages=tell(settled.notices, about)
    )
