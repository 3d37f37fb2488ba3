"""The tools that look at the machine they run on."""

from heartbeat.tool_schema import Argument, Field, Tool, Unit

HOST_TOOLS = (
    Tool(
        name="command",
        about="How a command that the operator has set up ends, and what it says.",
        arguments=(Argument(name="name", about="its name; it takes no arguments"),),
        fields=(
            Field(name="exit_code", unit=Unit.NUMBER, about="0 is mostly well"),
            Field(name="stdout", unit=Unit.TEXT, about="its first 64 KiB of output"),
        ),
        host_bound=True,
    ),
    Tool(
        name="disk",
        about="How full the file system that holds a path is.",
        arguments=(Argument(name="path", about="an absolute path"),),
        fields=(
            Field(name="used_percent", unit=Unit.PERCENT, about="share in use"),
            Field(name="free_bytes", unit=Unit.BYTES, about="free for ordinary users"),
            Field(name="total_bytes", unit=Unit.BYTES, about="size"),
        ),
        host_bound=True,
    ),
    Tool(
        name="file",
        about="Whether a file or folder exists, how large and how old it is.",
        arguments=(Argument(name="path", about="a path, or one relative to the list"),),
        fields=(
            Field(name="exists", unit=Unit.BOOLEAN, about="whether it is there"),
            Field(name="size_bytes", unit=Unit.BYTES, about="size of a file"),
            Field(name="age", unit=Unit.SECONDS, about="time since last change"),
        ),
        host_bound=True,
    ),
    Tool(
        name="json",
        about="A value in a JSON document, at a URL or in a file.",
        arguments=(
            Argument(name="source", about="an http(s) URL, or a path as `file` has it"),
            Argument(name="key", about="like `checks.0.status`; `.` is all of it"),
        ),
        fields=(
            Field(name="found", unit=Unit.BOOLEAN, about="whether it has that key"),
            Field(name="value", unit=Unit.ANY, about="a number, true or false, text"),
            Field(name="length", unit=Unit.NUMBER, about="of a list or an object"),
        ),
        host_bound=True,
    ),
    Tool(
        name="load",
        about="How busy the processors are.",
        fields=(
            Field(name="load1", unit=Unit.NUMBER, about="average over 1 minute"),
            Field(name="load5", unit=Unit.NUMBER, about="average over 5 minutes"),
            Field(name="load15", unit=Unit.NUMBER, about="average over 15 minutes"),
            Field(name="per_cpu", unit=Unit.NUMBER, about="load1 for each processor"),
        ),
        host_bound=True,
    ),
    Tool(
        name="log",
        about="How many of a log's last lines match a pattern.",
        arguments=(
            Argument(name="path", about="a path, or one relative to the list"),
            Argument(name="pattern", about="an RE2 pattern, `ERROR|FATAL`"),
            Argument(name="window", about="`10m` by the lines' times, or `500lines`"),
        ),
        fields=(
            Field(name="exists", unit=Unit.BOOLEAN, about="whether it is there"),
            Field(name="lines", unit=Unit.NUMBER, about="lines in the window"),
            Field(name="matches", unit=Unit.NUMBER, about="those that match"),
            Field(name="last", unit=Unit.TEXT, about="the last one that matches"),
        ),
        host_bound=True,
    ),
    Tool(
        name="memory",
        about="How full the memory is.",
        fields=(
            Field(name="used_percent", unit=Unit.PERCENT, about="not available"),
            Field(name="available_bytes", unit=Unit.BYTES, about="available at once"),
            Field(name="swap_used_percent", unit=Unit.PERCENT, about="swap in use"),
        ),
        host_bound=True,
    ),
    Tool(
        name="process",
        about="How many processes of that name run.",
        arguments=(Argument(name="name", about="the exact name, as `ps -e` has it"),),
        fields=(
            Field(name="count", unit=Unit.NUMBER, about="how many"),
            Field(name="rss_bytes", unit=Unit.BYTES, about="their resident memory"),
        ),
        host_bound=True,
    ),
)
