"""A mapping tried out: the rows it reads with every step of every value, before a change and after.

The rows are judged by the very statements that staging runs. What is added here lays them side by
side: which values change, which rows are refused that were not, and examples of each.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from metadata.model.rules import Rule
from metadata.repository import ResolvedMapping
from transforms.cleansing import cleanse
from transforms.landing import BATCH, ROW
from transforms.staging import NEXT, PART, Judging, ranked_rows
from transforms.statements import (
    STAGING,
    call,
    column,
    literal,
    named,
    number,
    table,
    text,
)

BEFORE, AFTER = "preview_before", "preview_after"
_OUTCOME, _REASONS, _WARNINGS = "_outcome", "_reasons", "_warnings"
KINDS = ("outcome", "value", "refused", "cleansed", "same")
"""Of examples, the most telling first: the row's fate changes, the value changes, it is refused or
remarked on, the rules change it, nothing happens to it."""


def stepped_rows(mapping: ResolvedMapping, chain: Judging) -> exp.Select:
    """Every row that a mapping reads: outcome, reasons, warnings, and each value as text.

    For each column of the mapping there are `<column>__raw` (as it came), `<column>__clean` (after
    the rules), `<column>__typed` (parsed) and `<column>` (what is staged).
    """
    values = [
        named(exp.cast(column(name + step, "typed" if step else "verdict"), "VARCHAR"), name + step)
        for name in mapping.definition.columns
        for step in ("__raw", "__clean", "__typed", "")
    ]
    own = (BATCH, ROW, _OUTCOME, _REASONS, _WARNINGS)
    query = (
        exp.select(*(column(name, "verdict") for name in own), *values, copy=False)
        .from_(ranked_rows(mapping, chain).subquery("verdict", copy=False), copy=False)
        .join(exp.to_table("typed"), on=_same_row("typed", "verdict"), copy=False)
    )
    return chain.closed(query)


def outcomes(tried: str) -> exp.Select:
    """How many rows of a tried mapping ended how."""
    return (
        exp.select(column(_OUTCOME), exp.Count(this=exp.Star()))
        .from_(table(tried, STAGING))
        .group_by(column(_OUTCOME))
    )


def failures(tried: str) -> exp.Select:
    """Column, rule, whether the row is refused or only remarked on, and how many rows."""
    parts = []
    for source, refused in ((_REASONS, True), (_WARNINGS, False)):
        entry = call("unnest", call("string_split", column(source), text(NEXT)))
        parts.append(
            exp.select(named(entry, "entry"), named(literal(refused), "refused"))
            .from_(table(tried, STAGING))
            .where(column(source).neq(text("")), column(_OUTCOME).neq(text("filtered")))
        )
    return (
        exp.select(_part(1), _part(2), column("refused"), named(exp.Count(this=exp.Star()), "rows"))
        .from_(exp.union(parts[0], parts[1], distinct=False).subquery("entries"))
        .group_by("1", "2", "3")
        .order_by("4 DESC", "1", "2")
    )


def changes(columns: Sequence[str]) -> exp.Select:
    """How many rows have another outcome; then, for each column, how many another value."""
    differing = [_differs(_OUTCOME), *(_differs(name) for name in columns)]
    return _side_by_side(exp.select(*(call("count_if", each) for each in differing)))


def examples(
    name: str, *, compared: bool, reads: str, only: Sequence[str], limit: int
) -> exp.Select:
    """Different values of a column, each with how many rows have it, the telling ones first.

    The columns: raw, cleansed, parsed and staged value, reasons and warnings of this column, each
    before (NULL where nothing is compared) and after; rows; kind; batch and row of an example.

    Args:
        name: the column.
        compared: whether there is a state before.
        reads: the column as it is called before, where it was renamed.
        only: kinds of examples: of `outcome`, `value`, `refused`, `cleansed`, `same`; all if empty.
        limit: how many at the most.
    """
    sides = []
    for tried, own in ((BEFORE, reads), (AFTER, name)):
        there = tried == AFTER or compared
        for step in ("__raw", "__clean", "__typed", ""):
            value: exp.Expr = column(own + step, tried) if there else exp.null()
            sides.append(named(exp.cast(value, "VARCHAR"), f"{tried}{step}"))
        for source in (_REASONS, _WARNINGS):
            told: exp.Expr = _told_of(own, column(source, tried)) if there else exp.null()
            sides.append(named(exp.cast(told, "VARCHAR"), f"{tried}{source}"))
        outcome: exp.Expr = column(_OUTCOME, tried) if there else exp.null()
        sides.append(named(exp.cast(outcome, "VARCHAR"), f"{tried}{_OUTCOME}"))
    rows = exp.select(*sides, column(BATCH, AFTER), column(ROW, AFTER))
    rows = _side_by_side(rows) if compared else rows.from_(_tried(AFTER))
    shown = [each.alias for each in sides if not each.alias.endswith(_OUTCOME)]
    kind = _kind(compared)
    grouped = (
        exp.select(
            *(column(each) for each in shown),
            named(exp.Count(this=exp.Star()), "rows"),
            named(kind, "kind"),
            named(exp.Min(this=column(BATCH)), "batch"),
            named(call("arg_min", column(ROW), column(BATCH)), "row"),
        )
        .from_(rows.subquery("rows"))
        .group_by(*(column(each) for each in shown), kind.copy())
    )
    order = call("list_position", exp.Array(expressions=[text(k) for k in KINDS]), column("kind"))
    query = exp.select(exp.Star()).from_(grouped.subquery("grouped"))
    if only:
        query = query.where(column("kind").isin(*(text(each) for each in only)))
    return query.order_by(order, "rows DESC", column(f"{AFTER}__raw")).limit(limit)


def whole_rows(
    columns: Sequence[str], *, compared: bool, common: Sequence[str], only: str, limit: int
) -> exp.Select:
    """Rows as they are staged, those that change or are refused first.

    The columns: batch, row, outcome before (NULL where nothing is compared) and after, reasons,
    warnings; then for each column its raw value, its value before and its value after.

    Args:
        columns: of the mapping.
        compared: whether there is a state before.
        common: of those columns, the ones that were there before.
        only: `changed`, `refused`, or empty for all.
        limit: how many at the most.
    """
    changed: exp.Expr = exp.false()
    if compared:
        changed = exp.or_(_differs(_OUTCOME), *(_differs(name) for name in common))
    refused = column(_OUTCOME, AFTER).eq(text("quarantined"))
    values: list[exp.Expr] = []
    for name in columns:
        before = column(name, BEFORE) if compared and name in common else exp.null()
        values += [column(f"{name}__raw", AFTER), before, column(name, AFTER)]
    query = exp.select(
        column(BATCH, AFTER),
        column(ROW, AFTER),
        column(_OUTCOME, BEFORE) if compared else exp.null(),
        column(_OUTCOME, AFTER),
        column(_REASONS, AFTER),
        column(_WARNINGS, AFTER),
        *values,
    )
    query = _side_by_side(query) if compared else query.from_(_tried(AFTER))
    if only:
        query = query.where(changed.copy() if only == "changed" else refused.copy())
    first = exp.Case().when(changed, number(0)).when(refused, number(1)).else_(number(2))
    return query.order_by(first, column(BATCH, AFTER), column(ROW, AFTER)).limit(limit)


def cleansing_steps(values: Sequence[str | None], rules: Sequence[Rule]) -> exp.Select:
    """Given values after none of the rules, after the first, after the first two, and so on."""
    given = exp.select(
        named(call("unnest", exp.Array(expressions=[literal(each) for each in values])), "given"),
        named(call("generate_subscripts", exp.Array(expressions=[literal(v) for v in values]),
                   number(1)), "place"),
    )  # fmt: skip
    start = exp.cast(column("given"), "VARCHAR")
    steps = [cleanse(start.copy(), tuple(rules[:count])) for count in range(len(rules) + 1)]
    shown = [named(exp.cast(step, "VARCHAR"), f"step_{n}") for n, step in enumerate(steps)]
    return exp.select(*shown).from_(given.subquery("given_values")).order_by(column("place"))


def _tried(name: str) -> exp.Expr:
    return table(name, STAGING, name)


def _side_by_side(query: exp.Select) -> exp.Select:
    return query.from_(_tried(AFTER)).join(_tried(BEFORE), on=_same_row(BEFORE, AFTER))


def _same_row(left: str, right: str) -> exp.Expr:
    return exp.and_(*(column(name, left).eq(column(name, right)) for name in (BATCH, ROW)))


def _differs(name: str) -> exp.Expr:
    return exp.NullSafeNEQ(this=column(name, BEFORE), expression=column(name, AFTER))


def _part(place: int) -> exp.Expr:
    return call("split_part", column("entry"), text(PART), number(place))


def _told_of(name: str, entries: exp.Expr) -> exp.Expr:
    """Of a row's failures those of one column, without the value they give."""
    entry = exp.to_identifier("e")
    own = call("starts_with", exp.column(entry), text(f"{name}{PART}"))
    kept = call(
        "list_filter",
        call("string_split", entries, text(NEXT)),
        exp.Lambda(this=own, expressions=[entry]),
    )
    told = call("array_to_string", call("list_transform", kept, _without_value()), text(NEXT))
    return call("nullif", told, text(""))


def _without_value() -> exp.Lambda:
    entry = exp.to_identifier("e")
    parts = call("string_split", exp.column(entry), text(PART))
    first = call("list_slice", parts, number(1), number(3))
    return exp.Lambda(this=call("array_to_string", first, text(PART)), expressions=[entry])


def _kind(compared: bool) -> exp.Expr:
    def told(tried: str) -> exp.Expr:
        return exp.func("COALESCE", column(f"{tried}{_REASONS}"), text(""))

    case = exp.Case()
    if compared:
        other_fate = exp.or_(
            told(BEFORE).neq(told(AFTER)),
            _differs_in_rows(_OUTCOME, "filtered"),
        )
        case = case.when(other_fate, text("outcome"))
        case = case.when(
            exp.NullSafeNEQ(this=column(BEFORE), expression=column(AFTER)), text("value")
        )
    failed = exp.or_(
        exp.not_(column(f"{AFTER}{_REASONS}").is_(exp.null())),
        exp.not_(column(f"{AFTER}{_WARNINGS}").is_(exp.null())),
    )
    cleansed = exp.NullSafeNEQ(this=column(f"{AFTER}__raw"), expression=column(AFTER))
    return case.when(failed, text("refused")).when(cleansed, text("cleansed")).else_(text("same"))


def _differs_in_rows(name: str, value: str) -> exp.Expr:
    """Whether a row is let in on one side only."""
    left, right = (column(f"{tried}{name}").eq(text(value)) for tried in (BEFORE, AFTER))
    return exp.paren(left).neq(exp.paren(right))
