"""What `doctor` makes of the slots: on which queues they wait, and how late. Pure."""

from collections.abc import Iterator, Sequence

from heartbeat.cli.finding import Finding, fail, ok, warn
from heartbeat.cli.output import instant
from heartbeat.instants import to_text
from heartbeat.jobs import QUEUE
from heartbeat.store.placements import Placement
from heartbeat.store.processes import ProcessSeen
from heartbeat.store.statistics import Lag
from heartbeat.store.watch import Silent

#: Milliseconds a slot may be late before beat is behind, and before it is as good as
#: gone.
LATE_MS, STUCK_MS = 5_000, 60_000
#: Milliseconds a slot may wait for a worker: until a lost message is sent again, and
#: until the dead-man falls silent.
WAITING_MS, UNBEGUN_MS = 30_000, 300_000
#: Overdue slots that are named; of more the number is said.
MOST_NAMED = 5


def of_queues(
    processes: Sequence[ProcessSeen], placements: Sequence[Placement]
) -> Iterator[Finding]:
    """Name what is served, and each queue that is in use and is not."""
    served = {
        queue
        for one in processes
        if one.kind == "worker" and one.is_alive
        for queue in one.queues
    }
    if served:
        yield ok("queues", f"served: {', '.join(sorted(served))}")
    if QUEUE not in served and QUEUE not in {one.queue for one in placements}:
        yield _unserved(Placement(queue=QUEUE, placed=0, waiting=0))
    yield from (_unserved(one) for one in placements if one.queue not in served)


def of_lag(lag: Lag) -> Iterator[Finding]:
    """Say how late slots are with their beat, and with their worker."""
    yield _schedule(lag)
    yield _beginning(lag)


def of_silence(silent: Sequence[Silent]) -> Finding:
    """Name the slots that should have a record by now."""
    if not silent:
        return ok("overdue", "no slot")
    oldest = sorted(silent, key=lambda one: (one.slot, one.uid))[:MOST_NAMED]
    more = len(silent) - len(oldest)
    return fail(
        "overdue",
        f"slots that should have a record by now: {len(silent)}: "
        + "; ".join(
            f"{one.uid} of {instant(to_text(one.slot))} UTC, {one.why}"
            for one in oldest
        )
        + (f"; and {more} more" if more else ""),
        "see what is missing above, and the log of who has not done it",
    )


def _unserved(one: Placement) -> Finding:
    how_many = f"heartbeats placed there: {one.placed}, waiting: {one.waiting}"
    if one.queue == QUEUE:
        return fail(
            "queues",
            f"nobody serves {QUEUE!r}, the queue of those without runOn; {how_many}",
            f"start a worker without -Q, or with -Q {QUEUE}",
        )
    label = one.queue.removeprefix(f"{QUEUE}.")
    return fail(
        "queues",
        f"nobody serves {one.queue!r}, the queue of runOn {label!r}; {how_many}",
        f"start a worker with -Q {one.queue}, or place them elsewhere",
    )


def _schedule(lag: Lag) -> Finding:
    said = f"{lag.scheduled} scheduled, {lag.open} open"
    if lag.overdue_ms < LATE_MS:
        return ok("schedule", said)
    late = f"{said}; the oldest slot is {lag.overdue_ms / 1000:.0f} s late"
    level = fail if lag.overdue_ms >= STUCK_MS else warn
    return level("schedule", late, "see the log of beat; more beats may run at once")


def _beginning(lag: Lag) -> Finding:
    said = f"the oldest slot has waited {lag.unbegun_ms / 1000:.0f} s for a worker"
    if lag.unbegun_ms < WAITING_MS:
        return ok("beginning", said if lag.unbegun_ms else "no slot waits for a worker")
    level = fail if lag.unbegun_ms >= UNBEGUN_MS else warn
    return level(
        "beginning",
        said,
        "more workers for its queue; where none is busy, see the log of beat: it may"
        " not reach the broker",
    )
