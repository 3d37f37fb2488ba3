"""Keys that have another type than theirs: no command finds its way past them."""

import logging
from collections.abc import Callable
from typing import cast

from heartbeat.store import keys

logger = logging.getLogger(__name__)

#: Keys looked at in one step: a few milliseconds of the server.
LOOKED_AT_ONCE = 500


def mend(run: Callable[..., object]) -> list[str]:
    """Put right all such keys, and return them; `run` runs a script by name.

    Their content was overwritten by whoever gave them that type. What leads to other
    keys is filled again from them, and nothing is left out in silence: see `mend.lua`.
    """
    kinds = [part for pair in keys.KINDS.items() for part in pair]
    cursor, mended = "0", list[str]()
    while True:
        answer = run("mend", "", cursor, LOOKED_AT_ONCE, *kinds)
        cursor, found = cast(tuple[str, list[str]], answer)
        mended += found
        if cursor == "0":
            break
    for key in mended:
        logger.error(
            "%s: expected its own type, got another; what it held is lost",
            key,
            extra={"action": "bad_record"},
        )
    return mended
