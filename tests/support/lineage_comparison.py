"""The declared lineage graph beside what the statements of a run really read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest
import sqlglot
from sqlglot import exp
from statement_lineage import Column, Relation, StatementLineage

from cubes import Query
from cubes.compile import compile_plan
from cubes.plan import plan
from cubes.resolve import resolve
from metadata.lineage import Edge, LineageGraph, lineage_of
from metadata.repository import Repository, ResolvedCube
from pipelines.engine import DuckDBEngine
from transforms import Statement, load_dimension
from transforms.dimensions import columns_of_dimension
from transforms.statements import data_type

_TECHNICAL = {"_batch", "_row", "_extracted_at", "_deleted", "_changed_at"}


@contextmanager
def recorded() -> Iterator[list[exp.Expr]]:
    """The statements that engines run meanwhile."""
    statements: list[exp.Expr] = []
    run = DuckDBEngine.run

    def noting(engine: DuckDBEngine, statement: Statement) -> None:
        # As it is sent: read back from the text that the engine gets.
        statements.append(sqlglot.parse_one(engine.render(statement.sql), dialect="duckdb"))
        run(engine, statement)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DuckDBEngine, "run", noting)
        yield statements


def differences(repository: Repository, real: StatementLineage) -> list[str]:
    """Where the declared lineage of a workspace and what its statements read differ."""
    comparison = Comparison(repository, lineage_of(repository), real)
    assert comparison.compared().keys() >= _loaded(repository)
    return [*comparison.undeclared(), *comparison.unread(), *comparison.of_measures()]


def _loaded(repository: Repository) -> set[str]:
    """The tables that a run makes; a comparison of less would prove less."""
    return {
        *(f"entity:{name}" for name in repository.mapped_entities),
        *(f"dimension:{dimension.table}" for dimension in repository.dimensions.values()),
        *(f"bridge:{bridge.table}" for bridge in repository.bridges.values()),
        *(f"fact:{fact.table}" for fact in repository.facts.values()),
    }


def read(repository: Repository, statements: Iterable[exp.Expr]) -> StatementLineage:
    """What the statements of a first run read, and those of later ones, which amend dimensions."""
    real = StatementLineage(lambda name: name.startswith(("judged_", "incoming_")))
    for statement in (*statements, *_changes(repository)):
        real.read(statement)
    return real


class Comparison:
    """What statements read and the graph does not say, and the other way round."""

    def __init__(self, repository: Repository, graph: LineageGraph, real: StatementLineage) -> None:
        self._repository = repository
        self._graph = graph
        self._real = real
        self._tables = {
            node.table if node.kind != "source" else _landed(node.table): node.table_id
            for node in graph.nodes.values()
            if node.kind in ("source", "entity", "dimension", "bridge", "fact", "rollup")
        }
        self._folded = {node.casefold(): node for node in graph.nodes}

    def compared(self) -> dict[str, Relation]:
        """The relations that are nodes of the graph and were made by statements."""
        return {
            self._tables[name]: relation
            for name, relation in self._real.relations.items()
            if name in self._tables and not self._tables[name].startswith("source:")
        }

    def undeclared(self) -> Iterator[str]:
        """Columns that statements read for a value or a decision, and the graph does not say."""
        for table, relation in self.compared().items():
            for column, sources in relation.values.items():
                if column in _TECHNICAL:
                    continue
                target = f"{table}.{column}"
                if target not in self._graph.nodes:
                    yield f"no node {target}"
                    continue
                declared = self._declared(target)
                joined = {each for each in relation.joined[column] if each[1] not in _TECHNICAL}
                for source in sorted(self._ids(sources | joined) - declared):
                    # Versions are amended from what stands in them already.
                    if not self._is_of(source, table):
                        yield f"{target} reads {source}"
            # A join that is made for one column decides about that column alone.
            nodes = [table, *(column.id for column in self._graph.columns(table))]
            declared = {source for node in nodes for source in self._declared(node)}
            # Where all else is equal, the newest batch and the place in it decide.
            decisions = {each for each in relation.decisions if each[1] not in _TECHNICAL}
            for source in sorted(self._ids(decisions) - declared):
                # Versions are compared with themselves, to see whether anything has changed.
                if not self._is_of(source, table):
                    yield f"{table} is decided by {source}"

    def unread(self) -> Iterator[str]:
        """What the graph says and no statement does."""
        for table, relation in self.compared().items():
            everything = self._ids(relation.decisions) | {
                each for sources in relation.values.values() for each in self._ids(sources)
            }
            for node in (self._graph.nodes[table], *self._graph.columns(table)):
                values = self._ids(relation.values.get(str(node.column), set()))
                for edge in self._graph.into(node.id):
                    # Rows are not columns, and behind a list of codes stand columns of its own.
                    if self._graph.nodes[edge.source].column is None:
                        continue
                    match edge.how:
                        case "lookup" | "join" if node.column in relation.values:
                            # A lookup replaces the code by what a join finds for it.
                            found = values | self._ids(relation.joined[node.column])
                        case _:
                            found = values if edge.direct else everything
                    if edge.source not in found:
                        yield f"{node.id} does not read {edge.source} ({edge.how}: {edge.rule})"

    def of_measures(self) -> Iterator[str]:
        """Where a measure's own statement and the graph differ; asked of the fact, not a rollup."""
        for cube in self._repository.cubes.values():
            for measure in cube.measures:
                asked = resolve(self._repository, Query(cube.name, (measure,)))
                real = self._real.read_query(compile_plan(plan(asked)))
                values = self._ids(real.values[measure])
                read = values | self._ids(real.decisions)
                node = f"measure:{cube.name}.{measure}"
                declared = list(self._behind(node))
                said = {edge.source for edge in declared}
                for source in sorted(read - said):
                    yield f"{node} reads {source}"
                for edge in declared:
                    whole = self._graph.nodes[edge.source].column is None
                    found = values if edge.direct else read
                    if not whole and edge.source not in found | _keys_counted(cube, values):
                        yield f"{node} does not read {edge.source} ({edge.how}: {edge.rule})"

    def _behind(self, measure: str) -> Iterator[Edge]:
        """Edges into a measure, or into the two that it divides; rollups are another way."""
        for edge in self._graph.into(measure):
            if edge.how == "ratio":
                yield from self._behind(edge.source)
            elif edge.how != "prepared":
                yield edge

    def _is_of(self, node: str, table: str) -> bool:
        known = self._graph.nodes.get(node)
        return known is not None and known.table_id == table

    def _declared(self, node: str) -> set[str]:
        """The columns that the graph says lead to a node, or to a lookup that leads there."""
        sources = {edge.source for edge in self._graph.into(node)}
        lookups = [source for source in sources if source.startswith("lookup:")]
        return sources | {edge.source for each in lookups for edge in self._graph.into(each)}

    def _ids(self, columns: Iterable[Column]) -> set[str]:
        return {each for column in columns for each in self._id(*column)}

    def _id(self, table: str, column: str) -> Iterator[str]:
        known = self._tables.get(table)
        if known is None:
            assert table == "holiday_calendar", table
            return
        if column == "_changed_at" and known.startswith("entity:"):
            changed = self._repository.entity(table).changed_at
            yield from [f"{known}.{changed}"] if changed else []
        elif column not in _TECHNICAL or f"{known}.{column}" in self._graph.nodes:
            exact = f"{known}.{column}"
            yield self._folded.get(exact.casefold(), exact)


def _keys_counted(cube: ResolvedCube, values: set[str]) -> set[str]:
    """Where no member has several versions, facts' keys are counted in place of the members'."""
    return {
        f"dimension:{role.dimension.table}.{key}"
        for role in cube.roles.values()
        if f"fact:{cube.fact.table}.{role.key_column}" in values
        for key in (role.dimension.surrogate_key, role.dimension.natural_key)
    }


def _changes(repository: Repository) -> Iterator[exp.Expr]:
    """Statements that bring dimensions up to date that stand in the build already."""
    for dimension in repository.dimensions.values():
        if dimension.entity is not None:
            columns = columns_of_dimension(dimension)
            if dimension.definition.parent:
                columns["parent_key"] = "integer"
            existing = {name: data_type(kind).sql("duckdb") for name, kind in columns.items()}
            moment = datetime(2025, 1, 1)
            for statement in load_dimension(repository, dimension.name, existing, moment):
                yield statement.sql


def _landed(table: str) -> str:
    return "landed_" + table.replace(".", "__")
