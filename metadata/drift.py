"""Drift: what has changed between two scans of a source, and whether any rule minds.

- harmless: nothing that is loaded changes
- adaptable: loading goes on by itself, with other types or more values than before
- breaking: a column that a rule reads is gone, or holds something else; its table stops
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from metadata.errors import Location
from metadata.retyping import ColumnType, retyping
from metadata.scan import Scan, ScannedColumn, ScannedTable
from metadata.uses import Use, Uses, told

Severity = Literal["harmless", "adaptable", "breaking"]
SEVERITIES: tuple[Severity, ...] = ("breaking", "adaptable", "harmless")
"""What needs looking at first comes first."""
Kind = Literal[
    "table added", "table dropped", "table renamed", "table changed",
    "column added", "column dropped", "column retyped", "column narrowed", "column widened",
    "column respelled",
    "column may be null", "column is never null", "primary key changed", "foreign keys changed",
    "comment changed",
]  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One difference between two scans."""

    table: str
    column: str | None
    kind: Kind
    severity: Severity
    reason: str
    before: str = ""
    after: str = ""
    uses: tuple[Use, ...] = ()
    """The rules that read what has changed."""

    @property
    def name(self) -> str:
        """The table, or the column with its table before it."""
        return self.table if self.column is None else f"{self.table}.{self.column}"

    @property
    def places(self) -> tuple[Location, ...]:
        """Where the rules stand that read what has changed, each once."""
        return tuple(dict.fromkeys(use.where for use in self.uses))

    def __str__(self) -> str:
        turned = " to ".join(part for part in (self.before, self.after) if part)
        return f"{self.name}: {self.kind}{f' ({turned})' if turned else ''}. {self.reason}"

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "table": self.table,
            "column": self.column,
            "kind": self.kind,
            "severity": self.severity,
            "reason": self.reason,
            "before": self.before,
            "after": self.after,
            "uses": [
                {"by": use.by, "file": use.where.file, "line": use.where.line} for use in self.uses
            ],
        }


@dataclass(frozen=True)
class Drift:
    """Everything that has changed between two scans of one source; breaking changes first."""

    source: str
    before: int
    after: int
    changes: tuple[Change, ...]

    def of(self, severity: Severity) -> tuple[Change, ...]:
        """The changes of one class."""
        return tuple(change for change in self.changes if change.severity == severity)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "source": self.source,
            "before": self.before,
            "after": self.after,
            "changes": [change.as_dict() for change in self.changes],
        }


def drift(before: Scan, after: Scan, uses: Uses) -> Drift:
    """What has changed from one scan of a source to another.

    Args:
        before: the earlier scan.
        after: the later one.
        uses: which rules read what.
    """
    changes = [*_tables(before, after, uses)]
    changes.sort(key=lambda c: (SEVERITIES.index(c.severity), c.table, c.column or "", c.kind))
    return Drift(after.source, before.version, after.version, tuple(changes))


def _tables(before: Scan, after: Scan, uses: Uses) -> Iterator[Change]:
    pairs = _paired(before, after)
    for table in before.tables:
        read = uses.of_table(f"{after.source}.{table.name}")
        now = pairs.get(table.name)
        if now is not None:
            yield from _Compared(after.source, table, now, uses).changes()
        elif read:
            yield Change(
                table.name, None, "table dropped", "breaking", told(read), uses=read,
                before=table.native_name,
            )  # fmt: skip
        else:
            yield Change(
                table.name, None, "table dropped", "harmless", "No rule reads it.",
                before=table.native_name,
            )  # fmt: skip
    known = {table.name for table in pairs.values()}
    for table in after.tables:
        if table.name not in known:
            reason = "Nothing reads it until 'tables:' lists it."
            if uses.of_table(f"{after.source}.{table.name}"):
                reason = "It is there now; rules read it."
            yield Change(
                table.name, None, "table added", "harmless", reason, after=table.native_name
            )


def _paired(before: Scan, after: Scan) -> Mapping[str, ScannedTable]:
    """Each table of the earlier scan with what it is now: by its name, else by its native name."""
    by_name = {table.name: table for table in after.tables}
    found = {table.name: by_name[table.name] for table in before.tables if table.name in by_name}
    taken = {table.name for table in found.values()}
    rest = {t.native_name: t for t in after.tables if t.name not in taken}
    for table in before.tables:
        if table.name not in found and table.native_name in rest:
            found[table.name] = rest.pop(table.native_name)
    return found


@dataclass(frozen=True)
class _Compared:
    """One table as it was and as it is."""

    source: str
    before: ScannedTable
    after: ScannedTable
    uses: Uses

    def changes(self) -> Iterator[Change]:
        yield from self._about_the_table()
        names = [column.name for column in self.after.columns]
        for column in self.before.columns:
            now = self.after.column(column.name)
            if now is None:
                yield self._dropped(column)
            else:
                yield from self._column(column, now)
        for position, name in enumerate(names):
            if self.before.column(name) is None:
                yield self._added(self.after.columns[position])

    def _about_the_table(self) -> Iterator[Change]:
        was, now = self.before, self.after
        if was.name != now.name:
            yield self._table("table renamed", "Only 'tables:' calls it otherwise.",
                              was.name, now.name)  # fmt: skip
        if (was.native_name, was.kind) != (now.native_name, now.kind):
            yield self._table(
                "table changed",
                "It is found elsewhere, or is another kind of thing; its columns are compared.",
                f"{was.kind} {was.native_name}",
                f"{now.kind} {now.native_name}",
            )
        if was.primary_key != now.primary_key:
            yield self._key()
        if was.foreign_keys != now.foreign_keys:
            yield self._table("foreign keys changed", "No rule reads them.")
        if was.comment != now.comment:
            yield self._table("comment changed", "Comments are for people.")

    def _table(
        self, kind: Kind, reason: str, before: str = "", after: str = "",
        severity: Severity = "harmless", uses: tuple[Use, ...] = (),
    ) -> Change:  # fmt: skip
        return Change(self.after.name, None, kind, severity, reason, before, after, uses)

    def _key(self) -> Change:
        """A key with more columns than the one that is relied on lets rows of one key be many."""
        was, now = ", ".join(self.before.primary_key), ", ".join(self.after.primary_key)
        table = f"{self.source}.{self.after.name}"
        relied = [use for use in self.uses.of_table(table) if use.role == "key"]
        declared = {use.column.casefold() for use in relied}
        before = {column.casefold() for column in self.before.primary_key}
        after = {column.casefold() for column in self.after.primary_key}
        if declared and declared == before and not (after and after <= declared):
            reason = "Rows are told apart by the earlier key, which may no longer tell them apart."
            return self._table("primary key changed", reason, was, now, "breaking", tuple(relied))
        return self._table("primary key changed", "Rows are not told apart by it.", was, now)

    def _read(self, column: str) -> tuple[Use, ...]:
        return self.uses.of_column(f"{self.source}.{self.after.name}", column)

    def _added(self, column: ScannedColumn) -> Change:
        used = self._read(column.name)
        reason = "It is there now; rules read it." if used else "No rule reads it yet."
        return Change(
            self.after.name, column.name, "column added", "harmless", reason,
            after=_spelled(column), uses=used,
        )  # fmt: skip

    def _dropped(self, column: ScannedColumn) -> Change:
        used = self._read(column.name)
        reason = told(used) if used else "No rule reads it."
        added = [c for c in self.after.columns if self.before.column(c.name) is None]
        alike = [c.name for c in added if _spelled(c) == _spelled(column)]
        if used and len(alike) == 1:
            reason += f" Perhaps it is called '{alike[0]}' now."
        return Change(
            self.after.name, column.name, "column dropped", "breaking" if used else "harmless",
            reason, before=_spelled(column), uses=used,
        )  # fmt: skip

    def _column(self, was: ScannedColumn, now: ScannedColumn) -> Iterator[Change]:
        yield from self._type(was, now)
        if was.name != now.name:
            yield self._respelled(was, now)
        if was.nullable != now.nullable:
            if now.nullable:
                yield self._of(now, "column may be null", "adaptable",
                               "Rules meet rows without a value now.")  # fmt: skip
            else:
                yield self._of(now, "column is never null", "harmless", "Every row has a value.")
        if was.comment != now.comment:
            yield self._of(now, "comment changed", "harmless", "Comments are for people.")

    def _type(self, was: ScannedColumn, now: ScannedColumn) -> Iterator[Change]:
        turned = retyping(
            ColumnType(was.type, was.native_type), ColumnType(now.type, now.native_type)
        )
        before, after, used = _spelled(was), _spelled(now), self._read(now.name)
        if turned == "same":
            if (was.type, was.native_type) != (now.type, now.native_type):
                yield self._of(now, "column respelled", "harmless", "The values are the same.",
                               before, after)  # fmt: skip
            return
        if turned == "widened":
            yield self._of(now, "column widened", "adaptable", "All earlier values fit.",
                           before, after, used)  # fmt: skip
            return
        kind: Kind = "column retyped" if turned == "retyped" else "column narrowed"
        if _is_inferred(self.after):
            yield self._of(now, kind, "adaptable", "Its type is what its values suggest; what does"
                           " not fit goes the way of its rule.", before, after, used)  # fmt: skip
        elif minding := tuple(use for use in used if use.role != "listed"):
            yield self._of(now, kind, "breaking", told(minding), before, after, minding)
        else:
            yield self._of(now, kind, "adaptable", "No rule reads it.", before, after)

    def _respelled(self, was: ScannedColumn, now: ScannedColumn) -> Change:
        """Mappings do not mind the case of a name, but what is asked of the source does."""
        asked = tuple(u for u in self._read(now.name) if u.role != "rule" and u.column != now.name)
        if asked:
            return self._of(now, "column respelled", "breaking", told(asked),
                            was.name, now.name, asked)  # fmt: skip
        return self._of(now, "column respelled", "harmless", "Rules find it in either case.",
                        was.name, now.name)  # fmt: skip

    def _of(
        self, column: ScannedColumn, kind: Kind, severity: Severity, reason: str,
        before: str = "", after: str = "", uses: tuple[Use, ...] = (),
    ) -> Change:  # fmt: skip
        return Change(self.after.name, column.name, kind, severity, reason, before, after, uses)


def _is_inferred(table: ScannedTable) -> bool:
    """Whether types are only what the values look like, as in JSON and worksheets."""
    path = table.native_name.partition("#")[0]
    return table.kind == "file" and not path.lower().endswith(".parquet")


def _spelled(column: ScannedColumn) -> str:
    return column.native_type or column.type
