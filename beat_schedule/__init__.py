"""Celery beat whose schedule is the ledger of slots in Redis.

`app` wires it, `scheduler` is what Celery drives, `dispatch` decides, `publisher` puts
messages on queues. Any number of beats run at once; none leads.
"""
