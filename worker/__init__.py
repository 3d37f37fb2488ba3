"""Runs one heartbeat: reads its checklist, probes, asks the model, settles the run.

`app` wires it, `tasks` is what Celery calls, `execution` holds the right to run while
`runner` evaluates; `judge` is the model's loop and `tools` what it and probes may use.
"""
