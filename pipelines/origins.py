"""Which landed batches each entity was staged from: kept with staging, published with a version.

A version can so be explained from the landing zone long after newer batches have landed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
from sqlglot import exp

from pipelines.engine import DuckDBEngine
from transforms import STAGING, WAREHOUSE, Statement

TABLE = "_origins"
_COLUMNS = (("entity", "VARCHAR"), ("landed", "VARCHAR"), ("day", "VARCHAR"))


@dataclass(frozen=True)
class Origin:
    """What an entity was staged from: the files of each source table, oldest first, and the day.

    The day is what rules that speak of today meant by it, in the workspace's time zone.
    """

    entity: str
    landed: Mapping[str, Sequence[str]]
    day: date


class Origins:
    """The origins of the entities that stand in staging."""

    def __init__(self, engine: DuckDBEngine, time_zone: str) -> None:
        self._engine = engine
        self._zone = time_zone
        columns = [
            exp.ColumnDef(this=exp.to_identifier(name), kind=exp.DataType.build(kind))
            for name, kind in _COLUMNS
        ]
        create = exp.Create(
            this=exp.Schema(this=_table(STAGING), expressions=columns), kind="TABLE", exists=True
        )
        self._engine.run(Statement(create, "prepare the memory of origins"))

    def note(self, entity: str, landed: Mapping[str, Sequence[str]]) -> None:
        """Remember what an entity was just staged from; part of the caller's transaction."""
        same = exp.column("entity").eq(exp.Literal.string(entity))
        delete = exp.Delete(this=_table(STAGING), where=exp.Where(this=same))
        self._engine.run(Statement(delete, "forget an entity's former origins"))
        day = datetime.now(ZoneInfo(self._zone)).date().isoformat()
        written = json.dumps({name: list(files) for name, files in landed.items()})
        values = exp.Tuple(expressions=[exp.convert(v) for v in (entity, written, day)])
        insert = exp.Insert(this=_table(STAGING), expression=exp.Values(expressions=[values]))
        self._engine.run(Statement(insert, "remember an entity's origins"))

    def note_if_new(self, entity: str, landed: Mapping[str, Sequence[str]]) -> None:
        """Remember the origins of an entity that was staged before origins were kept."""
        query = exp.select("entity").from_(_table(STAGING))
        known = query.where(exp.column("entity").eq(exp.Literal.string(entity)))
        if not self._engine.rows(known):
            self.note(entity, landed)

    def publish(self) -> None:
        """Write all origins into the warehouse, so that they go with the version."""
        everything = exp.select(*(name for name, _ in _COLUMNS)).from_(_table(STAGING))
        create = exp.Create(
            this=_table(WAREHOUSE), kind="TABLE", replace=True, expression=everything
        )
        self._engine.run(Statement(create, "publish the origins"))


def origins_query(database: str) -> exp.Select:
    """The origins that a version was published with, as `read_origins` takes them."""
    return exp.select(*(name for name, _ in _COLUMNS)).from_(_table(database))


def read_origins(rows: Sequence[tuple[str, str, str]]) -> dict[str, Origin]:
    """Origins by entity."""
    return {
        entity: Origin(entity, json.loads(landed), date.fromisoformat(day))
        for entity, landed, day in rows
    }


def _table(database: str) -> exp.Table:
    return exp.table_(TABLE, db=database, quoted=True)


def published_origins(path: Path) -> dict[str, Origin]:
    """The origins in the file of a published version, or of a staging database.

    Raises:
        duckdb.Error: the file cannot be opened.
    """
    with duckdb.connect(":memory:") as connection:
        place = exp.alias_(exp.Literal.string(str(path)), exp.to_identifier(WAREHOUSE, quoted=True))
        attach = exp.Attach(this=place, expressions=[exp.AttachOption(this=exp.var("READ_ONLY"))])
        connection.execute(attach.sql("duckdb"))
        known = exp.select("table_name").from_("duckdb_tables()")
        if (TABLE,) not in connection.execute(known.sql("duckdb")).fetchall():
            return {}
        return read_origins(connection.execute(origins_query(WAREHOUSE).sql("duckdb")).fetchall())
