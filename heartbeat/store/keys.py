"""Every key in Redis: type, content, life time, who writes it, who reads it.

All share the tag `{hb}`, so any script may touch any of them; one primary is needed.
Of a heartbeat that was deleted only what has an age of its own stays: records of its
runs and its usage.

| key | type | content | lives | written by | read by |
|---|---|---|---|---|---|
| `heartbeat:<uid>` | hash | config, content (a checklist that came inline), timing, queue, owner, enabled, version, plan, last_slot, planned (when the plan was made), ahead (slots claimed before the clock was set back), unheard (trouble was found while it was paused or disabled), paused, updated (when it was changed or resumed last) | until deleted | gateway, beat, worker | all |
| `owner:<owner>` | set | uids of the owner's heartbeats | until deleted | gateway | gateway |
| `versions` | string | counter of config versions | for ever | scripts | scripts, gateway |
| `tokens` | string | counter of fencing tokens and revisions of books | for ever | scripts | scripts |
| `due` | sorted set | uid by the ms at which its schedule needs a beat | while enabled | gateway, beat | beat, gateway |
| `open` | sorted set | uid by the ms at which its open slot needs a beat | while open | beat, worker | beat, gateway |
| `unbegun` | sorted set | uid by its open slot, in ms, which no worker has begun | while unbegun | beat, worker | gateway, doctor |
| `open:<uid>` | string | the one open slot as JSON: slot, runId, state, attempts, deadlines, token | while open | beat, worker | beat, worker |
| `waiting:<queue>` | set | uids whose message is on the queue and was not taken | while waiting | beat, worker | beat, doctor |
| `left:<owner>` | set | queue and uid of messages that were left there by heartbeats which were deleted or placed elsewhere | 7 days | gateway | gateway, worker |
| `queues` | set | names of queues on which messages wait | while waiting | beat, worker | beat, doctor |
| `runs:<uid>` | list | run records as JSON, newest first, at most 200 and, but for the newest, 512 KiB | 7 days | beat, worker | gateway |
| `runs-bytes:<uid>` | string | how long these records are together | 7 days | beat, worker | beat, worker |
| `finished:<uid>` | string | run id and token of the last finish, to answer its retry | 1 day | worker | worker |
| `requested:<run id>` | string | a run by hand was opened, to answer a retry | 1 min | gateway | gateway |
| `book:<uid>` | hash | revision, and what is remembered of its troubles as JSON | until deleted | worker, gateway | worker, gateway |
| `compiled:<uid>` | string | rules that a model has made of its items, as JSON | until deleted, at most 7 days | worker | worker, gateway |
| `untold` | hash | uid to missed and lost slots the owner was not told of | until told | beat | gateway |
| `together` | set | uids of overdue heartbeats that were told in one alert with others | until that is over, and told | gateway | gateway |
| `unreadable` | hash | uid to since when a beat could not read it, or `told` | until it can | beat, gateway, worker | beat, gateway, doctor |
| `unreadable-config` | hash | uid to since when no worker could read its config, or `told` | until one can | worker, gateway | gateway, doctor |
| `feed:<owner>` | stream | what the owner is told: prev, payload; newest 1,000 | 7 days | worker, gateway | gateway |
| `feed-head:<owner>` | hash | epoch, n, last id, server: where the feed ends | for ever | worker, gateway | gateway |
| `push:<owner>` | channel | `id prev payload` of each entry as it is written | - | worker, gateway | gateway |
| `cursors:<owner>` | hash | client name to cursor as JSON, at most 256; `*` to when one was forgotten last | 30 days | gateway | gateway |
| `names:<owner>` | sorted set | client name by the number of its newest connection, at most 256 | 30 days | gateway | gateway |
| `gateways` | channel | what gateways tell each other: names that were claimed, logins that failed, configures | - | gateway | gateway |
| `wake` | channel | something may be due now | - | gateway, worker | beat |
| `watch` | string | which gateway watches for overdue slots | 15 s, renewed | gateway | gateway |
| `statistics` | hash | counters of the ledger | for ever | scripts | gateway |
| `usage:<day>` | hash | `*` to the fleet's calls, tokens and micro-dollars of a UTC day | 35 days | worker | worker, gateway |
| `usage:<day>:<owner>` | hash | scheduleId to the same of a heartbeat, `*` to all of the owner's; at most 2,000 apart | 35 days | worker | worker, gateway |
| `gate:<credential>` | string | why no model is called with a key, as JSON | until then | worker | worker |
| `gate:<credential>:<model>` | string | why a model is not called, as JSON | until then | worker | worker |
| `gates` | sorted set | what follows `gate:` in the names of the two, by the ms until which | until the last of them | worker | doctor |
| `processes` | hash | kind, host and pid to what the process last said of itself | pruned after 1 h | all | gateway, doctor |
| `celery:*` | - | the broker's own | - | Celery | Celery |
"""

ROOT = "{hb}:"

#: The Redis type of each key, by its name up to where it varies.
KINDS = {
    "heartbeat:": "hash",
    "owner:": "set",
    "versions": "string",
    "tokens": "string",
    "due": "zset",
    "open": "zset",
    "unbegun": "zset",
    "open:": "string",
    "waiting:": "set",
    "left:": "set",
    "queues": "set",
    "runs:": "list",
    "runs-bytes:": "string",
    "requested:": "string",
    "finished:": "string",
    "book:": "hash",
    "compiled:": "string",
    "untold": "hash",
    "together": "set",
    "unreadable": "hash",
    "unreadable-config": "hash",
    "feed:": "stream",
    "feed-head:": "hash",
    "cursors:": "hash",
    "names:": "zset",
    "watch": "string",
    "statistics": "hash",
    "usage:": "hash",
    "gate:": "string",
    "gates": "zset",
    "processes": "hash",
}

DUE = ROOT + "due"
OPEN = ROOT + "open"
UNBEGUN = ROOT + "unbegun"
QUEUES = ROOT + "queues"
WAKE = ROOT + "wake"
GATEWAYS = ROOT + "gateways"
UNTOLD = ROOT + "untold"
TOGETHER = ROOT + "together"
UNREADABLE = ROOT + "unreadable"
UNREADABLE_CONFIG = ROOT + "unreadable-config"
GATES = ROOT + "gates"
VERSIONS = ROOT + "versions"
WATCH = ROOT + "watch"
STATISTICS = ROOT + "statistics"
PROCESSES = ROOT + "processes"


def heartbeat(uid: str) -> str:
    """Return the key of a heartbeat's facts."""
    return f"{ROOT}heartbeat:{uid}"


def owned(owner: str) -> str:
    """Return the key of the set of an owner's heartbeats."""
    return f"{ROOT}owner:{owner}"


def open_slot(uid: str) -> str:
    """Return the key of a heartbeat's open slot."""
    return f"{ROOT}open:{uid}"


def waiting(queue: str) -> str:
    """Return the key of the heartbeats whose message waits on a queue."""
    return f"{ROOT}waiting:{queue}"


def runs(uid: str) -> str:
    """Return the key of a heartbeat's run records."""
    return f"{ROOT}runs:{uid}"


def requested(run_id: str) -> str:
    """Return the key that says a run by hand was opened a moment ago."""
    return f"{ROOT}requested:{run_id}"


def book(uid: str) -> str:
    """Return the key of what is remembered of a heartbeat's troubles."""
    return f"{ROOT}book:{uid}"


def compiled(uid: str) -> str:
    """Return the key of the rules that a model has made of a heartbeat's items."""
    return f"{ROOT}compiled:{uid}"


def feed(owner: str) -> str:
    """Return the key of an owner's feed."""
    return f"{ROOT}feed:{owner}"


def feed_head(owner: str) -> str:
    """Return the key of where an owner's feed ends."""
    return f"{ROOT}feed-head:{owner}"


def push(owner: str) -> str:
    """Return the channel of an owner's feed."""
    return f"{ROOT}push:{owner}"


def cursors(owner: str) -> str:
    """Return the key of the cursors of an owner's named clients."""
    return f"{ROOT}cursors:{owner}"


def names(owner: str) -> str:
    """Return the key of the numbers of an owner's named clients."""
    return f"{ROOT}names:{owner}"


def usage(whose: str) -> str:
    """Return the key of a UTC day: `<day>` of the fleet, `<day>:<owner>` of an owner."""
    return f"{ROOT}usage:{whose}"


def gate(whose: str) -> str:
    """Return the key that is there while `<credential>` or `<credential>:<model>` rests."""
    return f"{ROOT}gate:{whose}"
