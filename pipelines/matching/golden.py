"""Golden records of the build: matched, given keys that stay, made of values that survive."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlglot import exp

from metadata import Repository
from metadata.errors import UserError
from metadata.repository import ResolvedMatching
from pipelines.engine import DuckDBEngine, StatementFailed
from pipelines.matching.linking import Found, link
from pipelines.matching.model import LinkageModel
from pipelines.memory import Rows
from pipelines.storage import Storage
from transforms import STAGING, WAREHOUSE, Statement
from transforms.crossreference import (
    MATCHED,
    empty_crossreference,
    golden_keys_query,
    load_crossreference,
    pairs_table,
    xref_table,
)
from transforms.golden import empty_golden, load_golden
from transforms.ingredients import digest
from transforms.matching import records_query
from transforms.statements import column, create_table, table, text

MODELS = "matching_model"
"""Table of the warehouse with the model of every entity."""
_MODEL_COLUMNS = (
    ("entity", "VARCHAR"),
    ("identity", "VARCHAR"),
    ("settings", "VARCHAR"),
    ("records", "BIGINT"),
)
_PAIRS = "matched_pairs"


class GoldenRecords:
    """The golden records of one entity in the build."""

    def __init__(
        self,
        repository: Repository,
        storage: Storage,
        engine: DuckDBEngine,
        matching: ResolvedMatching,
    ) -> None:
        self._repository = repository
        self._storage = storage
        self._engine = engine
        self._matching = matching
        judged = engine.columns(STAGING, f"judged_{matching.name}") or {}
        self.landed = "_mapping" in judged
        """Whether there are judged rows: of what has not landed yet there are none."""

    @contextmanager
    def or_nothing(self) -> Iterator[None]:
        """Where records cannot be matched, what needs them finds none, and the rest can load."""
        try:
            yield
        except (UserError, StatementFailed):
            if self._engine.columns(WAREHOUSE, xref_table(self._matching.name)) is None:
                with self._engine.transaction():
                    self._no_records()
            if self._engine.columns(STAGING, self._matching.product) is None:
                with self._engine.transaction():
                    for statement in empty_golden(self._repository, self._matching):
                        self._engine.run(statement)
            raise

    def match(self) -> Rows:
        """Match the staged records, and keep what was found in the warehouse.

        Part of the caller's transaction, as is everything here.

        Returns:
            records, golden records, and records merged into others.

        Raises:
            UserError: a block line has too many pairs.
        """
        name = self._matching.name
        known = self._engine.columns(WAREHOUSE, xref_table(name)) is not None
        if not self.landed:
            if not known:
                self._no_records()
            return (0, 0, 0)
        records = self._engine.arrow(records_query(self._matching))
        found = link(self._matching, records, self._model(), str(self._storage.temporary))
        self._engine.provide(MATCHED, found.records)
        moment = datetime.now(ZoneInfo(self._repository.workspace.time_zone)).replace(tzinfo=None)
        statements = load_crossreference(self._repository, self._matching, moment, known=known)
        for statement in statements:
            self._engine.run(statement)
        self._keep(found)
        return self._counted()

    def keys(self) -> str:
        """What those go by who refer to records."""
        return digest([self._engine.rows(golden_keys_query(self._matching))[0][0]])

    def make(self) -> None:
        """Make the golden records of what was found."""
        make = load_golden if self.landed else empty_golden
        for statement in make(self._repository, self._matching):
            self._engine.run(statement)

    def _no_records(self) -> None:
        name = self._matching.name
        create = create_table(xref_table(name), WAREHOUSE, empty_crossreference(self._matching))
        self._engine.run(Statement(create, f"no records of {name} yet"))

    def _counted(self) -> Rows:
        present = (
            exp.select(exp.Count(this=exp.Star()), exp.func("COUNT_IF", column("leads")))
            .from_(table(xref_table(self._matching.name), WAREHOUSE))
            .where(column("present"))
        )
        [(records, golden)] = self._engine.rows(present)
        return (records, golden, records - golden)

    def _model(self) -> LinkageModel | None:
        """The model of the run before."""
        if self._engine.columns(WAREHOUSE, MODELS) is None:
            return None
        query = (
            exp.select(column("identity"), column("settings"), column("records"))
            .from_(table(MODELS, WAREHOUSE))
            .where(self._mine())
        )
        rows = self._engine.rows(query)
        return LinkageModel(rows[0][0], json.loads(rows[0][1]), rows[0][2]) if rows else None

    def _keep(self, found: Found) -> None:
        self._engine.provide(_PAIRS, found.pairs)
        everything = exp.select("*").from_(_PAIRS)
        pairs = create_table(pairs_table(self._matching.name), WAREHOUSE, everything)
        self._engine.run(Statement(pairs, f"keep pairs of {self._matching.name} that are alike"))
        if not found.estimated or found.model is None or not found.model.settled:
            return
        columns = [
            exp.ColumnDef(this=exp.to_identifier(name, quoted=True), kind=exp.DataType.build(kind))
            for name, kind in _MODEL_COLUMNS
        ]
        schema = exp.Schema(this=table(MODELS, WAREHOUSE), expressions=columns)
        create = exp.Create(this=schema, kind="TABLE", exists=True)
        self._engine.run(Statement(create, "prepare the models of matching"))
        delete = exp.Delete(this=table(MODELS, WAREHOUSE), where=exp.Where(this=self._mine()))
        self._engine.run(Statement(delete, "forget the former model"))
        model = found.model
        values = (self._matching.name, model.identity, model.written(), model.records)
        row = exp.Tuple(expressions=[exp.convert(value) for value in values])
        insert = exp.Insert(this=table(MODELS, WAREHOUSE), expression=exp.Values(expressions=[row]))
        self._engine.run(Statement(insert, "keep the model"))

    def _mine(self) -> exp.Expr:
        return column("entity").eq(text(self._matching.name))
