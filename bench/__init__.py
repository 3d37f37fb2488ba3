"""Measures the system against named rivals, in one run on one machine.

`dispatch` has beat against RedBeat, `worker` a worker against one that only sleeps,
`latency` an alert's whole way against a bare PUBLISH. Absolute figures depend on the
machine; the ratios do not, or less.
"""
