"""The Python client: alerts that resume where they broke off, and typed requests.

    async with heartbeat.client.connect("ws://127.0.0.1:8765/ws") as client:
        await client.configure("HEARTBEAT.md", interval=30)
        async for message in client.alerts():
            ...

`client` has what is called; `connection` keeps a socket alive around pure decisions
(`position`, `retrying`, `acks`). Nothing here reads the environment.
"""

from heartbeat.client.calls import ConfigureFields
from heartbeat.client.client import Client, connect
from heartbeat.client.inbox import Message
from heartbeat.client.retrying import BackOff

__all__ = ["BackOff", "Client", "ConfigureFields", "Message", "connect"]
