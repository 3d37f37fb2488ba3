"""Networks that do as they are told, in place of the system's."""

import socket
import threading
from collections.abc import Mapping, Sequence

from worker.tools.addresses import Address

Answer = Sequence[str] | socket.gaierror


class ScriptedNetwork:
    """Answers each look-up of a name with the next of its answers, the last for ever.

    Every address has a route but those given as unrouted.
    """

    def __init__(
        self,
        answers: Mapping[str, Sequence[Answer]] | None = None,
        *,
        unrouted: Sequence[str] = (),
    ) -> None:
        self._answers = {name: list(each) for name, each in (answers or {}).items()}
        self._unrouted = unrouted
        self.asked: list[str] = []

    def look_up(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        answers = self._answers.get(host)
        if answers is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, socket.gaierror):
            raise answer
        return answer

    def has_route(self, address: Address, port: int) -> bool:
        return str(address) not in self._unrouted


class HangingNetwork(ScriptedNetwork):
    """Has a resolver that says when it was asked and answers when it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.was_asked = threading.Event()
        self.released = threading.Event()

    def look_up(self, host: str, port: int) -> Sequence[str]:
        self.was_asked.set()
        self.released.wait(timeout=10)
        return []
