"""`heartbeat up`: the whole system on one machine, as child processes of one command.

`plan` says what runs (pure), `supervised` keeps one process alive, `guard` makes it end
with its parent, `readiness` waits, `fleet` has them all, `command` is what is called.
"""
