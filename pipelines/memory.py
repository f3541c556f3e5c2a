"""What each load step was last done with, kept in the database it wrote, in its transaction.

A step whose fingerprint is the same has nothing to do. If the database is lost, so is the memory of
having done the step, and it is done again.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sqlglot import exp

from pipelines.engine import DuckDBEngine
from transforms import STAGING, WAREHOUSE, Statement

_TABLE = "_steps"
_COLUMNS = (
    ("name", "VARCHAR"),
    ("fingerprint", "VARCHAR"),
    ("rows_in", "BIGINT"),
    ("rows_out", "BIGINT"),
    ("refused", "BIGINT"),
)


@dataclass(frozen=True)
class Remembered:
    """A step as it was last done."""

    fingerprint: str
    rows_in: int | None
    rows_out: int | None
    refused: int | None


class Memory:
    """Fingerprints of steps in both databases of the build."""

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
            self._engine.run(Statement(create, "prepare the memory of steps"))
        self._known: dict[str, dict[str, Remembered]] = {}
        self.recall()

    def recall(self) -> None:
        """Read what is remembered; also after a transaction that was rolled back."""
        for database in (STAGING, WAREHOUSE):
            query = exp.select(*(column for column, _ in _COLUMNS)).from_(_table(database))
            rows = self._engine.rows(query)
            self._known[database] = {name: Remembered(*rest) for name, *rest in rows}

    def find(self, database: str, name: str) -> Remembered | None:
        """A step as it was last done, or None."""
        return self._known[database].get(name)

    def fingerprint(self, name: str) -> str:
        """The fingerprint of a step in whichever database it writes; empty when it never ran."""
        for database in (STAGING, WAREHOUSE):
            found = self.find(database, name)
            if found is not None:
                return found.fingerprint
        return ""

    def keep(
        self,
        database: str,
        name: str,
        fingerprint: str,
        rows: tuple[int | None, int | None, int | None],
    ) -> None:
        """Remember a step as done; part of the caller's transaction."""
        same = exp.column("name").eq(exp.Literal.string(name))
        delete = exp.Delete(this=_table(database), where=exp.Where(this=same))
        self._engine.run(Statement(delete, "forget how the step was done before"))
        values = exp.Tuple(expressions=[exp.convert(v) for v in (name, fingerprint, *rows)])
        insert = exp.Insert(this=_table(database), expression=exp.Values(expressions=[values]))
        self._engine.run(Statement(insert, "remember how the step was done"))
        self._known[database][name] = Remembered(fingerprint, *rows)

    def fingerprint_of_all(self, database: str) -> str:
        """One fingerprint for everything in a database."""
        known = sorted((name, each.fingerprint) for name, each in self._known[database].items())
        return hashlib.sha256(repr(known).encode()).hexdigest()


def _table(database: str) -> exp.Table:
    return exp.table_(_TABLE, db=database, quoted=True)
