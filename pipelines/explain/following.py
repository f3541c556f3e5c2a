"""What the fact's rows refer to, judged again: entities, and members that were left out.

A row that was left out is not there for those that refer to it: they lead nowhere, and point at the
unknown member. To tell where they would have been, it is let in with what is known of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlglot import exp

from metadata.paths import ReferencePath
from metadata.repository import ResolvedDimension, ResolvedRole
from pipelines.explain.focus import paths_of_attribute
from pipelines.explain.replay import EntityReplay, Untraceable
from pipelines.explain.tables import (
    AS_IS,
    LEFT,
    LET_IN,
    REASONS,
    ROOT,
    Placing,
    followed_view,
    judged_table,
    let_in_table,
    lost_attribute,
)
from pipelines.explain.tracing import JudgedRows
from transforms import STAGING, WAREHOUSE, empty_entity
from transforms.dimensions import members_query
from transforms.facts import RATES, converts
from transforms.landing import BATCH, ROW
from transforms.references import References
from transforms.staging import NEXT, PART
from transforms.statements import (
    FIRST_DAY,
    LAST_DAY,
    UNKNOWN_KEY,
    call,
    column,
    create_table,
    create_view,
    named,
    number,
    ordered,
    row_number,
    table,
    text,
)


def follow_references(placing: Placing) -> None:
    """Judge what the rows refer to, and what that refers to: each entity for its keys alone.

    Makes `judged_<entity>`, and for each world a view of the rows that references lead to.
    """
    by_depth: dict[int, list[ReferencePath]] = {}
    for hop in placing.focus.hops:
        by_depth.setdefault(len(hop.hops), []).append(hop)
    entity, wanted = placing.focus.fact.entity.entity, _Wanted(placing)
    for depth in sorted(by_depth):
        for hop in by_depth[depth]:
            wanted.add(hop, References(placing.repository, entity, ROOT))
        wanted.judge()
    if converts(placing.repository, placing.focus.fact) and RATES not in placing.followed:
        _judge(placing, RATES, lambda replayed, target: replayed.judge_all(target, exp.true()))


def let_members_in(placing: Placing) -> None:
    """Make members of rows that were left out and that something refers to.

    Makes for each dimension that gains any `members_<dimension>`, and a view of staging by the
    dimension's name with its members in the version and these.
    """
    by_dimension: dict[str, list[ResolvedRole]] = {}
    for role in placing.asked_roles.values():
        by_dimension.setdefault(role.dimension.name, []).append(role)
    for name, roles in by_dimension.items():
        dimension = roles[0].dimension
        try:
            judged = _judge_absent(placing, dimension, roles)
            if judged is not None:
                _make_members(placing, dimension)
        except Untraceable as error:
            # Its left-out rows cannot be told of; everything else can.
            if error.issue not in placing.issues:
                placing.issues.append(error.issue)
            continue
        if judged is not None:
            placing.members[name] = judged


class _Wanted:
    """Keys by which something refers to entities, gathered until they are judged."""

    def __init__(self, placing: Placing) -> None:
        self._placing = placing
        self._queries: dict[str, list[exp.Query]] = {}

    def add(self, path: ReferencePath, references: References) -> None:
        """The keys that a reference holds, read by `references`."""
        placing = self._placing
        target = placing.target(path)
        [key] = placing.repository.entity(target).key
        value = references.value(path)
        query = references.joined(exp.select(named(value, key)).distinct())
        query = query.where(exp.not_(value.copy().is_(exp.null())))
        self._queries.setdefault(target, []).append(placing.seen(query, LET_IN))

    def judge(self) -> None:
        """Judge the rows of the keys; again with all of them where some have been judged before."""
        for entity in list(self._queries):
            target = f"wanted_{entity}"
            queries = self._queries.pop(entity)
            if target in self._placing.replay.tables(STAGING):
                queries.append(exp.select(exp.Star()).from_(table(target, STAGING)))
            union = queries[0]
            for each in queries[1:]:
                union = exp.union(union, each)
            self._placing.replay.run(create_table(target, STAGING, union))
            _judge(self._placing, entity, lambda replayed, t, w=target: replayed.judge_few(t, w))


def _judge(placing: Placing, entity: str, judge: Callable[[EntityReplay, str], None]) -> None:
    """Judge rows of an entity and make its views; one that cannot be followed is empty and told."""
    replay, target = placing.replay, judged_table(entity)
    try:
        replayed = replay.entity(entity)
        judge(replayed, target)
    except Untraceable as error:
        placing.issues.append(error.issue)
        placing.broken.add(entity)
        # The rows as they stand are the last of what an entity without any is given.
        *_, nothing = empty_entity(placing.repository, entity)
        for world in (AS_IS, LET_IN):
            query = _with_fate(exp.select(exp.Star()).from_(nothing.sql.expression.subquery("no")))
            replay.run(create_view(followed_view(entity, world), STAGING, query))
        return
    placing.followed[entity] = JudgedRows.last_of(replayed, target)
    names = [*replayed.entity.columns, "_changed_at"]
    staged = exp.select(*map(column, names)).from_(table(target, STAGING))
    staged = _with_fate(staged.where(column("_outcome").eq(text("staged"))))
    replay.run(create_view(followed_view(entity, AS_IS), STAGING, staged))
    let_in: exp.Query = staged
    if entity != RATES:
        let_in = exp.select(*map(column, (*names, REASONS)), named(_is_left_out(), LEFT))
        [key] = replayed.entity.key
        let_in = let_in.from_(_one_of_each(target, key).subquery("one"))
    replay.run(create_view(followed_view(entity, LET_IN), STAGING, let_in))


def _with_fate(query: exp.Select) -> exp.Select:
    return query.select(named(text(""), REASONS), named(exp.false(), LEFT))


def _is_left_out() -> exp.Expr:
    return column("_outcome").neq(text("staged"))


def _one_of_each(judged: str, key: str) -> exp.Select:
    """For each key the staged row, or the newest of those that were left out."""
    newest = [ordered(column(name), descending=True) for name in (BATCH, ROW)]
    place = row_number([column(key)], [ordered(_is_left_out()), *newest])
    ranked = exp.select(exp.Star(), named(place, "_best")).from_(table(judged, STAGING))
    ranked = ranked.where(exp.not_(column(key).is_(exp.null())))
    best = exp.select(exp.Star()).from_(ranked.subquery("ranked"))
    return best.where(column("_best").eq(number(1)))


def lost(references: References, path: ReferencePath) -> list[exp.Expr]:
    """When a value on a path is not known: it, or a reference on the way, was refused."""
    found: list[exp.Expr] = []
    for depth in range(len(path.hops) + 1):
        name = path.hops[depth].column if depth < len(path.hops) else path.column
        if any(h.to not in references.repository.mapped_entities for h in path.hops[:depth]):
            continue
        refused = call(
            "contains",
            exp.DPipe(this=text(NEXT), expression=references.beside(path, depth, REASONS)),
            text(f"{NEXT}{name}{PART}"),
        )
        missing = references.beside(path, depth, name).is_(exp.null())
        found.append(exp.and_(missing, refused))
    return found


def _judge_absent(
    placing: Placing, dimension: ResolvedDimension, roles: Sequence[ResolvedRole]
) -> JudgedRows | None:
    """Judge the rows of members that are referred to and are in no version of the dimension."""
    assert dimension.entity is not None
    natural, replay = dimension.natural_key, placing.replay
    wanted, target = f"wanted_members_{dimension.name}", f"absent_{dimension.name}"
    parts: list[exp.Query] = []
    for role in roles:
        references = References(placing.repository, placing.focus.fact.entity.entity, ROOT)
        value = references.value(role.path)
        query = references.joined(exp.select(named(value, natural)).distinct())
        parts.append(placing.seen(query, LET_IN))
    union = parts[0]
    for each in parts[1:]:
        union = exp.union(union, each)
    there = exp.select(column(natural)).from_(table(dimension.table, WAREHOUSE))
    there = there.where(exp.not_(column(natural).is_(exp.null())))
    absent = (
        exp.select(column(natural))
        .from_(union.subquery("referred"))
        .where(
            exp.not_(column(natural).is_(exp.null())),
            exp.not_(exp.In(this=column(natural), query=there.subquery())),
        )
    )
    replay.run(create_table(wanted, STAGING, absent))
    [[count]] = replay.rows(exp.select(exp.Count(this=exp.Star())).from_(table(wanted, STAGING)))
    if not count:
        return None
    replayed = replay.entity(dimension.entity.entity)
    replayed.judge_few(target, wanted)
    return JudgedRows.last_of(replayed, target)


def absent_rows(dimension: ResolvedDimension) -> exp.Select:
    """The rows that were left out and that members are made of, one for each key."""
    best = _one_of_each(f"absent_{dimension.name}", dimension.natural_key)
    return best.where(_is_left_out())


def _make_members(placing: Placing, dimension: ResolvedDimension) -> None:
    assert dimension.entity is not None
    replay, repository = placing.replay, placing.repository
    rows, entity = f"absent_rows_{dimension.name}", dimension.entity.entity
    replay.run(create_table(rows, STAGING, absent_rows(dimension)))
    asked = _asked_attributes(placing, dimension)
    paths = {name: paths_of_attribute(repository, dimension, name) for name in asked}
    _follow_attributes(placing, entity, rows, [p for each in paths.values() for p in each])
    query = members_query(repository, dimension, asked, root=rows)
    references = References(repository, entity, rows)
    flags = exp.select(named(references.named(dimension.natural_key), "_member"))
    for name in asked:
        conditions = [part for path in paths[name] for part in lost(references, path)]
        is_lost = exp.func("COALESCE", exp.or_(*conditions), exp.false())
        flags.select(named(is_lost, lost_attribute(name)), copy=False)
    place = row_number([], [ordered(column(dimension.natural_key, "member"))])
    surrogate = exp.Sub(this=number(UNKNOWN_KEY), expression=place)
    made = (
        exp.select(
            named(exp.cast(surrogate, "BIGINT"), dimension.surrogate_key),
            exp.column(exp.Star(), table="member"),
            exp.column(exp.Star(), table="flags"),
        )
        .from_(placing.seen(query, LET_IN).subquery("member"))
        .join(
            placing.seen(references.joined(flags), LET_IN).subquery("flags"),
            on=column("_member", "flags").eq(column(dimension.natural_key, "member")),
        )
    )
    replay.run(create_table(let_in_table(dimension.name), STAGING, made))
    _see_members(placing, dimension, asked)


def _see_members(placing: Placing, dimension: ResolvedDimension, asked: Sequence[str]) -> None:
    """The dimension of the version, with the members that were let in."""
    keys = (dimension.surrogate_key, dimension.natural_key)
    names = list(dict.fromkeys((*keys, *asked)))
    known = exp.select(*map(column, (*names, "valid_from", "valid_to", "is_current")))
    always = [named(exp.cast(text(day), "TIMESTAMP"), "day") for day in (FIRST_DAY, LAST_DAY)]
    gained = exp.select(*map(column, names), *always, exp.true())
    union = exp.union(
        known.from_(table(dimension.table, WAREHOUSE)),
        gained.from_(table(let_in_table(dimension.name), STAGING)),
        distinct=False,
    )
    placing.replay.run(create_view(dimension.table, STAGING, union))


def _asked_attributes(placing: Placing, dimension: ResolvedDimension) -> tuple[str, ...]:
    """Attributes of a dimension that the cell asks for, in any role."""
    found: dict[str, None] = {}
    for level in placing.cell.asked_levels:
        role, _, attribute = level.partition(".")
        own = placing.asked_roles.get(role)
        if own is not None and own.dimension.name == dimension.name:
            found[attribute] = None
    found.pop(dimension.natural_key, None)
    return tuple(name for name in found if name in dimension.attributes)


def _follow_attributes(
    placing: Placing, entity: str, rows: str, paths: Sequence[ReferencePath]
) -> None:
    """Judge what left-out members refer to, as far as their attributes are read from it."""
    mapped = placing.repository.mapped_entities
    steps: dict[tuple[str, ...], ReferencePath] = {}
    for path in paths:
        if all(hop.to in mapped for hop in path.hops):
            for depth in range(1, len(path.hops) + 1):
                prefix = path.prefix[:depth]
                steps[prefix] = placing.repository.path(entity, ".".join(prefix))
    wanted = _Wanted(placing)
    for depth in sorted({len(prefix) for prefix in steps}):
        for prefix, step in steps.items():
            if len(prefix) == depth:
                wanted.add(step, References(placing.repository, entity, rows))
        wanted.judge()
