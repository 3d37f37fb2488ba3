"""The only package that imports redis: where heartbeats, slots and feeds are kept.

`server` speaks to Redis and runs the scripts of `lua/`; `heartbeats` keeps configs,
`slots` is beat's side of the ledger and `runs` the worker's; `books` keeps troubles,
`feed` reads what owners are told; `keys` describes every key.
"""
