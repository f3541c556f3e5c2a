"""Lineage read back from SQL statements with a parser's scopes: the witness of the declared graph.

Nothing here knows the metadata. A statement is qualified, and every output column is followed
through subqueries and common table expressions to the columns of tables. Beside the values stand
the columns that decide: in ON, WHERE, GROUP BY, and in what ranks rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from sqlglot import exp
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope

Column = tuple[str, str]
"""Table and column."""


@dataclass
class Relation:
    """What a table, view or temporary table was made of."""

    values: dict[str, set[Column]] = field(default_factory=dict)
    """Columns in the expression of each output column, conditions within it included."""
    joined: dict[str, set[Column]] = field(default_factory=dict)
    """Columns that decide which row each output column is taken from, where LEFT JOINs find it."""
    decisions: set[Column] = field(default_factory=set)
    """Columns by which rows are joined, filtered, grouped or ranked, anywhere on the way."""

    @property
    def columns(self) -> list[str]:
        return list(self.values)


class StatementLineage:
    """Reads statements in the order in which they ran.

    Args:
        passed_through: whether a relation is looked through, as if its query stood in its place.
    """

    def __init__(self, passed_through: Callable[[str], bool]) -> None:
        self.relations: dict[str, Relation] = {}
        self.passes = passed_through

    def read(self, statement: exp.Expr) -> None:
        # What the loader notes for itself is no data; refused rows are kept as they came.
        if statement.find(exp.Table).name.startswith(("_", "quarantine_")):
            return
        match statement:
            case exp.Create() if statement.expression is not None:
                self._into(_name(statement.this), statement.expression, fresh=True)
            case exp.Insert():
                names = [each.name for each in statement.this.expressions]
                self._into(_name(statement.this.this), statement.expression, names)
            case exp.Update():
                self._into(_name(statement.this), _as_query(statement))
            case exp.Create() | exp.Alter() | exp.Drop():
                pass
            case _:
                raise AssertionError(f"unread: {statement.sql('duckdb')[:200]}")

    def read_query(self, query: exp.Query) -> Relation:
        """What a query alone is made of."""
        return self._query(query)

    def _into(
        self, target: str, query: exp.Expr, names: list[str] | None = None, fresh: bool = False
    ) -> None:
        made = self._query(query)
        known = Relation() if fresh else self.relations.setdefault(target, Relation())
        self.relations[target] = known
        for name, column in zip(made.values, names or made.values, strict=True):
            known.values.setdefault(column, set()).update(made.values[name])
            known.joined.setdefault(column, set()).update(made.joined[name])
        known.decisions |= made.decisions

    def _query(self, query: exp.Expr) -> Relation:
        schema = {name: dict.fromkeys(r.columns, "VARCHAR") for name, r in self.relations.items()}
        bare = _undatabased(query.copy())
        if isinstance(bare, exp.Subquery):
            bare = bare.unnest()
        tree = qualify(
            bare,
            schema=schema,
            dialect="duckdb",
            validate_qualify_columns=False,
            identify=False,
            canonicalize_table_aliases=False,
        )
        scopes = traverse_scope(tree)
        reader = _Reader(self, scopes)
        outputs = list(enumerate(tree.named_selects))
        values = {name: set(reader.output(scopes[-1], place)) for place, name in outputs}
        joined = {name: set(reader.joined(scopes[-1], place)) for place, name in outputs}
        decisions: set[Column] = set()
        for scope in scopes:
            decisions |= reader.deciding(scope)
        return Relation(values, joined, decisions)

    def leaf(self, table: str, column: str) -> set[Column]:
        if self.passes(table):
            return self.relations[table].values[column]
        return {(table, column)}


class _Reader:
    """Follows columns of one statement; each output is followed once."""

    def __init__(self, lineage: StatementLineage, scopes: list[Scope]) -> None:
        self._lineage = lineage
        self._scopes = {id(scope.expression): scope for scope in scopes}
        self._known: dict[tuple[int, int], set[Column]] = {}
        self._joined: dict[tuple[int, int], set[Column]] = {}

    def deciding(self, scope: Scope) -> set[Column]:
        """What decides about the rows of one query, not of those within it."""
        found = {leaf for part in _deciding(scope.expression) for leaf in self.leaves(part, scope)}
        for source in scope.sources.values():
            if isinstance(source, exp.Table) and self._lineage.passes(source.name):
                found |= self._lineage.relations[source.name].decisions
        return found

    def output(self, scope: Scope, position: int) -> set[Column]:
        # What a recursive part refers to is a scope that was not looked into.
        scope = self._scopes.get(id(scope.expression), scope)
        key = (id(scope.expression), position)
        if key not in self._known:
            # A recursive part meets itself here and adds nothing.
            self._known[key] = set()
            self._known[key] = set(self._output(scope, position))
        return self._known[key]

    def _output(self, scope: Scope, position: int) -> Iterator[Column]:
        if scope.set_operation_scopes:
            for part in scope.set_operation_scopes:
                yield from self.output(part, position)
        else:
            yield from self.leaves(scope.expression.selects[position], scope)

    def joined(self, scope: Scope, position: int) -> set[Column]:
        """What decides which joined row an output is taken from."""
        scope = self._scopes.get(id(scope.expression), scope)
        key = (id(scope.expression), position)
        if key not in self._joined:
            self._joined[key] = set()
            self._joined[key] = set(self._joined_of(scope, position))
        return self._joined[key]

    def _joined_of(self, scope: Scope, position: int) -> Iterator[Column]:
        if scope.set_operation_scopes:
            for part in scope.set_operation_scopes:
                yield from self.joined(part, position)
        else:
            yield from self._joins(scope.expression.selects[position], scope, frozenset())

    def _joins(self, expression: exp.Expr, scope: Scope, on_the_way: frozenset) -> Iterator[Column]:
        on = {
            join.this.alias_or_name: join.args["on"]
            for join in scope.expression.args.get("joins") or ()
            if join.side == "LEFT"
        }
        for column in expression.find_all(exp.Column):
            alias = column.table
            source = scope.sources.get(alias)
            inner = self._scopes.get(id(source.expression)) if isinstance(source, Scope) else None
            if alias in on and alias not in on_the_way:
                yield from self.leaves(on[alias], scope)
                yield from self._joins(on[alias], scope, on_the_way | {alias})
                if inner is not None:
                    for each in (inner, *inner.traverse()):
                        yield from self.deciding(each)
            if inner is not None:
                yield from self.joined(inner, _names_of(source).index(column.name))
            elif isinstance(source, exp.Table) and self._lineage.passes(source.name):
                yield from self._lineage.relations[source.name].joined[column.name]
            elif not alias and column.name in scope.expression.named_selects:
                position = scope.expression.named_selects.index(column.name)
                yield from self.joined(scope, position)

    def leaves(self, expression: exp.Expr, scope: Scope) -> Iterator[Column]:
        variables = {
            name.name for each in expression.find_all(exp.Lambda) for name in each.expressions
        }
        for node in expression.walk(prune=lambda each: isinstance(each, exp.Query)):
            if isinstance(node, exp.Query):
                inner = self._scopes[id(node.unnest())]
                for position in range(len(inner.expression.named_selects)):
                    yield from self.output(inner, position)
            elif isinstance(node, exp.Column) and node.table:
                yield from self._source(node, scope)
            elif isinstance(node, exp.Column) and node.name not in variables:
                # A name without a table is another output of the same query.
                position = scope.expression.named_selects.index(node.name)
                yield from self.output(scope, position)

    def _source(self, column: exp.Column, scope: Scope) -> Iterator[Column]:
        source = scope.sources.get(column.table)
        here: Scope | None = scope
        while source is None and here is not None:
            here = here.parent
            source = here.sources.get(column.table) if here else None
        if isinstance(source, exp.Table):
            if isinstance(source.this, exp.Identifier):
                yield from self._lineage.leaf(source.name, column.name)
        elif isinstance(source, Scope):
            names = _names_of(source)
            yield from self.output(source, names.index(column.name))
        else:
            raise AssertionError(f"no source {column.table} in {scope.expression.sql()[:300]}")


def _names_of(scope: Scope) -> list[str]:
    """Names of a source's outputs; a common table expression may give its own."""
    cte = scope.expression.parent
    alias = cte.args.get("alias") if isinstance(cte, exp.CTE) else None
    columns = [each.name for each in alias.columns] if alias else []
    return columns or list(scope.expression.named_selects)


def _deciding(query: exp.Expr) -> Iterator[exp.Expr]:
    """Conditions, groups and ranks of one query (not of those within it)."""
    for join in query.args.get("joins") or ():
        if join.args.get("on") is not None:
            yield join.args["on"]
    for part in ("where", "having", "qualify"):
        if query.args.get(part) is not None:
            yield query.args[part].this
    group = query.args.get("group")
    yield from group.expressions if group is not None else ()
    for projection in getattr(query, "selects", ()):
        for window in projection.find_all(exp.Window):
            yield from window.args.get("partition_by") or ()
            if window.args.get("order") is not None:
                yield from window.args["order"].expressions


def _as_query(update: exp.Update) -> exp.Select:
    """What an UPDATE reads, as a query with a column for each that it sets."""
    query = exp.select(
        *(
            exp.alias_(each.expression.copy(), each.this.name, quoted=True)
            for each in update.expressions
        )
    ).from_(exp.alias_(update.this.copy(), update.this.name, table=True))
    if update.args.get("from_") is not None:
        query = query.join(update.args["from_"].this.copy(), join_type="CROSS")
    return query.where(update.args["where"].this.copy())


def _undatabased(query: exp.Expr) -> exp.Expr:
    """The two databases share no names here, and temporary tables are in neither."""
    for table in query.find_all(exp.Table):
        table.set("db", None)
    return query


def _name(table: exp.Expr) -> str:
    return table.name


def only(columns: Iterable[Column], known: Callable[[Column], bool]) -> set[Column]:
    """The columns of which something is known."""
    return {column for column in columns if known(column)}
