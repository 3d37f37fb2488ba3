"""What a finished evaluation means: the record, the book, what the owner hears."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from heartbeat.book import Book
from heartbeat.checklist import parse_checklist
from heartbeat.config import HeartbeatConfig
from heartbeat.errors import InvalidInput
from heartbeat.incidents import settle_run
from heartbeat.instants import to_ms
from heartbeat.item_cadence import remember_judged
from heartbeat.notices import Policy
from heartbeat.outages import config_trouble
from heartbeat.runs import MAX_PROBLEM, Reason, RunRecord, RunStatus, finished_run
from heartbeat.store.runs import Known, Outcome
from heartbeat.telling import About, tell
from heartbeat.usage import Usage
from heartbeat.verdict import Cause, ItemResult
from worker.evaluation import Evaluation, Unusable, keys_of

#: So much of an item's text tells it from others; the line may be shown in part.
_TELLING = 30
#: A next slot that is further away than this is not waited for before telling.
FAR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The run that is being settled, and the config it was judged under."""

    run_id: str
    slot: datetime
    started: datetime
    finished: datetime
    host: str
    config: HeartbeatConfig


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
    else:
        present, disabled = _as_it_is_now(evaluation, run.config, known.config)
        present |= _hidden(known.book, evaluation.results)
        settled = settle_run(
            remember_judged(
                known.book,
                evaluation.results,
                paced=evaluation.paced & present,
                slot=run.slot,
            ),
            evaluation.results,
            present=present,
            disabled=disabled,
            policy=policy,
            now=run.finished,
        )
    return Outcome(
        record=record_of(run, evaluation),
        book=settled.book,
        messages=tell(settled.notices, _about(run, known.config)),
    )


def record_of(run: Run, evaluation: Evaluation | Unusable) -> RunRecord:
    """Return what history keeps of a run."""
    if isinstance(evaluation, Unusable):
        if evaluation.reason == Reason.EMPTY:
            return _unjudged(run, RunStatus.SKIPPED, Reason.EMPTY)
        problem = f"{evaluation.reason}: {evaluation.message}"
        unjudged = _unjudged(run, RunStatus.UNKNOWN, Reason.CONFIG)
        return unjudged.model_copy(update={"problem": problem[:MAX_PROBLEM]})
    if not evaluation.results:
        reason = Reason.NOT_DUE if evaluation.present else Reason.EMPTY
        return _unjudged(run, RunStatus.SKIPPED, reason)
    record = finished_run(
        run.run_id,
        evaluation.results,
        slot=run.slot,
        started=run.started,
        finished=run.finished,
        host=run.host,
        usage=evaluation.usage if evaluation.usage != Usage() else None,
    )
    if all(result.cause is Cause.BUDGET for result in evaluation.results):
        changes = {"status": RunStatus.SKIPPED, "reason": Reason.BUDGET}
        return record.model_copy(update=changes)
    return record


def summary(outcome: Outcome, evaluation: Evaluation | Unusable) -> str:
    """Say in a few words what came of a run."""
    record = outcome.record
    if isinstance(evaluation, Unusable):
        return f"{record.status.value} ({evaluation.reason}: {evaluation.message})"
    if record.reason is not None:
        return f"{record.status.value} ({record.reason.value})"
    counts = Counter(item.status.value for item in record.items)
    told = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    return f"{record.status.value} ({told})"


def _unjudged(run: Run, status: RunStatus, reason: Reason) -> RunRecord:
    return RunRecord(
        run_id=run.run_id,
        slot_ms=to_ms(run.slot),
        status=status,
        reason=reason,
        started_ms=to_ms(run.started),
        finished_ms=to_ms(run.finished),
        late_ms=max(0, to_ms(run.started) - to_ms(run.slot)),
        host=run.host,
    )


def _policy(config: HeartbeatConfig, now: datetime) -> Policy:
    following = config.timing.cadence().next_slot(now)
    return Policy(
        notify=config.notify,
        repeat=timedelta(minutes=config.repeat_minutes),
        next_slot_far=following is None or following - now > FAR,
    )


def _as_it_is_now(
    evaluation: Evaluation, judged: HeartbeatConfig, current: HeartbeatConfig
) -> tuple[frozenset[str], frozenset[str]]:
    """Return the keys of the items that are on and off.

    A checklist that was sent while the run went on decides: what it no longer has is
    not told.
    """
    if current.content is None or current.content == judged.content:
        return evaluation.present, evaluation.disabled
    try:
        checklist = parse_checklist(current.content)
    except InvalidInput:  # it was parsed when it was configured
        return evaluation.present, evaluation.disabled
    on, off = keys_of(checklist)
    return evaluation.present & on, off


def _hidden(book: Book, results: Sequence[ItemResult]) -> frozenset[str]:
    """Return the troubles whose item stands in a line that was not read.

    A slip in an item's line does not end what is wrong with it.
    """
    lines = [one.details for one in results if one.cause is Cause.NOT_READ]
    texts = {key: one.description for key, one in book.incidents.items()}
    texts |= {key: one.description for key, one in book.unknowns.items()}
    return frozenset(
        key
        for key, text in texts.items()
        if any(text[:_TELLING] in line or f"{{#{key}" in line for line in lines)
    )


def _about(run: Run, config: HeartbeatConfig) -> About:
    return About(
        schedule_id=config.schedule_id,
        name=config.name,
        now=run.finished,
        run_id=run.run_id,
        slot=run.slot,
        late_by=max(0.0, (run.started - run.slot).total_seconds()),
        host=run.host,
    )
