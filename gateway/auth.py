"""Who a client is: tokens of a file, and the gate that every login passes."""

import hmac
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self

from gateway.limits import Failures
from heartbeat.errors import InvalidSettings
from heartbeat.owners import LOCAL_OWNER

_LOG = logging.getLogger(__name__)
_DIGEST = re.compile(r"[0-9a-f]{64}")
_OWNER = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Tokens:
    """The owners by the SHA-256 of their tokens; the tokens themselves are nowhere."""

    def __init__(self, owners: Mapping[str, str]) -> None:
        self._owners = dict(owners)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read lines `sha256hex owner`; `#` begins a comment. Raises InvalidSettings.

        A message shows the line's number and never its digest.
        """
        owners: dict[str, str] = {}
        for number, line in enumerate(text.splitlines(), 1):
            words = line.split("#", 1)[0].split()
            if not words:
                continue
            if len(words) != 2 or not _DIGEST.fullmatch(words[0].lower()):
                raise InvalidSettings(
                    f"tokens file, line {number}: expected the SHA-256 of a token in"
                    f" 64 hex digits and an owner, got {len(words)} word(s)"
                )
            if not _OWNER.fullmatch(words[1]):
                raise InvalidSettings(
                    f"tokens file, line {number}: expected an owner of 1 to 64 letters,"
                    f" digits, '_' or '-', got {words[1]!r}"
                )
            owners[words[0].lower()] = words[1]
        return cls(owners)

    def find(self, token: str) -> "Login | None":
        """Return whose token this is; the time taken does not tell how near it was."""
        digest = sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
        found = None
        for known, owner in self._owners.items():
            if hmac.compare_digest(known, digest):
                found = Login(owner=owner, digest=digest)
        return found

    def has(self, login: "Login") -> bool:
        """Say whether a login still holds."""
        return self._owners.get(login.digest) == login.owner


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A client that has shown who it is; the digest tells later if that still holds."""

    owner: str
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """A login that failed; blocked: too many of its address had failed before."""

    blocked: bool


class Gate:
    """Decide every login; without tokens everybody is the owner `local`."""

    def __init__(
        self,
        tokens: Tokens | None,
        failures: Failures,
        *,
        on_failure: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`on_failure` hears the address of each failure that is counted."""
        self.tokens = tokens
        self._failures, self._on_failure = failures, on_failure

    @property
    def is_open(self) -> bool:
        """Say whether no token is needed."""
        return self.tokens is None

    def login(self, token: str | None, address: str, now: float) -> Login | Refused:
        """Decide one login of an address; failures count, whatever their kind.

        A right token always gets in: behind a proxy or a NAT the address is shared, and
        whoever fails there must not keep the others from their alerts. What keeps a
        token from being guessed is its length.
        """
        if self.tokens is None:
            return Login(owner=LOCAL_OWNER)
        login = self.tokens.find(token or "")
        if login is not None:
            return login
        if self._failures.is_blocked(address, now):
            return Refused(blocked=True)
        self._failures.add(address, now)
        self._on_failure(address)
        return Refused(blocked=False)

    def is_blocked(self, token: str, address: str, now: float) -> bool:
        """Say whether a login would be refused for those before it; counts nothing."""
        if self.tokens is None or not self._failures.is_blocked(address, now):
            return False
        return self.tokens.find(token) is None

    def holds(self, login: Login) -> bool:
        """Say whether a login would succeed again."""
        return self.tokens is None or self.tokens.has(login)


#: What tells one state of a file from another: time of change, size, inode.
_Facts = tuple[int, int, int]


class TokensFile:
    """The file of tokens, read again when it has changed and then held still.

    A file that is being written has lost owners for a moment, and a client that is
    closed for a token withdrawn does not come back.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: _Facts | None = None
        self._changing: _Facts | None = None

    def read(self) -> Tokens:
        """Read the file as it is; raises InvalidSettings."""
        self._seen = self._facts()
        return self._parsed()

    def read_if_changed(self) -> Tokens | None:
        """Return new tokens, or None; a broken file changes nothing and is logged.

        A change is believed when two calls in a row, and the end of reading, find the
        same of it.
        """
        facts, before = self._facts(), self._changing
        self._changing = facts
        if facts == self._seen or facts != before:
            return None
        tokens = problem = None
        try:
            tokens = self._parsed()
        except InvalidSettings as error:
            problem = error
        if self._facts() != facts:
            return None
        self._seen = facts
        if problem is not None:
            _LOG.error(
                "tokens file not read, the known tokens stay: %s",
                problem,
                extra={"action": "tokens_kept"},
            )
        return tokens

    def _parsed(self) -> Tokens:
        try:
            text = self._path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidSettings(
                "HEARTBEAT_TOKENS_FILE: expected a readable text file,"
                f" got {str(self._path)!r}: {error}"
            ) from error
        return Tokens.parse(text)

    def _facts(self) -> _Facts | None:
        try:
            facts = self._path.stat()
        except OSError:
            return None
        return facts.st_mtime_ns, facts.st_size, facts.st_ino
