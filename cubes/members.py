"""Members of a level → one SELECT: those that occur in the cube's facts, in their order.

Only facts that may be seen by whoever asks have members.
"""

from __future__ import annotations

from sqlglot import exp

from cubes.compile import column, compile_plan
from cubes.nodes import Join, PhysicalColumn
from cubes.plan import plan
from cubes.predicates import EMPTY, Predicate, all_of, predicate_expression
from cubes.resolve import ResolvedQuery
from cubes.scope import Scope
from metadata.repository import Level, ResolvedCube


def members_statement(
    cube: ResolvedCube,
    level: Level,
    *,
    search: str | None = None,
    where: Predicate | None = None,
    limit: int,
) -> exp.Select:
    """The statement whose column `member` holds the members.

    The dimension is read, and only its rows that a fact points at: pointers are told apart much
    faster than facts are joined.
    """
    if cube.rights.smallest:
        return _of_large_cells(cube, level, search, where, limit)
    parts = (cube.rights.where, where)
    where = all_of(tuple(part for part in parts if part is not None))
    scope = Scope.of_fact(cube)
    member = scope.level(level.name)
    shown: exp.Expr = column(member)
    if level.type == "string":
        shown = exp.Coalesce(this=shown, expressions=[exp.Literal.string(EMPTY)])
    select = exp.select(exp.alias_(shown, "member", quoted=True))
    if level.role:
        own = scope.join(level.role)
        select = select.from_(_table(own)).where(
            exp.In(
                this=exp.column(own.key, table=own.alias, quoted=True),
                query=_of_facts(cube, own.base_key, where).subquery(),
            )
        )
    else:
        # The facts carry the label themselves: their distinct labels are all there are.
        labels = _of_facts(cube, member, where)
        select = select.from_(labels.subquery(exp.to_identifier(member.table, quoted=True)))
    if search:
        select = select.where(_holds(shown.copy(), search))
    return (
        select.group_by(column(member))
        .order_by(
            exp.Ordered(this=exp.Min(this=column(scope.sort_level(level.name))), nulls_first=False),
            exp.Ordered(this=column(member), nulls_first=False),
        )
        .limit(limit)
    )


def _of_large_cells(
    cube: ResolvedCube, level: Level, search: str | None, where: Predicate | None, limit: int
) -> exp.Select:
    """Members that a figure could be shown of: the rows of a question without figures."""
    asked = ResolvedQuery(cube, (), (), (level,), (), where, False, (), None, limit)
    select = compile_plan(plan(asked))
    member = exp.column(level.name, quoted=True)
    if search:
        select = select.where(_holds(member.copy(), search))
    [shown] = select.selects
    shown.replace(exp.alias_(member, "member", quoted=True))
    return select


def _holds(shown: exp.Expr, search: str) -> exp.Expr:
    # Both sides are lowered by the engine, so that they are lowered alike.
    written = exp.func("LOWER", exp.cast(shown, "VARCHAR"))
    sought = exp.func("LOWER", exp.Literal.string(search))
    return exp.Anonymous(this="contains", expressions=[written, sought])


def members_filters(cube: ResolvedCube) -> dict[str, exp.Expr]:
    """What must hold of the facts whose members are listed."""
    allowed = cube.rights.where
    if allowed is None:
        return {}
    scope = Scope.of_fact(cube)
    condition = predicate_expression(allowed, lambda name: column(scope.level(name)))
    return {scope.base.table: condition.unnest()}


def _of_facts(cube: ResolvedCube, wanted: PhysicalColumn, where: Predicate | None) -> exp.Select:
    """The distinct values of a column that facts hold, of all facts or of those under a filter."""
    scope = Scope.of_fact(cube)
    fact = exp.table_(scope.base.table, quoted=True, alias=scope.base.alias)
    select = exp.select(column(wanted)).distinct().from_(fact)
    if where is None:
        return select
    condition = predicate_expression(where, lambda name: column(scope.level(name)))
    for join in scope.joins:
        key = exp.column(join.key, table=join.alias, quoted=True)
        select = select.join(_table(join), on=key.eq(column(join.base_key)))
    return select.where(condition)


def _table(join: Join) -> exp.Table:
    return exp.table_(join.table, quoted=True, alias=exp.to_identifier(join.alias, quoted=True))
