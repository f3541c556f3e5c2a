"""What a scanned column is like, in the terms that matter for what it may fill."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from metadata.propose.names import Tokens
from metadata.propose.vocabulary import Vocabulary
from metadata.scan import ColumnProfile, Pattern, ScannedColumn, ScannedTable

Form = Literal["text", "whole", "fraction", "date", "moment", "flag", "blob"]
"""What values are, whatever type the source declares: a text of digits is a whole number."""

_MOSTLY = 0.9
_COMMENT = re.compile(r"[\n\r.;:,，。；：、(（\[【]")
_LONGEST_COMMENT = 40
_TECHNICAL = frozenset(("guid", "uuid", "rowguid", "rowversion", "checksum", "hash"))
_BLOBS = re.compile(r"blob|bytea|binary|image|geometry|geography|json|xml", re.IGNORECASE)


@dataclass(frozen=True)
class Known:
    """A scanned column with its name read and its values understood."""

    table: str
    column: ScannedColumn
    tokens: Tokens
    comment: Tokens
    """The first words of its comment, where they are short enough to be a name."""

    @property
    def name(self) -> str:
        """As the source calls it."""
        return self.column.name

    @cached_property
    def profile(self) -> ColumnProfile | None:
        """What its values are like, where they were looked at and there are any."""
        profile = self.column.profile
        return profile if profile and profile.sampled and self.present else None

    @cached_property
    def present(self) -> int:
        """Values among those looked at."""
        profile = self.column.profile
        return profile.sampled - profile.nulls if profile else 0

    @property
    def empty(self) -> bool:
        """Whether rows were looked at and none had a value."""
        profile = self.column.profile
        return bool(profile and profile.sampled and not self.present)

    @property
    def unique(self) -> bool | None:
        """Whether no value occurs twice; None where nothing is known."""
        if self.profile is None or self.present < 2:
            return None
        return self.profile.distinct == self.present

    @property
    def few(self) -> bool | None:
        """Whether the same values come again and again; None where too little is known."""
        if self.profile is None or self.present < 5:
            return None
        return self.profile.distinct <= 60 and self.profile.distinct <= 0.5 * self.present

    @property
    def constant(self) -> bool:
        """Whether all of many rows have the same value."""
        return self.profile is not None and self.profile.distinct == 1 and self.present >= 20

    def share(self, *patterns: Pattern) -> float:
        """Share of the values that look like one of these."""
        if self.profile is None:
            return 0.0
        return max((p.share for p in self.profile.patterns if p.pattern in patterns), default=0.0)

    def format_of(self, *patterns: Pattern) -> str | None:
        """The format of the largest share that looks like one of these."""
        if self.profile is None:
            return None
        fits = (p for p in self.profile.patterns if p.pattern in patterns and p.format)
        return next((p.format for p in fits), None)

    @cached_property
    def form(self) -> Form:
        """What its values are."""
        kind = self.column.type
        if kind == "string":
            return self._form_of_text()
        if kind == "boolean":
            return "flag"
        if kind == "date":
            return "date"
        if kind == "timestamp":
            return "moment"
        if kind == "integer" or kind.endswith(",0)"):
            return "whole"
        return "whole" if kind == "double" and self._is_whole() else "fraction"

    def _is_whole(self) -> bool:
        """Whether fractions are whole numbers that came so because some are missing."""
        if self.profile is None:
            return False
        seen = [value for value, _ in self.profile.top]
        seen += [value for value in (self.profile.minimum, self.profile.maximum) if value]
        return self.share("integer") >= _MOSTLY or all(value.endswith(".0") for value in seen)

    def _form_of_text(self) -> Form:
        if _BLOBS.search(self.column.native_type):
            return "blob"
        if self.share("timestamp") >= _MOSTLY:
            return "moment"
        if self.share("date") >= _MOSTLY and self.share("integer") < _MOSTLY:
            return "date"
        if self.share("boolean") >= _MOSTLY and self.share("integer") < _MOSTLY:
            return "flag"
        if self.share("integer") >= _MOSTLY:
            return "whole"
        if self.share("integer", "decimal") >= _MOSTLY:
            return "fraction"
        return "text"

    @property
    def range(self) -> tuple[float, float] | None:
        """Least and greatest value, where they are numbers."""
        if self.profile is None or self.form not in ("whole", "fraction"):
            return None
        try:
            return float(self.profile.minimum or ""), float(self.profile.maximum or "")
        except ValueError:
            return None

    @property
    def technical(self) -> bool:
        """Whether it serves the source's own machinery."""
        return bool(_TECHNICAL & {self.name.lower().replace("_", "")}) or (
            self.share("uuid") >= _MOSTLY and not any("number" in t for t in self.tokens)
        )


def known_columns(table: ScannedTable, vocabulary: Vocabulary) -> tuple[Known, ...]:
    """The columns of a table, read."""
    return tuple(
        Known(table.name, column, vocabulary.tokens(column.name), _said(column.comment, vocabulary))
        for column in table.columns
    )


def table_tokens(table: ScannedTable, vocabulary: Vocabulary) -> tuple[Tokens, ...]:
    """What a table is called: its name, its own name in the source, its comment."""
    native = re.sub(r"\.(csv|parquet|xlsx?|json|txt)\b", "", table.native_name, flags=re.IGNORECASE)
    native = re.split(r"[./#]", native)[-1] if native else ""
    found = [vocabulary.tokens(table.name), vocabulary.tokens(native)]
    found.append(_said(table.comment, vocabulary))
    return tuple(dict.fromkeys(tokens for tokens in found if tokens))


def _said(comment: str, vocabulary: Vocabulary) -> Tokens:
    first = _COMMENT.split(comment.strip(), maxsplit=1)[0].strip()
    return vocabulary.tokens(first) if 0 < len(first) <= _LONGEST_COMMENT else ()
