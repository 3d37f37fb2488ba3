"""How many entries of a feed are worth asking for at once."""


class PageSize:
    """Twice as many as fitted into the page before, up to a most.

    Whoever asks for many large ones again and again reads most of them in vain.
    """

    def __init__(self, most: int) -> None:
        self._most = self._fits = most
        self._asked = most

    def within(self, room: int) -> int:
        """Return how many to ask for, of as many as there is room for."""
        self._asked = min(self._fits, room)
        return self._asked

    def learn(self, sent: int, *, of: int) -> None:
        """Take how many were sent of those that were read."""
        if sent < of:
            self._fits = min(self._most, 2 * sent)
        elif sent == self._asked:
            self._fits = min(self._most, max(self._fits, 2 * sent))
