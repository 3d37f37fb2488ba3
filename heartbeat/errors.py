"""Every error that this project raises on purpose, in one tree.

HeartbeatError
├── InvalidInput            what came is not what was expected; a person must change it
│   ├── InvalidMessage      a frame on the socket
│   ├── InvalidConfig       a value of a heartbeat's configuration
│   ├── InvalidSchedule     interval, cron, time zone, active hours
│   ├── InvalidModel        a model id that cannot work
│   ├── InvalidChecklist    the text of a HEARTBEAT.md, with its line
│   ├── InvalidFrontMatter  the YAML at its head
│   ├── InvalidProbe        a `- probe:` line or a tool's arguments
│   └── InvalidSettings     the process's own settings
├── ChecklistUnavailable    the file cannot be used: missing, outside, too large …
├── NotFound                no such heartbeat (or not this owner's)
├── Busy                    a run is open already
├── LimitReached            a named limit would be exceeded
│   └── RateLimited         too much in too short a time
├── Unauthorized            who it is, or what it may do
├── Unsupported             understood, and not offered
├── GatewayError            between a client and its gateway
│   ├── GatewayUnavailable  cannot be reached, broke off, did not answer; will heal
│   ├── RequestRefused      it answered with an error, whose code this one carries
│   └── ConnectionReplaced  another connection took the client id
└── StoreError              Redis did not do it
    ├── StoreUnavailable    cannot be reached, loading, read-only; will heal
    ├── StoreFull           refuses writes: out of memory or disk
    └── BadRecord           a stored record cannot be read
"""


class HeartbeatError(Exception):
    """Root of the tree.

    `code` is stable: it goes over the wire and into logs. `retryable` says whether
    the same call may succeed later without anybody changing anything.
    """

    code = "internal"
    retryable = False


class InvalidInput(HeartbeatError):
    """Raised when what came is not what was expected."""

    code = "invalid_input"


class InvalidMessage(InvalidInput):
    """Raised when a frame on the socket is not a message of the protocol."""

    code = "invalid_message"


class InvalidConfig(InvalidInput):
    """Raised when a value of a heartbeat's configuration cannot be used."""

    code = "invalid_config"


class InvalidSchedule(InvalidConfig):
    """Raised when interval, cron expression, time zone or active hours are wrong."""

    code = "invalid_schedule"


class InvalidModel(InvalidConfig):
    """Raised when a model id never existed, is retired or names no provider."""

    code = "invalid_model"


class InvalidChecklist(InvalidInput):
    """Raised when a checklist's text cannot be used; says the line where it can."""

    code = "invalid_checklist"

    def __init__(self, message: str, *, line: int | None = None) -> None:
        super().__init__(f"line {line}: {message}" if line is not None else message)
        self.line = line


class InvalidFrontMatter(InvalidChecklist):
    """Raised when the YAML at the head of a checklist is broken or has bad values."""

    code = "invalid_front_matter"


class InvalidProbe(InvalidChecklist):
    """Raised when a `- probe:` line, or a tool call, does not fit the catalogue."""

    code = "invalid_probe"


class InvalidSettings(InvalidInput):
    """Raised when a process's settings are wrong; names the variable."""

    code = "invalid_settings"


class ChecklistUnavailable(HeartbeatError):
    """Raised when the checklist file cannot be used; `reason` is the stable cause."""

    code = "checklist_unavailable"

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class NotFound(HeartbeatError):
    """Raised when this owner has no such heartbeat or item."""

    code = "not_found"


class Busy(HeartbeatError):
    """Raised when a run is asked for while one is open."""

    code = "busy"
    retryable = True


class LimitReached(HeartbeatError):
    """Raised when a named limit would be exceeded; the message names it."""

    code = "limit_reached"


class RateLimited(LimitReached):
    """Raised when something is asked for too often; later it may succeed."""

    code = "rate_limited"
    retryable = True


class Unauthorized(HeartbeatError):
    """Raised when a client has not shown who it is."""

    code = "unauthorized"


class Unsupported(HeartbeatError):
    """Raised when a request is understood and this system does not offer it."""

    code = "unsupported"


class GatewayError(HeartbeatError):
    """Raised when a client and its gateway do not come together."""

    code = "gateway_error"


class GatewayUnavailable(GatewayError):
    """Raised when the gateway cannot be reached, broke off or did not answer."""

    code = "gateway_unavailable"
    retryable = True


class RequestRefused(GatewayError):
    """Raised when the gateway answers with an error; has that error's own code."""

    def __init__(self, message: str, *, code: str, retryable: bool) -> None:
        super().__init__(message)
        self.code = code
        self.retryable = retryable


class ConnectionReplaced(GatewayError):
    """Raised when a newer connection with the same client id took over."""

    code = "connection_replaced"


class StoreError(HeartbeatError):
    """Raised when Redis did not do what was asked."""

    code = "store_error"


class StoreUnavailable(StoreError):
    """Raised when Redis cannot be reached or will not serve now; it heals."""

    code = "store_unavailable"
    retryable = True


class StoreFull(StoreError):
    """Raised when Redis refuses to write: out of memory or disk."""

    code = "store_full"
    retryable = True


class BadRecord(StoreError):
    """Raised when a stored record cannot be read; names the key."""

    code = "bad_record"
