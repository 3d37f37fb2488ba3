"""Is a tool call one that the catalogue allows? The same for a checklist and a model.

Checks form only: what a host name resolves to, and whether a path may be read, is
decided where the call is made.
"""

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from heartbeat.errors import InvalidProbe
from heartbeat.phrases import did_you_mean, shown
from heartbeat.tools import CATALOGUE, Tool, ToolCall


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


def _check_host(value: str) -> None:
    _check_text(value)
    if set(value) & set(" /@?#"):
        raise ValueError(f"expected a host name or address, got {shown(value)}")


def _check_port(value: str) -> None:
    if not (value.isascii() and value.isdecimal() and 1 <= int(value[:6]) <= 65535):
        raise ValueError(f"expected a port, 1 to 65535, got {shown(value)}")


#: By the name of the argument; each raises ValueError.
_CHECKS: Mapping[str, Callable[[str], None]] = {
    "path": _check_text,
    "url": _check_url,
    "name": _check_text,
    "host": _check_host,
    "port": _check_port,
}
