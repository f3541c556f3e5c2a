"""Rows that were left out of a fact, made facts of all the same: would they be in the cell?

The rows are judged again, what they refer to beside them, and facts are made of them by the very
statement that makes the fact. Where a row's own value is lost, or leads to a row that was itself
left out, whatever hangs on it is not known; the cell's filter is then decided in three values.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from cubes.cell import PlannedCell, columns_read
from cubes.cell_rows import (
    PLACED,
    counts_name,
    keys_of_cell,
    passes_name,
    rows_placed,
)
from metadata import Repository
from metadata.errors import Issue
from metadata.expressions import columns_of
from metadata.paths import ReferencePath
from metadata.repository import ResolvedRole
from pipelines.explain.focus import WHERE, Focus, Hung
from pipelines.explain.replay import EntityReplay, Replay, Untraceable
from transforms import STAGING, empty_entity
from transforms.checks import with_columns
from transforms.facts import RATES, converts, fact_rows
from transforms.references import References
from transforms.staging import NEXT, PART
from transforms.statements import call, column, create_table, create_view, named, table, text

ROOT, KEYS, WANTED, VERDICTS = "root", "cell_keys", "wanted", "verdicts"
"""Tables of staging: the fact's rows judged again; the cell's rows and their values; those of them
that are to be found; and what became of each judged row with respect to the cell."""

SHOWN = "shown"
"""Table of staging with the keys of the shown rows of the cell; the caller provides it."""
HUNG = "hung"
"""Table of staging with the references of each judged row, and what of it is not known."""

FACT, LEFT_OUT, UNPLACED = "fact", "left_out", "unplaced"
"""A verdict: a row of the fact; one that would be in the cell; one of which that is not known."""
NOT_A_FACT = "not_a_fact"
"""Outcome of a staged row that the fact's own filter leaves out."""
ROWS_COMPARED = 20_000
"""Rows of a cell that are all made again and compared; of a larger cell, those that are shown."""


@dataclass
class Placing:
    """The tables of one explanation, as far as rows can be followed."""

    replay: Replay
    repository: Repository
    cell: PlannedCell
    focus: Focus
    issues: list[Issue] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    """Entities whose rows cannot be followed."""

    @property
    def complete(self) -> bool:
        """Whether everything that the fact reads could be judged again."""
        return not self.broken

    def target(self, hop: ReferencePath) -> str:
        """The entity that a reference leads to."""
        target = self.repository.entity(hop.owner).columns[hop.column].references
        assert target is not None
        return target

    def flag(self, name: str) -> str:
        """The column that says that a row's own role or fact column is not known."""
        return f"_undecided_{name}"

    def reference(self, hop: ReferencePath) -> str:
        """The column with the key that a reference holds, as text."""
        return f"_reference_{self.focus.hops.index(hop)}"

    def broken_reference(self, hop: ReferencePath) -> str:
        """The column that says that a reference leads to a row that was left out."""
        return f"_broken_{self.focus.hops.index(hop)}"

    @property
    def told(self) -> list[str]:
        """All columns about what a row refers by."""
        hops = self.focus.hops
        names = [self.reference(hop) for hop in hops] + [self.broken_reference(h) for h in hops]
        return names + [self.role_value(name) for name, _ in _asked_roles(self)]

    def role_value(self, role: str) -> str:
        """The column with the key by which a row refers to the member of an asked role."""
        return f"_refers_{role}"


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
        root.judge_all(ROOT, _worth_keeping(placing))
    else:
        root.judge_few(ROOT, WANTED)
    _follow_references(placing)
    replay.run(create_table(HUNG, STAGING, _hung(placing)))
    replay.run(create_table("made", STAGING, _made(placing)))
    replay.run(create_table("placed", STAGING, _placed(placing)))
    replay.run(create_table(VERDICTS, STAGING, _verdicts(placing)))


def _worth_keeping(placing: Placing) -> exp.Expr:
    """Rows that were not staged, that the fact's filter leaves out, or that are to be found."""
    fact = placing.focus.fact
    conditions = [column("_outcome").neq(text("staged")), _is_in(fact.grain, WANTED)]
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
    own = [column(name, of) for name in names]
    value: exp.Expr = own[0] if len(own) == 1 else exp.Tuple(expressions=own)
    return exp.In(this=value, query=query.subquery())


def _follow_references(placing: Placing) -> None:
    """Judge what the rows refer to, and what that refers to: each entity for its keys alone."""
    by_depth: dict[int, list[ReferencePath]] = {}
    for hop in placing.focus.hops:
        by_depth.setdefault(len(hop.hops), []).append(hop)
    leading: dict[str, list[ReferencePath]] = {}
    for depth in sorted(by_depth):
        for hop in by_depth[depth]:
            leading.setdefault(placing.target(hop), []).append(hop)
        # Again with all keys, where a nearer reference has led to the same entity before.
        for entity in dict.fromkeys(map(placing.target, by_depth[depth])):
            _judge_referred(placing, entity, [_keys_referred(placing, h) for h in leading[entity]])
    if converts(placing.repository, placing.focus.fact) and RATES not in leading:
        _stage(placing, RATES, lambda replayed, target: replayed.judge_all(target, exp.true()))


def _keys_referred(placing: Placing, hop: ReferencePath) -> exp.Select:
    [key] = placing.repository.entity(placing.target(hop)).key
    references = References(placing.repository, hop.entity, ROOT)
    value = references.value(hop)
    query = references.joined(exp.select(named(value, key)).distinct())
    return query.where(exp.not_(value.copy().is_(exp.null())))


def _judge_referred(placing: Placing, entity: str, keys: Sequence[exp.Query]) -> None:
    wanted = f"wanted_{entity}"
    union: exp.Query = keys[0]
    for each in keys[1:]:
        union = exp.union(union, each)
    placing.replay.run(create_table(wanted, STAGING, union))
    _stage(placing, entity, lambda replayed, target: replayed.judge_few(target, wanted))


def _stage(placing: Placing, entity: str, judge: Callable[[EntityReplay, str], None]) -> None:
    """Make the staged entity, and the list of its keys that were not staged at all.

    An entity whose rows cannot be followed is empty, and told.
    """
    replay = placing.replay
    target, [key, *_] = judged_table(entity), placing.repository.entity(entity).key
    try:
        replayed = replay.entity(entity)
        judge(replayed, target)
    except Untraceable as error:
        placing.issues.append(error.issue)
        placing.broken.add(entity)
        for statement in empty_entity(placing.repository, entity):
            replay.run(statement.sql)
        nothing = exp.select(named(exp.null(), key)).where(exp.false())
        replay.run(create_table(_unstaged(entity), STAGING, nothing))
        return
    judged = table(target, STAGING)
    is_staged = column("_outcome").eq(text("staged"))
    names = [*replayed.entity.columns, "_changed_at"]
    staged = exp.select(*map(column, names)).from_(judged).where(is_staged)
    replay.run(create_view(entity, STAGING, staged))
    times = exp.Filter(this=exp.Count(this=exp.Star()), expression=exp.Where(this=is_staged.copy()))
    unstaged = (
        exp.select(column(key))
        .from_(judged.copy())
        .where(exp.not_(column(key).is_(exp.null())))
        .group_by(column(key))
        .having(times.eq(exp.Literal.number(0)))
    )
    replay.run(create_table(_unstaged(entity), STAGING, unstaged))


def judged_table(entity: str) -> str:
    """Table of staging with the rows of an entity that were judged for what refers to them."""
    return f"judged_{entity}"


def _unstaged(entity: str) -> str:
    return f"unstaged_{entity}"


def _hung(placing: Placing) -> exp.Select:
    """For each judged row the keys that it refers by, and what of it is not known.

    Columns `_id`, `_is_fact`, a reference for each hop, and a flag for each thing that hangs.
    """
    fact, repository = placing.focus.fact, placing.repository
    references = References(repository, fact.entity.entity, ROOT)
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
    for name, role in _asked_roles(placing):
        value = exp.cast(references.value(role.path), "VARCHAR")
        query.select(named(value, placing.role_value(name)), copy=False)
    for hung in placing.focus.hung.values():
        flag = named(_not_known(placing, references, hung), placing.flag(hung.name))
        query.select(flag, copy=False)
    return references.joined(query)


def _not_known(placing: Placing, references: References, hung: Hung) -> exp.Expr:
    """A value of the row's own that was lost, or a reference to a row that was left out."""
    found: list[exp.Expr] = []
    for path in hung.paths:
        own = path.hops[0].column if path.hops else path.column
        refused = call(
            "contains",
            exp.DPipe(this=text(NEXT), expression=column("_reasons", "root")),
            text(f"{NEXT}{own}{PART}"),
        )
        found.append(exp.and_(column(own, "root").is_(exp.null()), refused))
        for hop in placing.focus.hops_of([path]):
            found.append(_leads_nowhere(placing, references, hop))
    if not found:
        return exp.false()
    return exp.func("COALESCE", exp.or_(*found), exp.false())


def _leads_nowhere(placing: Placing, references: References, hop: ReferencePath) -> exp.Expr:
    """Whether a reference leads to a row that was itself left out."""
    target = placing.target(hop)
    [key] = placing.repository.entity(target).key
    listed = exp.select(column(key)).from_(table(_unstaged(target), STAGING))
    return exp.In(this=references.value(hop), query=listed.subquery())


def _asked_roles(placing: Placing) -> list[tuple[str, ResolvedRole]]:
    """Roles that the cell hangs on, whose members come from an entity."""
    roles = placing.focus.fact.roles
    return [(n, roles[n]) for n in placing.focus.member_columns if roles[n].available]


def _made(placing: Placing) -> exp.Select:
    """Facts made of all judged rows, with what is not known of each."""
    fact = placing.focus.fact
    rows = fact_rows(placing.repository, fact.name, root=ROOT, carrying=("_id",))
    flags = (column(name, "hung") for name in _carried(placing))
    return (
        exp.select(exp.column(exp.Star(), table="made"), *flags)
        .from_(rows.subquery("made"))
        .join(table(HUNG, STAGING, "hung"), on=column("_id", "hung").eq(column("_id", "made")))
    )


def _carried(placing: Placing) -> list[str]:
    return ["_is_fact", *(placing.flag(name) for name in placing.focus.hung)]


def _placed(placing: Placing) -> exp.Select:
    """Whether each of them is in the cell, and what it brings to every part."""
    alias = placing.cell.plan.base.alias
    flags = {name: column(placing.flag(name), alias) for name in placing.focus.hung}
    carried = ("_id", *_carried(placing))
    undecided = {name: flag for name, flag in flags.items() if name != WHERE}
    query = rows_placed(placing.cell, "made", carried, undecided)
    return placing.replay.in_version(query, "made")


def _verdicts(placing: Placing) -> exp.Select:
    """What became of every judged row, and what that means for the cell.

    To the columns of `placed` come the row's identity, what it refers by, its outcome, `_verdict`,
    and `_of_cell`: whether a row of the cell has the same key.
    """
    fact = placing.focus.fact
    identity = ("_mapping", "_source", "_table", "_batch", "_row", "_reasons")
    staged = column("_outcome", "root").eq(text("staged"))
    filtered_out = exp.and_(staged, exp.not_(column("_is_fact", "placed")))
    outcome = exp.Case().when(filtered_out, text(NOT_A_FACT)).else_(column("_outcome", "root"))
    return (
        exp.select(
            exp.column(exp.Star(), table="placed"),
            *(column(name, "root") for name in identity),
            *(column(name, "hung") for name in placing.told),
            named(outcome, "_outcome"),
            named(_verdict(placing), "_verdict"),
            named(_is_in(fact.grain, KEYS, "placed"), "_of_cell"),
        )
        .from_(table("placed", STAGING, "placed"))
        .join(table(ROOT, STAGING, "root"), on=column("_id", "root").eq(column("_id", "placed")))
        .join(table(HUNG, STAGING, "hung"), on=column("_id", "hung").eq(column("_id", "placed")))
    )


def _verdict(placing: Placing) -> exp.Expr:
    staged = column("_outcome", "root").eq(text("staged"))
    is_fact = column("_is_fact", "placed")
    where_open: exp.Expr = exp.false()
    if WHERE in placing.focus.hung:
        where_open = column(placing.flag(WHERE), "placed")
    counts, no_amount, open_filter = _hopes(placing)
    never_a_fact = exp.and_(exp.not_(staged), exp.not_(is_fact), exp.not_(where_open))
    inside = column(PLACED, "placed")
    hopeless = exp.not_(exp.or_(counts, no_amount, open_filter))
    only_perhaps = exp.and_(exp.not_(counts), exp.not_(no_amount), open_filter)
    return (
        exp.Case()
        .when(exp.and_(staged, is_fact), text(FACT))
        .when(exp.or_(never_a_fact, exp.not_(inside), hopeless), exp.null())
        .when(exp.or_(inside.copy().is_(exp.null()), where_open, only_perhaps), text(UNPLACED))
        .else_(text(LEFT_OUT))
    )


def _hopes(placing: Placing) -> tuple[exp.Expr, exp.Expr, exp.Expr]:
    """Whether a row counts for a part; would, if it had its amount; might, if it were known."""
    counts: list[exp.Expr] = []
    no_amount: list[exp.Expr] = []
    open_filter: list[exp.Expr] = []
    for place, part in enumerate(placing.cell.parts):
        counts.append(column(counts_name(place), "placed"))
        measure = placing.cell.cube.measures[part]
        operand = str(getattr(measure, measure.aggregate))
        read = columns_read(measure)
        if operand in placing.focus.hung and operand in read:
            passes = column(passes_name(place), "placed")
            no_amount.append(exp.and_(passes, column(placing.flag(operand), "placed")))
        named_roles = [n.partition(".")[0] if "." in n else n for n in read if n != operand]
        named_roles += [operand.partition(".")[0]] if "." in operand else []
        if measure.semi_additive is not None:
            named_roles.append(measure.semi_additive.over)
        open_filter += [
            column(placing.flag(name), "placed")
            for name in dict.fromkeys(named_roles)
            if name in placing.focus.hung
        ]
    return (exp.or_(*counts), _any(no_amount), _any(open_filter))


def _any(conditions: Sequence[exp.Expr]) -> exp.Expr:
    return exp.or_(*conditions) if conditions else exp.false()
