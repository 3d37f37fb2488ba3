"""The tools that look at other machines."""

from heartbeat.tool_schema import Argument, Field, Tool, Unit

NETWORK_TOOLS = (
    Tool(
        name="dns",
        about="Whether a name exists, and at which addresses.",
        arguments=(Argument(name="host", about="a host name"),),
        fields=(
            Field(name="found", unit=Unit.BOOLEAN, about="whether it has an address"),
            Field(name="count", unit=Unit.NUMBER, about="how many addresses"),
            Field(name="addresses", unit=Unit.TEXT, about="sorted, between spaces"),
        ),
    ),
    Tool(
        name="http",
        about="GET a URL and say how it answered.",
        arguments=(Argument(name="url", about="an http:// or https:// URL"),),
        fields=(
            Field(name="status", unit=Unit.NUMBER, about="status code"),
            Field(name="latency_ms", unit=Unit.MILLISECONDS, about="to the body's end"),
            Field(name="body", unit=Unit.TEXT, about="its first 256 KiB as text"),
        ),
        open_prefix="json.",
    ),
    Tool(
        name="redis",
        about="A key of a Redis or Valkey server: a queue and how long it is.",
        arguments=(
            Argument(name="server", about="host:port or redis://host:port/database"),
            Argument(name="key", about="the exact key"),
        ),
        fields=(
            Field(name="exists", unit=Unit.BOOLEAN, about="whether it is there"),
            Field(name="type", unit=Unit.TEXT, about="`list`, `stream`, `zset` …"),
            Field(name="length", unit=Unit.NUMBER, about="0 for one not there"),
        ),
    ),
    Tool(
        name="redis_info",
        about="What a Redis or Valkey server says of itself.",
        arguments=(Argument(name="server", about="host:port or redis://host:port"),),
        fields=(Field(name="answers", unit=Unit.BOOLEAN, about="whether it answered"),),
        open_prefix="info.",
    ),
    Tool(
        name="tcp",
        about="Whether a TCP port accepts a connection.",
        arguments=(
            Argument(name="host", about="a host name or address"),
            Argument(name="port", about="1 to 65535"),
        ),
        fields=(
            Field(name="open", unit=Unit.BOOLEAN, about="whether it accepted"),
            Field(name="latency_ms", unit=Unit.MILLISECONDS, about="until it did"),
        ),
    ),
    Tool(
        name="tls",
        about="Whether a server's certificate is valid, and for how long.",
        arguments=(
            Argument(name="host", about="a host name or address"),
            Argument(name="port", about="1 to 65535, mostly 443"),
        ),
        fields=(
            Field(name="valid", unit=Unit.BOOLEAN, about="trusted, in time, its name"),
            Field(name="days_left", unit=Unit.NUMBER, about="below 0 once expired"),
            Field(name="subject", unit=Unit.TEXT, about="whom it names"),
            Field(name="issuer", unit=Unit.TEXT, about="who signed it"),
        ),
    ),
)
