"""Passwords: how they are hashed, checked, and how guessing is slowed down."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from metadata.model.workspace import User

COST, BLOCK, LANES = 2**14, 8, 1
"""scrypt parameters for new hashes: 16 MiB and about 50 ms a check."""
MOST_COST, MOST_BLOCK, MOST_LANES = 2**20, 32, 16
"""A hash that asks for more is refused: it would stall the server."""
FREE_ATTEMPTS = 5
"""Failures in a row that cost nothing but the answer's delay."""
LONGEST_LOCK = 300.0
"""Seconds; the wait doubles with each failure up to this."""


def hash_password(password: str) -> str:
    """The text to put under `users.<name>.password` of workspace.yaml."""
    salt = os.urandom(16)
    digest = _scrypt(password, salt, COST, BLOCK, LANES, 32)
    return f"scrypt${COST}${BLOCK}${LANES}${_text(salt)}${_text(digest)}"


def verify_password(password: str, hashed: str) -> bool:
    """Whether a password is the one that was hashed; a hash that cannot be read never matches.

    >>> verify_password("correct horse", hash_password("correct horse"))
    True
    >>> verify_password("anything", "scrypt$no$such$hash")
    False
    """
    try:
        scheme, cost, block, lanes, salt, digest = hashed.split("$")
        numbers = int(cost), int(block), int(lanes)
        wanted = base64.b64decode(digest, validate=True)
        known_salt = base64.b64decode(salt, validate=True)
    except (ValueError, binascii.Error):
        return False
    within = zip(numbers, (MOST_COST, MOST_BLOCK, MOST_LANES), strict=True)
    if scheme != "scrypt" or len(wanted) < 16 or any(n < 1 or n > most for n, most in within):
        return False
    try:
        given = _scrypt(password, known_salt, *numbers, len(wanted))
    except ValueError:
        return False
    return hmac.compare_digest(given, wanted)


@dataclass
class Doorman:
    """Checks names and passwords; each name and address that fails often has to wait.

    Attributes:
        users: people by name, from workspace.yaml.
        clock: seconds, ever growing; tests bring their own.
    """

    users: Mapping[str, User]
    clock: Callable[[], float] = time.monotonic
    _failures: dict[str, tuple[int, float]] = field(default_factory=dict)

    def check(self, name: str, password: str, address: str) -> bool:
        """Whether this is the person; takes as long for an unknown name as for a wrong password."""
        user = self.users.get(name)
        right = verify_password(password, user.password if user else _NOBODY)
        granted = right and user is not None
        for whom in self._watched(name, address):
            if granted:
                self._failures.pop(whom, None)
            else:
                count, _ = self._failures.get(whom, (0, 0.0))
                self._failures[whom] = (count + 1, self.clock())
        if len(self._failures) > 10_000:
            self._forget()
        return granted

    def wait(self, name: str, address: str) -> float:
        """Seconds until another attempt is listened to; 0 when it may be made now."""
        return max(self._wait_of(whom) for whom in self._watched(name, address))

    def _wait_of(self, whom: str) -> float:
        count, last = self._failures.get(whom, (0, 0.0))
        if count < FREE_ATTEMPTS:
            return 0.0
        lock = min(LONGEST_LOCK, 2.0 ** (count - FREE_ATTEMPTS + 1))
        return max(0.0, last + lock - self.clock())

    def _watched(self, name: str, address: str) -> tuple[str, str]:
        # Together, so that a stranger elsewhere cannot lock a person out by failing on purpose;
        # and the address alone, so that one place cannot walk through all the names.
        return f"{address} {name}", address

    def _forget(self) -> None:
        oldest = self.clock() - LONGEST_LOCK
        self._failures = {w: seen for w, seen in self._failures.items() if seen[1] > oldest}


def _scrypt(password: str, salt: bytes, cost: int, block: int, lanes: int, length: int) -> bytes:
    return hashlib.scrypt(
        password.encode(), salt=salt, n=cost, r=block, p=lanes, dklen=length,
        maxmem=256 * cost * block * lanes,
    )  # fmt: skip


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


_NOBODY = f"scrypt${COST}${BLOCK}${LANES}${_text(b'nobody at all...')}${_text(bytes(32))}"
