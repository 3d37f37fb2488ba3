"""The executors of the catalogue: read-only looks at this host and at others.

`toolbox` is the way in; `policy` says what may be reached; `egress` is the one gate to
the network. No tool writes, and none starts a shell.
"""
