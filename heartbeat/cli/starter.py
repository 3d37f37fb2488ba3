"""The text of `heartbeat init`."""

STARTER = """\
---
# How often this checklist is judged, in minutes. Or instead:
# cronExpression: "*/10 8-18 * * 1-5"
interval: 30

# Only at these hours (remove the # to use it):
# timezone: Europe/Berlin
# activeHours: {start: "08:00", end: "22:00", daysOfWeek: [1, 2, 3, 4, 5]}

# "changes" tells trouble once, and again after repeatMinutes; "every-run" each time.
notify: changes
repeatMinutes: 240
---

# Heartbeat

Each `- [ ]` line is one item. `- [x]` turns an item off.

## This machine

- [ ] The disk has room left
  - probe: disk / used_percent < 90%

- [ ] Memory is not used up
  - probe: memory used_percent < 95%

- [ ] The machine is not overloaded
  - probe: load per_cpu < 4

<!--
Probes are judged by rule, without a model. More of them:

- [ ] The shop answers quickly
  - probe: http https://example.com/health status == 200
  - probe: http https://example.com/health latency_ms < 800ms

- [ ] The database accepts connections
  - probe: tcp 127.0.0.1 5432 open == true

- [ ] Last night's backup is there
  - probe: file /var/backups/latest.tar.gz age < 26h

An item without a condition is judged by a model, if ANTHROPIC_API_KEY is set;
notes below an item tell it what matters:

- [ ] The front page shows no error
  - probe: http https://example.com/
  - An empty list of offers is an error too.
-->
"""
