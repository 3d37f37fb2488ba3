"""Runs one heartbeat: reads its checklist, probes, asks the model, settles the run.

`app` wires it, `tasks` is what Celery calls, and `consumer` mends how Celery consumes.
`execution` holds the right to run (`lease`) while `runner` evaluates, `items` judges
and `settling` says what it means; `judge` is the model's loop within its `budget`, and
`tools` what it and probes may use.
"""
