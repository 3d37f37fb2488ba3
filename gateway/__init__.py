"""Sockets in, sockets out: the one door for clients, without model and without Celery.

`__main__` wires, `server` listens, `connection` is one socket; what is decided is
decided in `session`, `delivery`, `hub` and `auth`, which know no socket and no clock.
"""
