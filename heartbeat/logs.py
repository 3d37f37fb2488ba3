"""How a service logs: one line an event, with time and level, on stderr or in a file.

Knows only the standard library; each service calls it where it starts.
"""

import logging

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"

#: Loggers of this project, by package.
OURS = ("beat_schedule", "gateway", "heartbeat", "worker")


def configure_logging(level: int, *, file: str | None = None) -> None:
    """Log everything from `level` on, and from this project's code INFO too.

    Celery's own default, WARNING, would hide what an operator counts: each run. Whoever
    asks for less than warnings gets less from everybody.
    """
    handler = logging.FileHandler(file) if file else logging.StreamHandler()
    handler.setFormatter(logging.Formatter(FORMAT))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level)
    ours = level if level > logging.WARNING else min(level, logging.INFO)
    for name in OURS:
        logging.getLogger(name).setLevel(ours)
