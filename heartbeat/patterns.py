"""Patterns that are searched in linear time, whoever wrote the pattern or the text."""

import re2

from heartbeat.phrases import shown


class Pattern:
    """An RE2 pattern. Raises ValueError for a text that is none."""

    def __init__(self, text: str) -> None:
        options = re2.Options()
        options.log_errors = False
        try:
            self._compiled = re2.compile(text, options)
        except (re2.error, UnicodeEncodeError) as error:
            reason = error.args[0]
            why = (
                reason.decode("utf-8", "replace")
                if isinstance(reason, bytes)
                else reason
            )
            raise ValueError(
                f"expected an RE2 pattern, got {shown(text)} ({why})"
            ) from error

    def is_in(self, text: str | bytes) -> bool:
        """Say whether it is found anywhere in the text; bytes are read as UTF-8."""
        if isinstance(text, str):
            # Output decoded leniently may hold lone surrogates, which re2 cannot
            # encode.
            text = text.encode("utf-8", "replace")
        return self._compiled.search(text) is not None
