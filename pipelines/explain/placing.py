"""Rows that were left out of a fact, made facts of all the same: would they be in the cell?

The rows are judged again, what they refer to beside them, and facts are made of them by the very
statement that makes the fact. What refers to a row that was itself left out takes it as if it had
been let in; so a fact that points at the unknown member for want of it is found where it would have
been. Where a row's own value is lost, or one of a row that it refers to, whatever hangs on it is
not known; the cell's filter is then decided in three values.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlglot import exp

from cubes.cell import columns_read
from cubes.cell_rows import PLACED, counts_name, keys_of_cell, passes_name, rows_placed
from metadata.expressions import columns_of
from metadata.paths import ReferencePath
from pipelines.explain.focus import WHERE, Hung
from pipelines.explain.following import follow_references, let_members_in, lost
from pipelines.explain.tables import (
    AS_IS,
    AT_NOBODY,
    KEYS,
    LEFT,
    LET_IN,
    ROOT,
    SHOWN,
    VERDICTS,
    WANTED,
    Placing,
    let_in_table,
    lost_attribute,
)
from transforms import STAGING, WAREHOUSE
from transforms.checks import with_columns
from transforms.facts import fact_rows
from transforms.references import References
from transforms.statements import (
    UNKNOWN_KEY,
    column,
    create_table,
    create_view,
    named,
    number,
    table,
    text,
)

FACT, LEFT_OUT, UNPLACED = "fact", "left_out", "unplaced"
"""A verdict: a row of the cell; one that would be in it; one of which that is not known."""
NOT_A_FACT = "not_a_fact"
"""Outcome of a staged row that the fact's own filter leaves out."""
AT_UNKNOWN = "at_unknown"
"""Outcome of a row of the fact that refers to a row that was left out."""
ROWS_COMPARED = 20_000
"""Rows of a cell that are all made again and compared; of a larger cell, those that are shown."""


def place(placing: Placing, *, compared: bool, left_out: bool) -> None:
    """Judge the fact's rows again and tell for each that was left out where it belongs.

    Makes the tables `root`, `cell_keys`, `wanted` and `verdicts`, and an entity's own for each
    that the fact refers to.

    Args:
        placing: what is explained; the keys of its shown rows stand in `shown`.
        compared: whether all rows of the cell are to be found, and not only the shown ones.
        left_out: whether rows that were left out are to be found, which reads all that landed.

    Raises:
        Untraceable: the rows of the fact's own entity cannot be followed.
    """
    replay, fact = placing.replay, placing.focus.fact
    keys = replay.in_version(keys_of_cell(placing.cell))
    replay.run(create_table(KEYS, STAGING, keys))
    wanted = KEYS if compared else SHOWN
    listed = exp.select(*map(column, fact.grain)).from_(table(wanted, STAGING))
    replay.run(create_table(WANTED, STAGING, listed))
    root = replay.entity(fact.entity.entity)
    if left_out:
        replay.run(create_table(AT_NOBODY, STAGING, _at_nobody(placing)))
        root.judge_all(ROOT, _worth_keeping(placing))
    else:
        root.judge_few(ROOT, WANTED)
    follow_references(placing)
    if left_out and placing.complete:
        let_members_in(placing)
    worlds = _worlds(placing, left_out=left_out and placing.complete)
    for world, rows in worlds.items():
        replay.run(create_view(f"rows_{world}", STAGING, rows))
        replay.run(create_table(f"hung_{world}", STAGING, _hung(placing, world)))
        replay.run(create_table(f"made_{world}", STAGING, _made(placing, world)))
        replay.run(create_table(f"placed_{world}", STAGING, _placed(placing, world)))
    for name in ("hung", "placed"):
        parts = [exp.select(exp.Star()).from_(table(f"{name}_{w}", STAGING)) for w in worlds]
        both = exp.union(*parts, distinct=False) if len(parts) > 1 else parts[0]
        replay.run(create_view(name, STAGING, both))
    replay.run(create_table(VERDICTS, STAGING, _verdicts(placing)))


def _at_nobody(placing: Placing) -> exp.Select:
    """Rows of the fact that point at the unknown member, or lack a value, where the cell asks."""
    fact = placing.focus.fact
    conditions: list[exp.Expr] = []
    for name, hung in placing.focus.hung.items():
        role = fact.roles.get(name)
        if role is not None:
            conditions.append(column(role.key_column).eq(number(UNKNOWN_KEY)))
        elif any(path.hops for path in hung.paths) and name in fact.available_measures:
            conditions.append(column(name).is_(exp.null()))
    return (
        exp.select(*map(column, fact.grain))
        .from_(table(fact.table, WAREHOUSE))
        .where(exp.or_(*conditions) if conditions else exp.false())
    )


def _worth_keeping(placing: Placing) -> exp.Expr:
    """Rows that were not staged, that the fact's filter leaves out, or that are to be found."""
    fact = placing.focus.fact
    conditions = [
        column("_outcome").neq(text("staged")),
        _is_in(fact.grain, WANTED),
        _is_in(fact.grain, AT_NOBODY),
    ]
    where = fact.definition.where
    if where and any(len(parts) > 1 for parts in columns_of(where)):
        # What the filter says is only known once references have been followed.
        conditions.append(exp.true())
    elif where:
        holds = exp.func("COALESCE", with_columns(where, column), exp.false())
        conditions.append(exp.not_(holds))
    return exp.or_(*conditions)


def _is_in(names: Sequence[str], listed: str, of: str | None = None) -> exp.Expr:
    query = exp.select(*map(column, names)).from_(table(listed, STAGING))
    return exp.In(this=_one(names, of), query=query.subquery())


def _one(names: Sequence[str], of: str | None) -> exp.Expr:
    own = [column(name, of) for name in names]
    return own[0] if len(own) == 1 else exp.Tuple(expressions=own)


def _worlds(placing: Placing, *, left_out: bool) -> dict[str, exp.Select]:
    """The judged rows by how they are made facts: those of the cell as they were, others let in."""
    of_cell = exp.and_(
        column("_outcome").eq(text("staged")), _is_in(placing.focus.fact.grain, WANTED)
    )
    of_cell = exp.func("COALESCE", of_cell, exp.false())
    rows = exp.select(exp.Star()).from_(table(ROOT, STAGING))
    found = {AS_IS: rows.where(of_cell)}
    if left_out:
        found[LET_IN] = rows.where(exp.not_(of_cell.copy()))
    return found


def _hung(placing: Placing, world: str) -> exp.Select:
    """For each judged row the keys that it refers by, and what of it is not known.

    Columns `_id`, `_is_fact`, a reference for each hop, and a flag for each thing that hangs.
    """
    fact, repository = placing.focus.fact, placing.repository
    references = References(repository, fact.entity.entity, f"rows_{world}")
    where = fact.definition.where
    holds: exp.Expr = references.expression(where) if where else exp.true()
    query = exp.select(
        column("_id", "root"),
        named(exp.func("COALESCE", holds, exp.false()), "_is_fact"),
    )
    for hop in placing.focus.hops:
        value = exp.cast(references.value(hop), "VARCHAR")
        broken = exp.func("COALESCE", _leads_nowhere(placing, references, hop), exp.false())
        query.select(named(value, placing.reference(hop)), copy=False)
        query.select(named(broken, placing.broken_reference(hop)), copy=False)
    for name, role in placing.asked_roles.items():
        value = exp.cast(references.value(role.path), "VARCHAR")
        query.select(named(value, placing.role_value(name)), copy=False)
    for hung in placing.focus.hung.values():
        flag = named(_not_known(references, hung), placing.flag(hung.name))
        query.select(flag, copy=False)
    return placing.seen(references.joined(query), world)


def _not_known(references: References, hung: Hung) -> exp.Expr:
    """Whether a value was lost: the row's own, or one of a row that it refers to."""
    found = [condition for path in hung.paths for condition in lost(references, path)]
    if not found:
        return exp.false()
    return exp.func("COALESCE", exp.or_(*found), exp.false())


def _leads_nowhere(placing: Placing, references: References, hop: ReferencePath) -> exp.Expr:
    """Whether a reference leads to a row that was itself left out."""
    key = placing.repository.entity(placing.target(hop)).key[0]
    there = placing.repository.path(hop.entity, f"{hop}.{key}")
    return references.beside(there, len(there.hops), LEFT)


def _made(placing: Placing, world: str) -> exp.Select:
    """Facts made of judged rows, with what is not known of each."""
    fact = placing.focus.fact
    rows = fact_rows(placing.repository, fact.name, root=f"rows_{world}", carrying=("_id",))
    hung = [column("_is_fact", "hung")]
    hung += [column(placing.flag(name), "hung") for name in placing.focus.hung]
    return (
        exp.select(exp.column(exp.Star(), table="made"), *hung, *_levels_lost(placing))
        .from_(placing.seen(rows, world).subquery("made"))
        .join(
            table(f"hung_{world}", STAGING, "hung"),
            on=column("_id", "hung").eq(column("_id", "made")),
        )
    )


def _levels_lost(placing: Placing) -> Iterable[exp.Expr]:
    """For each asked level of a member that was let in, whether it is known."""
    for level in _levels(placing):
        name, _, attribute = level.partition(".")
        role = placing.asked_roles[name]
        key = role.dimension.surrogate_key
        losers = exp.select(column(key)).from_(table(let_in_table(role.dimension.name), STAGING))
        losers = losers.where(column(lost_attribute(attribute)))
        flag = exp.or_(
            column(placing.flag(name), "hung"),
            exp.In(this=column(role.key_column, "made"), query=losers.subquery()),
        )
        yield named(flag, placing.flag(level))


def _levels(placing: Placing) -> list[str]:
    """Asked levels of which members that were let in may know nothing."""
    found = []
    for level in placing.cell.asked_levels:
        name, _, attribute = level.partition(".")
        role = placing.asked_roles.get(name)
        if role is not None and role.dimension.name in placing.members:
            if attribute != role.dimension.natural_key:
                found.append(level)
    return found


def _placed(placing: Placing, world: str) -> exp.Select:
    """Whether each of them is in the cell, and what it brings to every part."""
    alias = placing.cell.plan.base.alias
    flags = [*placing.focus.hung, *_levels(placing)]
    carried = ("_id", "_is_fact", *map(placing.flag, flags))
    undecided = {name: column(placing.flag(name), alias) for name in flags if name != WHERE}
    query = rows_placed(placing.cell, f"made_{world}", carried, undecided)
    own = placing.own_tables if world == LET_IN else ()
    return placing.replay.in_version(query, f"made_{world}", *own)


def _verdicts(placing: Placing) -> exp.Select:
    """What became of every judged row, and what that means for the cell.

    To the columns of `placed` come the row's identity, what it refers by, its outcome, `_verdict`,
    and `_of_cell`: whether a row of the cell has the same key.
    """
    fact = placing.focus.fact
    identity = ("_mapping", "_source", "_table", "_batch", "_row", "_reasons")
    staged = column("_outcome", "root").eq(text("staged"))
    in_fact = exp.select(*map(column, fact.grain)).from_(table(fact.table, WAREHOUSE))
    is_fact = exp.In(this=_one(fact.grain, "root"), query=in_fact.subquery())
    outcome = (
        exp.Case()
        .when(exp.not_(staged), column("_outcome", "root"))
        .when(is_fact, text(AT_UNKNOWN))
        .else_(text(NOT_A_FACT))
    )
    known = exp.select(
        exp.column(exp.Star(), table="placed"),
        *(column(name, "root") for name in identity),
        *(column(name, "hung") for name in placing.told),
        named(outcome, "_outcome"),
        named(_is_in(fact.grain, KEYS, "placed"), "_of_cell"),
        named(_astray(placing), "_astray"),
    )
    known = (
        known.from_(table("placed", STAGING, "placed"))
        .join(table(ROOT, STAGING, "root"), on=column("_id", "root").eq(column("_id", "placed")))
        .join(table("hung", STAGING, "hung"), on=column("_id", "hung").eq(column("_id", "placed")))
    )
    return exp.select(exp.Star(), named(_verdict(placing), "_verdict")).from_(
        known.subquery("known")
    )


def _astray(placing: Placing) -> exp.Expr:
    """Whether a row refers, where the cell asks, to one that was left out."""
    paths = [path for hung in placing.focus.hung.values() for path in hung.paths]
    found: list[exp.Expr] = [
        column(placing.broken_reference(hop), "hung") for hop in placing.focus.hops_of(paths)
    ]
    for role in placing.asked_roles.values():
        key = column(role.key_column, "placed")
        found.append(exp.LT(this=key, expression=number(UNKNOWN_KEY)))
    return _any(found)


def _verdict(placing: Placing) -> exp.Expr:
    outcome, is_fact = column("_outcome"), column("_is_fact")
    at_unknown = outcome.eq(text(AT_UNKNOWN))
    where_open: exp.Expr = exp.false()
    if WHERE in placing.focus.hung:
        where_open = column(placing.flag(WHERE))
    counts, no_amount, open_filter = _hopes(placing)
    # What the fact's filter leaves out is told for that; all else would have had to pass it.
    passes = exp.or_(is_fact, where_open, outcome.copy().eq(text(NOT_A_FACT)))
    inside = column(PLACED)
    hopeless = exp.not_(exp.or_(counts, no_amount, open_filter))
    only_perhaps = exp.and_(exp.not_(counts), exp.not_(no_amount), open_filter)
    return (
        exp.Case()
        .when(exp.and_(at_unknown, column("_of_cell")), text(FACT))
        .when(exp.and_(at_unknown.copy(), exp.not_(column("_astray"))), exp.null())
        .when(exp.or_(exp.not_(passes), exp.not_(inside), hopeless), exp.null())
        .when(exp.or_(inside.copy().is_(exp.null()), where_open, only_perhaps), text(UNPLACED))
        .else_(text(LEFT_OUT))
    )


def _hopes(placing: Placing) -> tuple[exp.Expr, exp.Expr, exp.Expr]:
    """Whether a row counts for a part; would, if it had its amount; might, if it were known."""
    counts: list[exp.Expr] = []
    no_amount: list[exp.Expr] = []
    open_filter: list[exp.Expr] = []
    for place, part in enumerate(placing.cell.parts):
        counts.append(column(counts_name(place)))
        measure = placing.cell.cube.measures[part]
        operand = str(getattr(measure, measure.aggregate))
        read = columns_read(measure)
        if operand in placing.focus.hung and operand in read:
            passes = column(passes_name(place))
            no_amount.append(exp.and_(passes, column(placing.flag(operand))))
        hanging = [name for name in read if name != operand]
        hanging += [operand] if "." in operand else []
        if measure.semi_additive is not None:
            hanging.append(measure.semi_additive.over)
        open_filter += [column(name) for name in dict.fromkeys(_flags(placing, hanging))]
    return (exp.or_(*counts), _any(no_amount), _any(open_filter))


def _flags(placing: Placing, names: Iterable[str]) -> Iterable[str]:
    """The columns that say whether levels, roles and columns of the fact are not known."""
    levels = _levels(placing)
    for name in names:
        own = name if name in levels else name.partition(".")[0]
        if own in levels or own in placing.focus.hung:
            yield placing.flag(own)


def _any(conditions: Sequence[exp.Expr]) -> exp.Expr:
    return exp.or_(*conditions) if conditions else exp.false()
