"""Measures of cubes, asked of the star that was made of rows without values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlglot import exp

from cubes.compile import column, compile_plan, join_member, table_as
from cubes.plan import plan
from cubes.query import Query
from cubes.resolve import resolve
from cubes.scope import Scope
from metadata import Repository
from metadata.errors import Issue
from metadata.repository import ResolvedCube
from pipelines.dry_run.trying import Trying, no_condition
from transforms import WAREHOUSE
from transforms.checks import with_columns


def refused_in_cubes(repository: Repository, trying: Trying) -> Iterator[Issue]:
    """Measures that the engine cannot compute; those of what is not there are left out."""
    made = trying.tables(WAREHOUSE)
    trying.use(WAREHOUSE)
    for cube in repository.cubes.values():
        dimensions = {role.dimension.table for role in cube.roles.values()}
        if not {cube.fact.table, *dimensions} <= made:
            continue
        names = tuple(cube.measures)
        for name, measure in cube.measures.items():
            if measure.where is not None and (unfit := _unfit(cube, trying, measure.where)):
                yield _refused(cube, name, unfit)
                names = tuple(each for each in names if each != name)
        if names and _reason(repository, cube, trying, names) is not None:
            for name in names:
                reason = _reason(repository, cube, trying, (name,))
                # A ratio of what is wrong is told with its part.
                if reason is not None and cube.measures[name].ratio is None:
                    yield _refused(cube, name, reason)


def _refused(cube: ResolvedCube, measure: str, reason: str) -> Issue:
    return Issue(
        f"Measure '{measure}' of cube '{cube.name}' cannot be computed.",
        cube.written.where("measures", measure),
        reason,
        "Check its 'where' against the types of what it reads.",
    )


def _unfit(cube: ResolvedCube, trying: Trying, condition: str) -> str | None:
    """What the filter of a measure gives that is no condition."""
    scope = Scope.of_fact(cube)

    def bound(dotted: str) -> exp.Expr:
        return column(scope.level(dotted) if "." in dotted else scope.own(dotted))

    tried = exp.select(exp.alias_(with_columns(condition, bound), "tried", quoted=True))
    tried = tried.from_(table_as(scope.base.table, scope.base.alias))
    for join in scope.joins:
        join_member(tried, join)
    made, reason = trying.gives(tried)
    return None if reason is not None else no_condition(made["tried"])


def _reason(
    repository: Repository, cube: ResolvedCube, trying: Trying, measures: Sequence[str]
) -> str | None:
    query = Query(cube.name, tuple(measures))
    return trying.gives(compile_plan(plan(resolve(repository, query))))[1]
