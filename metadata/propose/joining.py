"""Joins of a draft: a name for each table on the way, and what it is joined on."""

from __future__ import annotations

from collections.abc import Set
from itertools import accumulate

from metadata.propose.columns import Known
from metadata.propose.drafts import DraftJoin
from metadata.propose.expressions import written
from metadata.propose.reach import is_history
from metadata.propose.structure import KnownTable, Reference, Structure
from metadata.propose.written import Written

Path = tuple[Reference, ...]
_FIRST = frozenset(("primary", "default", "main"))


class Joins:
    """The joined tables of one mapping, named as they are asked for."""

    def __init__(self, structure: Structure, written: Written | None = None) -> None:
        """Begin with no joins, or with those of a mapping that is there.

        Args:
            structure: the tables of the source.
            written: the mapping; joins of it that do the same are used, their names are taken.
        """
        self._structure = structure
        self._written = written
        self._names: dict[Path, str] = {}

    def alias(self, path: Path) -> str:
        """What the table at the end of a path is called; empty for the driving table."""
        if not path:
            return ""
        for before in self._prefixes(path):
            if before not in self._names:
                self._names[before] = self._there(before) or self._new(before[-1].to)
        return self._names[path]

    def _there(self, path: Path) -> str | None:
        if self._written is None:
            return None
        return self._written.alias_of(path[-1].to, self._on(path))

    def _new(self, wanted: str) -> str:
        taken = {*self._names.values(), *(self._written.definition.join if self._written else ())}
        name, number = wanted, 2
        while name in taken:
            name, number = f"{wanted}_{number}", number + 1
        return name

    def prefixes(self, path: Path) -> tuple[str, ...]:
        """The names of all tables that a path needs."""
        return tuple(self.alias(before) for before in self._prefixes(path))

    def used(self, names: Set[str]) -> tuple[DraftJoin, ...]:
        """The joins that bear these names, each after those that it builds on."""
        ordered = sorted(self._names.items(), key=lambda item: len(item[0]))
        there = self._written.definition.join if self._written else {}
        return tuple(
            self._join(path, name) for path, name in ordered if name in names and name not in there
        )

    def _on(self, path: Path) -> dict[str, str]:
        reference = path[-1]
        before = f"{self._names[path[:-1]]}." if path[:-1] else ""
        pairs = zip(reference.keys, reference.columns, strict=True)
        return {key: f"{before}{column}" for key, column in pairs}

    def _join(self, path: Path, name: str) -> DraftJoin:
        reference = path[-1]
        table = self._structure.tables[reference.to]
        single = set(table.key) == set(reference.keys)
        return DraftJoin(
            name,
            reference.to,
            self._on(path),
            None if single else _where(table),
            () if single else _order(table, reference),
            _why(reference),
        )

    @staticmethod
    def _prefixes(path: Path) -> list[Path]:
        return list(accumulate(((reference,) for reference in path), lambda a, b: a + b))


def _order(table: KnownTable, reference: Reference) -> tuple[str, ...]:
    """Of several rows that match, the main one is taken, else the newest, else the first."""
    usable = [c for c in table.columns if c.name not in reference.keys and not c.technical]
    flags = [c for c in usable if any(t & _FIRST for t in c.tokens) and c.form in ("flag", "whole")]
    dates = [c for c in usable if c.form in ("date", "moment")]
    numbers = [c for c in usable if c.name in table.key]
    found = [f"{c.name} desc" for c in flags[:1]]
    found += [f"{c.name} desc" for c in dates[:1] if not numbers or not _changes(c)]
    return tuple(found + [c.name for c in numbers[:1]])


def _where(table: KnownTable) -> str | None:
    """Of episodes only those that have not ended."""
    ends = [c for c in table.columns if c.form in ("date", "moment") and _ends(c)]
    if not is_history(table) or not ends:
        return None
    return f"{written(ends[0].name)} is null"


def _ends(column: Known) -> bool:
    nulls = column.column.profile.nulls if column.column.profile else 0
    return bool(nulls) and any("end" in token for token in column.tokens)


def _changes(column: Known) -> bool:
    return any(t & {"updated", "created"} for t in column.tokens)


def _why(reference: Reference) -> str:
    columns = ", ".join(reference.columns)
    if reference.sure == 1:
        return f"{reference.table}.{columns} refers to it"
    return f"{reference.table}.{columns} is likely to refer to it"
