"""How the text of an environment variable becomes a setting's value."""

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from heartbeat.errors import InvalidInput
from heartbeat.hours import parse_zone

#: Scheme, host and port as the Origin header has them: no path, no slash at the end.
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s?#]+")
_REDIS_SCHEMES = {"redis", "rediss"}
_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


def _switch(value: object) -> object:
    if isinstance(value, str):
        word = value.strip().lower()
        if word in _TRUE | _FALSE:
            return word in _TRUE
        raise ValueError("expected one of 1, 0, true, false, yes, no, on, off")
    return value


def _words(value: object) -> object:
    if isinstance(value, str):
        return tuple(word.strip() for word in value.split(",") if word.strip())
    return value


def _redis_url(secret: SecretStr) -> SecretStr:
    """Refuse what no client could connect to; the value itself is never shown."""
    try:
        url = urlsplit(secret.get_secret_value())
        is_usable = (
            url.scheme in _REDIS_SCHEMES
            and bool(url.hostname)
            and url.port != 0
            and re.fullmatch(r"/?|/\d{1,5}", url.path) is not None
        )
    except ValueError:  # the port is no number, or too large a one
        is_usable = False
    if not is_usable:
        raise ValueError("expected a URL such as redis://host:6379/0, or rediss://")
    return secret


def _zone(name: str) -> str:
    try:
        parse_zone(name)
    except InvalidInput:
        raise ValueError("expected an IANA time zone such as 'Europe/Berlin'") from None
    return name


def _origins(origins: tuple[str, ...]) -> tuple[str, ...]:
    if not all(map(_ORIGIN.fullmatch, origins)):
        raise ValueError(
            "expected origins as a browser sends them, without a path,"
            " such as https://ops.example or http://localhost:3000"
        )
    return origins


RedisUrl = Annotated[SecretStr, AfterValidator(_redis_url)]
Switch = Annotated[bool, BeforeValidator(_switch)]
Zone = Annotated[str, AfterValidator(_zone)]
Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Origins = Annotated[Words, AfterValidator(_origins)]
Paths = Annotated[tuple[Path, ...], BeforeValidator(_words)]
Dollars = Annotated[float, Field(ge=0, le=1e9)]
