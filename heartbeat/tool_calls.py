"""Is a tool call one that the catalogue allows? The same for a checklist and a model.

Checks form only: what a host name resolves to, and whether a path may be read, is
decided where the call is made.
"""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from heartbeat.errors import InvalidProbe
from heartbeat.patterns import Pattern
from heartbeat.phrases import did_you_mean, shown
from heartbeat.tool_arguments import is_url, parse_redis_server, parse_window
from heartbeat.tools import CATALOGUE, Tool, ToolCall

#: Tools that open what their first argument names, where it is no URL.
_CONTAINED = frozenset({"file", "json", "log"})


def check_call(call: ToolCall, *, line: int | None = None) -> Tool:
    """Return the tool that is called. Raises InvalidProbe with the given line."""
    tool = CATALOGUE.get(call.tool)
    if tool is None:
        raise InvalidProbe(
            f"expected a tool, one of {', '.join(CATALOGUE)}; got {shown(call.tool)}"
            f"{did_you_mean(call.tool, CATALOGUE)}",
            line=line,
        )
    if len(call.arguments) != len(tool.arguments):
        raise InvalidProbe(_wrong_arity(tool, call.arguments), line=line)
    for argument, value in zip(tool.arguments, call.arguments, strict=True):
        try:
            _CHECKS[argument.name](value)
        except ValueError as error:
            raise InvalidProbe(f"{tool.name}: {error}", line=line) from error
    return tool


def contained_path(call: ToolCall) -> str | None:
    """Return the path of a call that may lie below the root or a read path only.

    For calls that have been checked.
    """
    if call.tool not in _CONTAINED or is_url(call.arguments[0]):
        return None
    return call.arguments[0]


def is_host_bound(call: ToolCall) -> bool:
    """Say whether the answer depends on the machine that asks; that of a URL does not.

    For calls that have been checked.
    """
    tool = CATALOGUE[call.tool]
    return tool.host_bound and not (call.arguments and is_url(call.arguments[0]))


def _wrong_arity(tool: Tool, arguments: tuple[str, ...]) -> str:
    names = " ".join(f"<{argument.name}>" for argument in tool.arguments)
    usage = f"{tool.name} {names}".rstrip()
    return (
        f"expected `{usage}`, got {len(arguments)} arguments: {shown(list(arguments))}"
    )


def _check_text(value: str) -> None:
    if not value.strip() or not value.isprintable():
        raise ValueError(f"expected printable text, got {shown(value)}")


def _check_url(value: str) -> None:
    _check_text(value)
    try:
        url = urlsplit(value)
        host, _ = url.hostname, url.port
    except ValueError as error:
        raise ValueError(f"expected a URL, got {shown(value)} ({error})") from error
    if url.username is not None or url.password is not None:
        # The value is left out: it holds a secret.
        raise ValueError(
            f"expected a URL without credentials, got one for {shown(host)}"
        )
    if url.scheme not in ("http", "https") or not host or " " in value:
        raise ValueError(f"expected an http:// or https:// URL, got {shown(value)}")


def _check_source(value: str) -> None:
    if is_url(value):
        _check_url(value)
    else:
        _check_text(value)


def _check_pattern(value: str) -> None:
    _check_text(value)  # an empty one matches every line
    Pattern(value)


def _check_host(value: str) -> None:
    _check_text(value)
    if set(value) & set(" /@?#"):
        raise ValueError(f"expected a host name or address, got {shown(value)}")


def _check_port(value: str) -> None:
    if not (value.isascii() and value.isdecimal() and 1 <= int(value[:6]) <= 65535):
        raise ValueError(f"expected a port, 1 to 65535, got {shown(value)}")


#: By the name of the argument; each raises ValueError.
_CHECKS: Mapping[str, Callable[[str], object]] = {
    "host": _check_host,
    "key": _check_text,
    "name": _check_text,
    "path": _check_text,
    "pattern": _check_pattern,
    "port": _check_port,
    "server": parse_redis_server,
    "source": _check_source,
    "url": _check_url,
    "window": parse_window,
}
