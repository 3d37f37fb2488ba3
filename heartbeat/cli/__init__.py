"""The command `heartbeat`: one file a topic, `main` maps errors to exit codes.

Only `main` reads the environment and the clock. Services are child processes.
"""
