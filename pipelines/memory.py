"""What each product was last made of, part by part, kept in the database it stands in.

The memory is written in the transaction that makes the product: if the database is lost, so is the
memory, and the product is made again. What would be made of the same has nothing to do.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlglot import exp

from pipelines.engine import DuckDBEngine
from transforms import STAGING, WAREHOUSE, Statement
from transforms.ingredients import Part

TABLE = "_made"
_COLUMNS = (
    ("name", "VARCHAR"),
    ("parts", "VARCHAR"),
    ("rows_in", "BIGINT"),
    ("rows_out", "BIGINT"),
    ("refused", "BIGINT"),
)
Rows = tuple[int | None, int | None, int | None]
"""Rows in, rows out, and rows refused."""


class Made(NamedTuple):
    """A part as it was last made."""

    identity: str
    """Everything written that decided it."""
    made_of: str
    """The same, and the data it was made from."""
    content: str
    """What those who read it go by: `made_of`, or a hash of what came out."""


@dataclass(frozen=True)
class Remembered:
    """A product as it was last made."""

    parts: Mapping[str, Made]
    rows_in: int | None
    rows_out: int | None
    refused: int | None


class Memory:
    """Products of both databases of the build."""

    def __init__(self, engine: DuckDBEngine) -> None:
        self._engine = engine
        for database in (STAGING, WAREHOUSE):
            columns = [
                exp.ColumnDef(this=exp.to_identifier(name), kind=exp.DataType.build(kind))
                for name, kind in _COLUMNS
            ]
            create = exp.Create(
                this=exp.Schema(this=_table(database), expressions=columns),
                kind="TABLE",
                exists=True,
            )
            self._engine.run(Statement(create, "prepare the memory of products"))
        self._known: dict[str, dict[str, Remembered]] = {}
        self.recall()

    def recall(self) -> None:
        """Read what is remembered; also after a transaction that was rolled back."""
        for database in (STAGING, WAREHOUSE):
            rows = self._engine.rows(remembered_query(database))
            self._known[database] = remembered_rows(rows)

    def find(self, database: str, name: str) -> Remembered | None:
        """A product as it was last made, or None."""
        return self._known[database].get(name)

    def products(self, database: str) -> frozenset[str]:
        """Names of the products that stand in a database."""
        return frozenset(self._known[database])

    def content(self, part: Part) -> str:
        """What readers of a part go by; empty when it was never made."""
        for database in (STAGING, WAREHOUSE):
            found = self.find(database, part.product)
            if found is not None and part.name in found.parts:
                return found.parts[part.name].content
        return ""

    def keep(self, database: str, name: str, parts: Mapping[str, Made], rows: Rows) -> None:
        """Remember a product as made; part of the caller's transaction."""
        self.forget(database, [name])
        written = json.dumps(dict(parts))
        values = exp.Tuple(expressions=[exp.convert(v) for v in (name, written, *rows)])
        insert = exp.Insert(this=_table(database), expression=exp.Values(expressions=[values]))
        self._engine.run(Statement(insert, "remember what the product was made of"))
        self._known[database][name] = Remembered(parts, *rows)

    def forget(self, database: str, names: Iterable[str]) -> None:
        """Forget products; part of the caller's transaction."""
        for name in names:
            same = exp.column("name").eq(exp.Literal.string(name))
            delete = exp.Delete(this=_table(database), where=exp.Where(this=same))
            self._engine.run(Statement(delete, "forget what the product was made of"))
            self._known[database].pop(name, None)

    def fingerprint_of_all(self, database: str) -> str:
        """One fingerprint for everything in a database."""
        known = sorted(
            (name, sorted((part, made.made_of) for part, made in found.parts.items()))
            for name, found in self._known[database].items()
        )
        return hashlib.sha256(repr(known).encode()).hexdigest()

    def parts(self, database: str) -> dict[str, dict[str, str]]:
        """The identities of the parts of every product that stands in a database."""
        return {
            name: {part: made.identity for part, made in found.parts.items()}
            for name, found in self._known[database].items()
        }

    def rename(self, database: str, name: str, new: str) -> None:
        """Know a product by another name; part of the caller's transaction."""
        found = self._known[database][name]
        self.keep(database, new, found.parts, (found.rows_in, found.rows_out, found.refused))
        self.forget(database, [name])


def remembered_query(database: str) -> exp.Select:
    """What is remembered in a database, as `remembered_rows` takes it."""
    return exp.select(*(column for column, _ in _COLUMNS)).from_(_table(database))


def remembered_rows(rows: Iterable[tuple[Any, ...]]) -> dict[str, Remembered]:
    """Products as they were last made, by name."""
    return {
        name: Remembered({p: Made(*made) for p, made in json.loads(parts).items()}, *counts)
        for name, parts, *counts in rows
    }


def _table(database: str) -> exp.Table:
    return exp.table_(TABLE, db=database, quoted=True)
