"""Explaining a figure: from its definition to the rows its sources delivered, and up again."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from cubes import Cell, CellFacts, Engine
from cubes.cell import PlannedCell, plan_cell
from cubes.cell_rows import counts_name, value_name
from cubes.drill import same_figure
from metadata import Repository
from metadata.applied import access_in_force
from metadata.errors import Issue, UserError
from metadata.seen import seen_by
from pipelines.explain.changes import changed_since, repository_of
from pipelines.explain.defining import definition_of
from pipelines.explain.fact_rows import fact_rows
from pipelines.explain.focus import focus_on
from pipelines.explain.leaving_out import LISTED, left_out, list_left_out
from pipelines.explain.placing import FACT, ROWS_COMPARED, place
from pipelines.explain.replay import Untraceable, open_version
from pipelines.explain.sources import Sources
from pipelines.explain.tables import KEYS, SHOWN, VERDICTS, WANTED, Placing
from pipelines.explain.tracing import JudgedRows
from pipelines.explain.values import Check, Explanation, Facts
from transforms import STAGING
from transforms.statements import column, create_table, table, text

MOST_SHOWN = 1_000
"""Rows of each kind that are followed at the most."""


def explain(
    repository: Repository,
    cell: Cell,
    *,
    version: int | None = None,
    limit: int = 10,
    find_left_out: bool = True,
    user: str | None = None,
) -> Explanation:
    """Explain one figure of a cube.

    Args:
        repository: the workspace; the version is explained by the definitions it was built by.
        cell: the figure.
        version: the published version to explain; the one that readers see when None.
        limit: fact rows to show and follow, and left-out rows of each outcome; totals are about
            all of them.
        find_left_out: whether to look for rows that were left out, which reads everything that
            landed for the fact's entity.
        user: for whom; the figure and its facts are then those that access policies let the user
            see, and rows of sources are followed for engineers only, on whom no policy holds.

    Raises:
        UserError: the figure cannot be asked, or there is no such version. What cannot be followed
            to where it came from is told in the answer's `issues`.
    """
    if not 1 <= limit <= MOST_SHOWN:
        raise UserError(f"'limit' must be from 1 to {MOST_SHOWN:,}, and it is {limit}.")
    number = version or Engine(repository).version()
    built_by = repository_of(repository, number) if number is not None else None
    metadata = built_by or repository
    seen, raw = metadata, True
    if user is not None:
        rules = access_in_force(repository.root, repository)
        viewer = rules.viewer(user)
        seen = seen_by(metadata, rules, viewer)
        raw = seen is metadata and rules.may_see_raw(viewer)
    planned = plan_cell(seen, cell)
    engine = Engine(seen, version=number)
    try:
        facts = engine.facts_of(cell, limit=limit)
    finally:
        engine.close()
    if not raw:
        return _without_sources(facts, planned, metadata)
    with open_version(metadata, facts.version) as replay:
        placing = Placing(replay, metadata, planned, focus_on(metadata, planned))
        placing.issues += changed_since(placing) if built_by is None else ()
        return _explained(facts, placing, limit, find_left_out=find_left_out)


def _without_sources(facts: CellFacts, cell: PlannedCell, metadata: Repository) -> Explanation:
    """The figure down to its facts."""
    told = Issue(
        "Rows as sources delivered them are not shown to you.",
        why="They are for people with the role engineer, on whom no access policy holds.",
    )
    return Explanation(
        cell=facts.cell,
        version=facts.version,
        filter=facts.filter,
        value=facts.value,
        definition=definition_of(metadata, cell, facts),
        facts=Facts(
            cell.cube.fact.table, facts.rows, facts.counted, fact_rows(facts, None, None, Sources())
        ),
        sources={},
        left_out=None,
        checks=tuple(_figure_checks(facts)),
        issues=(told,),
        answered_from=facts.answered_from,
        sql=facts.sql,
        rows_sql=facts.rows_sql,
    )


def _explained(
    facts: CellFacts, placing: Placing, limit: int, *, find_left_out: bool
) -> Explanation:
    sources = Sources()
    root = _follow(facts, placing, limit, find_left_out=find_left_out)
    told = find_left_out and root is not None and placing.complete
    checks = list(_figure_checks(facts))
    if root is not None:
        checks += _replay_checks(facts, placing)
    rows = fact_rows(facts, placing if root is not None else None, root, sources)
    found = left_out(facts, placing, root, sources) if told and root is not None else None
    return Explanation(
        cell=facts.cell,
        version=facts.version,
        filter=facts.filter,
        value=facts.value,
        definition=definition_of(placing.repository, placing.cell, facts),
        facts=Facts(placing.focus.fact.table, facts.rows, facts.counted, rows),
        sources=sources.rows,
        left_out=found,
        checks=tuple(checks),
        issues=tuple(placing.issues),
        answered_from=facts.answered_from,
        sql=facts.sql,
        rows_sql=facts.rows_sql,
    )


def _follow(
    facts: CellFacts, placing: Placing, limit: int, *, find_left_out: bool
) -> JudgedRows | None:
    """Judge again what is shown; None where the fact's own rows cannot be followed."""
    replay, entity = placing.replay, placing.focus.fact.entity.entity
    replay.provide(SHOWN, facts.table.select(list(facts.grain)))
    try:
        compared = facts.counted <= ROWS_COMPARED
        place(placing, compared=compared, left_out=find_left_out)
        list_left_out(placing, limit if find_left_out else 0)
        replay.run(create_table("shown_keys", STAGING, _shown_keys(placing)))
        root = replay.entity(entity)
        root.judge_few("shown_rows", "shown_keys", LISTED)
    except Untraceable as error:
        placing.issues.append(error.issue)
        return None
    return JudgedRows.last_of(root, "shown_rows")


def _shown_keys(placing: Placing) -> exp.Query:
    keys = [column(key) for key in placing.focus.fact.grain]
    shown = exp.select(*keys).from_(table(SHOWN, STAGING))
    return exp.union(shown, exp.select(*keys).from_(table(LISTED, STAGING)))


def _figure_checks(facts: CellFacts) -> Iterable[Check]:
    for part in facts.parts if len(facts.parts) > 1 else ():
        holds = same_figure(part.value, part.listed)
        yield Check("rows_make_the_part", part.name, holds, part.value, part.listed)
    holds = same_figure(facts.value, facts.listed)
    yield Check("rows_make_the_figure", facts.cell.measure, holds, facts.value, facts.listed)


def _replay_checks(facts: CellFacts, placing: Placing) -> Iterable[Check]:
    """Every row of the cell is in the landing zone, and gives the same values once more."""
    fact = placing.focus.fact
    same_key = exp.and_(*(column(key, "kept").eq(column(key, "again")) for key in fact.grain))
    same_values = exp.and_(
        *(
            exp.NullSafeEQ(this=column(name, "kept"), expression=column(name, "again"))
            for part in range(len(facts.parts))
            for name in (value_name(part), counts_name(part))
        )
    )
    again = (
        exp.select(exp.Star())
        .from_(table(VERDICTS, STAGING))
        .where(column("_verdict").eq(text(FACT)))
    )
    is_wanted = exp.and_(*(column(key, "kept").eq(column(key, "w")) for key in fact.grain))
    found = exp.not_(column("_id", "again").is_(exp.null()))
    query = (
        exp.select(exp.Count(this=exp.Star()), _counted(found), _counted(same_values))
        .from_(table(KEYS, STAGING, "kept"))
        .join(table(WANTED, STAGING, "w"), on=is_wanted, join_type="SEMI")
        .join(again.subquery("again"), on=same_key, join_type="LEFT")
    )
    [[wanted, there, alike]] = placing.replay.rows(query)
    yield Check("rows_are_found", fact.table, wanted == there, wanted, there)
    if placing.complete:
        yield Check("values_agree", fact.table, wanted == alike, wanted, alike)


def _counted(condition: exp.Expr) -> exp.Expr:
    return exp.Filter(this=exp.Count(this=exp.Star()), expression=exp.Where(this=condition))
