"""The tools that look at the machine they run on."""

from heartbeat.tool_schema import Argument, Field, Tool, Unit

HOST_TOOLS = (
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
