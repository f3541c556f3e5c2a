"""How the tables of a source hang together: keys and references, declared or likely.

Files declare nothing, and many databases little. A column that is called like the key of another
table, has its type and stays within its values is likely to refer to it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import takewhile

from metadata.propose.columns import Known, known_columns, table_tokens
from metadata.propose.names import Token, Tokens
from metadata.propose.vocabulary import Vocabulary
from metadata.scan import Scan, ScannedTable

_NUMBER = frozenset(("number", "code"))
_GUESSED = 0.5
_COUNTING = frozenset(("number", "code", "line", "position"))
_MOST_PARTS, _MOST_USED = 4, 8
_SHARED_WORDS, _TWIN = 2, 0.9
_ALIKE = 3
"""Characters that the keys of one table begin with, where all of them begin alike."""


@dataclass(frozen=True)
class Reference:
    """Columns of a table that hold the key of another one."""

    table: str
    columns: tuple[str, ...]
    to: str
    keys: tuple[str, ...]
    sure: float
    """1 where the source declares it, else how likely it is."""


@dataclass(frozen=True)
class KnownTable:
    """A scanned table with its names read and its key found."""

    table: ScannedTable
    names: tuple[Tokens, ...]
    columns: tuple[Known, ...]
    key: tuple[str, ...]
    key_sure: float
    """1 where the source declares the key, else how likely it is; 0 where there is none."""

    @property
    def name(self) -> str:
        """As `tables:` calls it."""
        return self.table.name

    @cached_property
    def context(self) -> Token:
        """Meanings that the table's name gives to its columns."""
        return frozenset(m for tokens in self.names for token in tokens for m in token)

    def column(self, name: str) -> Known | None:
        """A column by name, whatever its case."""
        folded = name.casefold()
        return next((c for c in self.columns if c.name.casefold() == folded), None)


@dataclass(frozen=True)
class Structure:
    """The tables of a source and their references."""

    tables: Mapping[str, KnownTable]
    references: tuple[Reference, ...]

    def from_table(self, table: str) -> Sequence[Reference]:
        """References that leave a table, the surest first."""
        return self._leaving.get(table, ())

    def to_table(self, table: str) -> Sequence[Reference]:
        """References that arrive at a table."""
        return self._arriving.get(table, ())

    def of_column(self, table: str, column: str) -> Reference | None:
        """The reference that a single column is."""
        return next((r for r in self.from_table(table) if r.columns == (column,)), None)

    @cached_property
    def _leaving(self) -> Mapping[str, Sequence[Reference]]:
        found: dict[str, list[Reference]] = {}
        for reference in self.references:
            found.setdefault(reference.table, []).append(reference)
        return found

    @cached_property
    def _arriving(self) -> Mapping[str, Sequence[Reference]]:
        found: dict[str, list[Reference]] = {}
        for reference in self.references:
            found.setdefault(reference.to, []).append(reference)
        return found

    @cached_property
    def extensions(self) -> Mapping[str, Reference]:
        """Tables whose key is that of another table: each of their rows belongs to one there."""
        found: dict[str, Reference] = {}
        for reference in self.references:
            known = self.tables[reference.table]
            itself = reference.to == reference.table
            if (
                set(known.key) == set(reference.columns)
                and not itself
                and reference.table not in found
            ):
                found[reference.table] = reference
        return found


def understand(scan: Scan, vocabulary: Vocabulary) -> Structure:
    """Read the names of a scan's tables and find their keys and references."""
    tables = {table.name: _known_table(table, vocabulary) for table in scan.tables}
    declared = [r for t in scan.tables for r in _declared(t, tables)]
    said = {(r.table, r.columns) for r in declared}
    likely = [r for t in tables.values() for r in _likely(t, tables, said)]
    likely = [_to_base(r, likely, tables) for r in likely]
    tables = _with_composite_keys(tables, _ordered([*declared, *likely]))
    return Structure(tables, _ordered([*declared, *likely, *_twins(tables)]))


def _ordered(references: Iterable[Reference]) -> tuple[Reference, ...]:
    return tuple(sorted(references, key=lambda r: (r.table, -r.sure, r.columns, r.to)))


def _known_table(table: ScannedTable, vocabulary: Vocabulary) -> KnownTable:
    names, columns = table_tokens(table, vocabulary), known_columns(table, vocabulary)
    if table.primary_key:
        return KnownTable(table, names, columns, table.primary_key, 1.0)
    key = _single_key(names, columns)
    # All rows were looked at, or only some of them.
    whole = table.rows is not None and key is not None and _sampled(key) >= table.rows
    sure = (0.95 if whole else 0.75) if key else 0.0
    return KnownTable(table, names, columns, (key.name,) if key else (), sure)


def _to_base(
    reference: Reference, likely: Sequence[Reference], tables: Mapping[str, KnownTable]
) -> Reference:
    """Of tables that share a key, the one that the others extend is what is referred to."""
    for other in likely:
        extends = other.table == reference.to and other.columns == tables[other.table].key
        extends = extends and tables[other.table].table.rows == tables[other.to].table.rows
        if extends and other.to != reference.table and other.keys == reference.keys:
            return replace(reference, to=other.to)
    return reference


def _sampled(column: Known) -> int:
    return column.column.profile.sampled if column.column.profile else 0


def _single_key(names: tuple[Tokens, ...], columns: tuple[Known, ...]) -> Known | None:
    """The column that is likely to be the key: no value twice, none missing, called like one."""
    own = frozenset(m for tokens in names for token in tokens for m in token)
    best: tuple[float, Known] | None = None
    for position, column in enumerate(columns):
        if column.unique is not True or column.technical:
            continue
        if column.column.profile is None or column.column.profile.nulls:
            continue
        if column.form in ("fraction", "date", "moment", "flag", "blob"):
            continue
        numbered = any(t & _NUMBER for t in column.tokens)
        called = numbered and all(t & (_NUMBER | own) for t in column.tokens)
        score = 3.0 * called + 1.0 * numbered + (1.0 if position == 0 else 0.0)
        if score >= 1 and (best is None or score > best[0]):
            best = (score, column)
    return best[1] if best else None


def _declared(table: ScannedTable, tables: Mapping[str, KnownTable]) -> Iterator[Reference]:
    for key in table.foreign_keys:
        if key.table in tables:
            yield Reference(table.name, key.columns, key.table, key.references, 1.0)


def _likely(
    table: KnownTable, tables: Mapping[str, KnownTable], said: set[tuple[str, tuple[str, ...]]]
) -> Iterator[Reference]:
    """For each column without a declared reference the best table that it may refer to."""
    # Of equally good tables the one that this table or the key is called after, then the one
    # with the fewest rows that has all the values.
    others = sorted(tables.values(), key=lambda other: _strangeness(other, table))
    for column in table.columns:
        if (table.name, (column.name,)) in said or column.technical or column.empty:
            continue
        best: tuple[float, KnownTable] | None = None
        for other in others:
            sure = _refers(table, column, other)
            if sure and (best is None or sure > best[0] + 1e-9):
                best = (sure, other)
        if best is None:
            best = _by_values(column, tables.values())
        if best is not None:
            yield Reference(table.name, (column.name,), best[1].name, best[1].key, best[0])


def _strangeness(other: KnownTable, table: KnownTable) -> tuple[int, int, str]:
    """Small for a table that another one is called after, and for one called like its own key."""
    if other.name != table.name and any(
        _begins_with(mine, names) for names in other.names for mine in table.names
    ):
        rank = 0
    else:
        key = other.column(other.key[0]) if len(other.key) == 1 else None
        rank = 1 if key is not None and _owns(other, key) else 2
    return (rank, other.table.rows or 0, other.name)


def _begins_with(words: Tokens, beginning: Tokens) -> bool:
    pairs = zip(words, beginning, strict=False)
    return 0 < len(beginning) < len(words) and all(a & b for a, b in pairs)


def _by_values(column: Known, tables: Iterable[KnownTable]) -> tuple[float, KnownTable] | None:
    """The only table whose keys begin as a column's values do: record numbers of many systems."""
    if not any(t & _NUMBER for t in column.tokens) or column.form != "text" or column.unique:
        return None
    found: list[KnownTable] = []
    for table in tables:
        key = table.column(table.key[0]) if len(table.key) == 1 else None
        if key is not None and key.form == "text" and key.name != column.name:
            if _beginning(column) and _beginning(column) == _beginning(key):
                found.append(table)
    return (0.7 * found[0].key_sure, found[0]) if len(found) == 1 else None


def _beginning(column: Known) -> str:
    """What all values begin with, where they are equally long and begin alike."""
    if column.profile is None:
        return ""
    least, most = column.profile.minimum or "", column.profile.maximum or ""
    same = (a == b for a, b in zip(least, most, strict=False))
    alike = least[: sum(1 for _ in takewhile(bool, same))]
    return alike[:_ALIKE] if len(alike) >= _ALIKE and len(least) == len(most) else ""


def _refers(table: KnownTable, column: Known, other: KnownTable) -> float:
    """How likely a column holds the key of another table; 0 where it cannot."""
    if len(other.key) != 1:
        return 0.0
    key = other.column(other.key[0])
    if key is None or (other.name == table.name and key.name == column.name):
        return 0.0
    sure = _called_like(table, column, other, key)
    if not sure or not _fits(column, key):
        return 0.0
    mutual = table.key == (column.name,)
    if mutual and other.name != table.name:
        # Two tables share a key: the one with fewer rows extends the one with more.
        mine, theirs = table.table.rows, other.table.rows
        owners = (_owns(table, column), _owns(other, key))
        if owners == (True, False):
            return 0.0
        if mine is not None and theirs is not None and owners != (False, True):
            if (mine, table.name) > (theirs, other.name):
                return 0.0
        if not _within(column, other, key):
            return 0.0
    return sure * other.key_sure * (1.0 if _within(column, other, key) else 0.6)


def _owns(table: KnownTable, column: Known) -> bool:
    """Whether a column is called like the table that it is the key of."""
    telling = [t for t in column.tokens if not t & _NUMBER]
    return bool(telling) and any(
        len(names) == len(telling) and _ends_with(telling, names) for names in table.names
    )


def _called_like(table: KnownTable, column: Known, other: KnownTable, key: Known) -> float:
    """How well a column's name says that it holds the key of another table."""
    numbered = any(t & _NUMBER for t in column.tokens)
    telling = [t for t in column.tokens if not t & _NUMBER]
    if column.name.casefold() == key.name.casefold():
        # `id` is every table's key.
        return 0.95 if telling and other.name != table.name else 0.0
    for names in other.names:
        if telling and _ends_with(telling, names) and (numbered or len(telling) == len(names)):
            whole = len(telling) == len(names)
            return (0.93 if numbered else 0.75) if whole else (0.85 if numbered else 0.5)
    same = [t for t in key.tokens if not t & _NUMBER]
    if numbered and same and telling and _ends_with(telling, tuple(same)):
        return 0.85
    return 0.0


def _ends_with(words: list[Token], ending: Tokens) -> bool:
    if not ending or len(words) < len(ending):
        return False
    return all(a & b for a, b in zip(words[-len(ending) :], ending, strict=True))


def _fits(column: Known, key: Known) -> bool:
    """Whether two columns can hold the same values."""
    if column.profile is None or key.profile is None:
        return column.column.type == key.column.type
    numeric = ("whole", "fraction")
    return column.form == key.form or (column.form in numeric and key.form in numeric)


def _within(column: Known, other: KnownTable, key: Known) -> bool:
    """Whether a column's values lie within those of a key, as far as the samples tell."""
    if column.profile is None or key.profile is None:
        return True
    if other.table.rows is None or key.profile.sampled < other.table.rows:
        return True
    mine, theirs = column.range, key.range
    if mine is not None and theirs is not None:
        return theirs[0] <= mine[0] and mine[1] <= theirs[1]
    least, most = key.profile.minimum or "", key.profile.maximum or ""
    return least <= (column.profile.minimum or "") and (column.profile.maximum or "") <= most


def _with_composite_keys(
    tables: Mapping[str, KnownTable], references: Sequence[Reference]
) -> dict[str, KnownTable]:
    """Tables without a key of one column get the columns that are likely to be it together."""
    found: dict[str, KnownTable] = {}
    for name, table in tables.items():
        key = table.key or _composite_key(table, references)
        sure = table.key_sure if table.key else (_GUESSED if key else 0.0)
        found[name] = KnownTable(table.table, table.names, table.columns, key, sure)
    return found


def _twins(tables: Mapping[str, KnownTable]) -> Iterator[Reference]:
    """Tables that share a key of several columns and most of their name: prices beside costs."""
    keyed = [t for t in tables.values() if len(t.key) > 1]
    for one, other in itertools.combinations(sorted(keyed, key=_size), 2):
        columns = {c.casefold(): c for c in one.key}
        if len(one.key) == len(other.key) and all(k.casefold() in columns for k in other.key):
            shared = one.context & other.context
            if len(shared) >= _SHARED_WORDS:
                mine = tuple(columns[k.casefold()] for k in other.key)
                sure = min(one.key_sure, other.key_sure)
                yield Reference(one.name, mine, other.name, other.key, sure * _TWIN)


def _size(table: KnownTable) -> tuple[int, str]:
    return (table.table.rows or 0, table.name)


def _composite_key(table: KnownTable, references: Sequence[Reference]) -> tuple[str, ...]:
    """The fewest references and numbers that tell the rows apart, with the first day if need be.

    What can be is judged by how many combinations of values there are; it is a guess.
    """
    referring = {
        c for r in references if r.table == table.name and r.sure >= 0.5 for c in r.columns
    }
    usable = [c for c in table.columns if not c.technical and _may_be_key(c)]
    parts = [c for c in usable if c.name in referring or any(t & _COUNTING for t in c.tokens)]
    days = [c for c in table.columns if c.form in ("date", "moment") and _is_begin(c)]
    days = [c for c in days if c.column.profile is not None and not c.column.profile.nulls]
    if not parts:
        return ()
    rows = max(_sampled(c) for c in parts)
    pool = [*parts[:_MOST_USED], *days[:1]]
    sets = (s for size in range(2, _MOST_PARTS + 1) for s in itertools.combinations(pool, size))
    ranked = sorted(enumerate(sets), key=lambda item: _doubt(item[1], days, item[0]))
    for _, chosen in ranked:
        if _combinations(chosen) >= rows:
            return tuple(c.name for c in chosen)
    return ()


def _doubt(columns: Sequence[Known], days: Sequence[Known], position: int) -> tuple[int, int, int]:
    """Small where a combination looks like a key: few columns, one that counts lines or days."""
    counts = any(t & {"line", "position", "day"} for c in columns for t in c.tokens)
    dated = any(c in days for c in columns)
    return (len(columns), 0 if counts else 1 if dated else 2, position)


def _may_be_key(column: Known) -> bool:
    complete = column.column.profile is not None and not column.column.profile.nulls
    return complete and column.form in ("whole", "text")


def _is_begin(column: Known) -> bool:
    ends = frozenset(("end", "updated", "created"))
    return not any(t & ends for t in column.tokens)


def _combinations(columns: Sequence[Known]) -> int:
    """Rows that can be told apart at most."""
    found = 1
    for column in columns:
        found *= column.column.profile.distinct if column.column.profile else 1
    return found
