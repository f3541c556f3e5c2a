"""What drivers of databases say when something fails, in words that a person can act on."""

from __future__ import annotations

import re

from metadata.errors import Location, UserError

_REACH = ("connect", "refused", "timed out", "timeout", "resolve", "unknown mysql server",
          "name or service", "unreachable", "unknown database")  # fmt: skip
_NO_DATABASE = re.compile(r"database \S+ does not exist")


class SourceFailed(UserError):
    """The source could not be reached or read; another attempt may do better."""


def explained(reason: str, shown: str, address: Location, where: Location) -> UserError:
    """What a driver's message means to whoever has to mend it.

    Args:
        reason: the message, without passwords.
        shown: the address of the source as it may be shown.
        address: the place of the address in the source's file.
        where: the place of what was to be read.
    """
    folded = reason.lower()
    if any(w in folded for w in ("password", "authentication", "access denied", "role ")):
        return UserError(
            "The source refused the sign-in.",
            where=address,
            why=f"{shown}: {reason}",
            fix="Check the user and the password in the environment.",
        )
    if any(words in folded for words in _REACH) or _NO_DATABASE.search(folded):
        return SourceFailed(
            "The source cannot be reached.",
            where=address,
            why=f"{shown}: {reason}",
            fix="Check that the server runs, and the host, port and database of the address.",
        )
    return SourceFailed(
        "The source could not be read.",
        where=where,
        why=f"{shown}: {reason}",
        fix="Check the table's settings against the source.",
    )
