"""Which browser pages may open a socket: an exact list, loopback not excepted."""

from collections.abc import Sequence


def is_origin_allowed(origins: Sequence[str], allowed: Sequence[str]) -> bool:
    """Decide from the request's Origin headers.

    None: not a browser, so no page can abuse its user's network. `null` (a sandboxed
    frame, a file) names nobody and is refused even where it was listed.
    """
    if not origins:
        return True
    return len(origins) == 1 and origins[0] != "null" and origins[0] in allowed
