"""What beat and worker must agree on to meet: task, queues, the broker's options."""

from heartbeat.instants import ms_to_text

#: The one task of this system.
TASK = "run_heartbeat"
#: Queue of heartbeats without a placement; placed ones have `heartbeat.<label>`.
QUEUE = "heartbeat"
#: Prefix of every key that the broker makes, so that all share one primary.
BROKER_PREFIX = "{hb}:celery:"


def queue_for(run_on: str | None) -> str:
    """Return the queue that workers of this label serve."""
    return QUEUE if run_on is None else f"{QUEUE}.{run_on}"


def readable_arguments(uid: str, slot_ms: int) -> str:
    """Return what Flower shows of a run's arguments."""
    return f"({uid} slot {ms_to_text(slot_ms)[:19]}Z)"


def celery_settings(broker_url: str) -> dict[str, object]:
    """Return the Celery configuration of both sides.

    A message is only a hint (the ledger of slots decides), so it is acknowledged early,
    carries no expiry and is never retried by Celery. Socket time-outs keep a publish
    from hanging with a frozen server; `retry_on_timeout` stays unset, since it would
    silently turn batch publishing off. A server that refuses (it is full, or read-only
    after a failover) is waited for as one that is away: else it would end every worker.
    """
    return {
        "broker_url": broker_url,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_channel_error_retry": True,
        "broker_transport_options": {
            "global_keyprefix": BROKER_PREFIX,
            "visibility_timeout": 900,
            "unacked_restore_interval": 10,
            "unacked_restore_throttle": 1,
            "socket_timeout": 10,
            "socket_connect_timeout": 5,
            "socket_keepalive": True,
        },
        "task_default_queue": QUEUE,
        "task_create_missing_queues": True,
        "task_acks_late": False,
        "task_ignore_result": True,
        "task_store_errors_even_if_ignored": False,
        "task_serializer": "json",
        "accept_content": ["json"],
        "enable_utc": True,
        "timezone": "UTC",
        "worker_hijack_root_logger": False,
    }
