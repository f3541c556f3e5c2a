"""Two families of failure: what a user can mend (`UserError`), what we must (`InternalError`).

Every user-facing problem is an `Issue`: what is wrong, where, why, and the way out.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Location:
    """A place in a file; `line` and `column` count from 1, `line` 0 means the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True)
class Issue:
    """One problem in four parts; `why` and `fix` may be empty when `what` already says it all."""

    what: str
    where: Location | None = None
    why: str = ""
    fix: str = ""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        rest = "".join(f"\n    {part}" for part in (self.why, self.fix) if part)
        return f"{place}{self.what}{rest}"

    def as_dict(self) -> dict[str, str | int | None]:
        """The issue as flat JSON-ready values, for `--format json` and the API."""
        return {
            "what": self.what,
            "file": self.where.file if self.where else None,
            "line": self.where.line if self.where else None,
            "column": self.where.column if self.where else None,
            "why": self.why,
            "fix": self.fix,
        }


class RapportError(Exception):
    """Root of every error this product raises on purpose."""


class UserError(RapportError):
    """Something the user can mend; shown as one message, never as a traceback. Exit status 1."""

    def __init__(
        self, what: str, *, where: Location | None = None, why: str = "", fix: str = ""
    ) -> None:
        self.issues: tuple[Issue, ...] = (Issue(what, where, why, fix),)
        super().__init__(str(self.issues[0]))


class MetadataError(UserError):
    """All the problems found in a workspace's definitions, in order of file and line."""

    def __init__(self, issues: Sequence[Issue]) -> None:
        ordered = sorted(issues, key=lambda i: (i.where or Location(""), i.what))
        super().__init__(ordered[0].what)
        self.issues = tuple(ordered)
        self.args = ("\n".join(str(issue) for issue in ordered),)


class InternalError(RapportError):
    """A defect of ours. Exit status 2."""


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """A suggestion sentence for a misspelt name, or the list of choices when there are few.

    >>> did_you_mean("custmer", ["customer", "product"])
    "Did you mean 'customer'?"
    >>> did_you_mean("x", ["a", "b"])
    'Known names: a, b.'
    >>> did_you_mean("x", [])
    ''
    """
    known = sorted(set(candidates))
    close = difflib.get_close_matches(name, known, n=2, cutoff=0.6)
    if close:
        return "Did you mean " + " or ".join(f"'{match}'" for match in close) + "?"
    if known and len(known) <= 40:
        return "Known names: " + ", ".join(known) + "."
    return ""
