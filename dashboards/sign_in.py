"""Who may come in: names and passwords are checked, and guessing is slowed down."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from metadata.model.workspace import User
from metadata.passwords import hash_password, verify_password

FREE_ATTEMPTS = 5
"""Failures in a row that cost nothing but the answer's delay."""
LONGEST_LOCK = 300.0
"""Seconds; the wait doubles with each failure up to this."""


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


_NOBODY = hash_password("whoever is not a user")
"""Compared with when a name is unknown, so that the answer takes just as long."""
