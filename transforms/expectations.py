"""Expectations of tables as audits: how many rows do not do what must be true of them."""

from __future__ import annotations

from typing import Literal

from sqlglot import exp

from metadata.model.quality import Newest, RowCount
from metadata.repository import Repository, ResolvedQuality
from transforms.checks import Mapped, with_columns
from transforms.statements import (
    STAGING,
    UNKNOWN_KEY,
    WAREHOUSE,
    Audit,
    column,
    literal,
    named,
    number,
    table,
    text,
)  # fmt: skip
from transforms.tolerance import tolerant


def expectations(repository: Repository, *, of_rows: bool = False) -> tuple[Audit, ...]:
    """An audit for every expectation of a workspace.

    Args:
        repository: the workspace.
        of_rows: also those that judge row by row; staging has seen to them.
    """
    return tuple(
        _audit(repository, each)
        for each in repository.qualities.values()
        if of_rows or each.definition.otherwise != "quarantine"
    )


def _audit(repository: Repository, quality: ResolvedQuality) -> Audit:
    definition = quality.definition
    if definition.holds is not None:
        failures, words = (
            _failing(definition.holds, definition.share),
            "it does not hold for {count:,} of the rows.",
        )
    elif definition.rows is not None:
        failures, words = _miscounted(definition.rows), "there are {count:,} too few or too many."
    else:
        assert definition.newest is not None
        failures, words = _too_old(definition.newest), "the newest value is too old."
    query = exp.select(named(exp.cast(failures, "BIGINT"), "failures")).from_(rows_of(quality))
    if definition.where is not None:
        query = query.where(tolerant(with_columns(definition.where, column)), copy=False)
    if definition.of.startswith("dim_"):
        key = repository.dimensions[definition.of.removeprefix("dim_")].surrogate_key
        query = query.where(column(key).neq(number(UNKNOWN_KEY)), copy=False)
    otherwise: Literal["warn", "stop"] = "stop" if definition.otherwise == "stop" else "warn"
    return Audit(
        f"{quality.name} of {definition.of}", told(quality), query, otherwise, definition.of,
        words, quality.written.where(),
    )  # fmt: skip


def row_fails(quality: ResolvedQuality, value: Mapped) -> exp.Expr:
    """Whether a row is one that is looked at, and it does not hold for it."""
    definition = quality.definition
    assert definition.holds is not None
    failing = exp.not_(_true(definition.holds, value))
    if definition.where is None:
        return failing
    return exp.and_(_true(definition.where, value), failing)


def _true(condition: str, value: Mapped) -> exp.Expr:
    # A cast in it that fails for a row does not end the load: it does not hold for that row.
    judged = exp.cast(tolerant(with_columns(condition, value)), "BOOLEAN")
    return exp.func("COALESCE", judged, exp.false())


def rows_of(quality: ResolvedQuality) -> exp.Expr:
    """The table that an expectation is about."""
    name = quality.definition.of
    stored = name.startswith(("dim_", "fact_"))
    return table(name, WAREHOUSE if stored else STAGING)


def _failing(condition: str, share: float) -> exp.Expr:
    """The rows for which it is not true, if they are more than may be."""
    failing = exp.func("COUNT_IF", exp.not_(_true(condition, column)))
    # Whole rows are compared: of 3 rows at a share of 0.9 none may fail.
    holding = exp.Sub(this=exp.Count(this=exp.Star()), expression=failing)
    wanted = exp.Mul(this=exp.Count(this=exp.Star()), expression=literal(share))
    enough = exp.GTE(this=exp.paren(holding), expression=exp.cast(wanted, "DECIMAL(38,9)"))
    return exp.Case().when(enough, number(0)).else_(failing.copy())


def _miscounted(rows: RowCount) -> exp.Expr:
    """By how many rows there are too few or too many."""
    count = exp.Count(this=exp.Star())
    short = exp.Sub(this=number(rows.least or 0), expression=count)
    over = (
        exp.Sub(this=count.copy(), expression=number(rows.most))
        if rows.most is not None
        else number(0)
    )
    return exp.func("GREATEST", short, over, number(0))


def _too_old(newest: Newest) -> exp.Expr:
    """One where there is no value, or none that is young enough."""
    last = exp.cast(exp.Max(this=column(newest.column)), "TIMESTAMP")
    now = exp.cast(exp.CurrentTimestamp(), "TIMESTAMP")
    seconds = exp.Interval(
        this=text(str(int(newest.within.total_seconds()))), unit=exp.var("SECOND")
    )
    young = exp.GTE(this=last, expression=exp.Sub(this=now, expression=seconds))
    return exp.Case().when(young, number(0)).else_(number(1))


def told(quality: ResolvedQuality) -> str:
    """What is expected, in words."""
    definition = quality.definition
    if definition.description:
        return definition.description
    if definition.holds is not None:
        share = "every row" if definition.share == 1 else f"{definition.share:.0%} of the rows"
        return f"It must be true for {share} that {definition.holds}."
    if definition.rows is not None:
        bounds = definition.rows.model_dump(exclude_none=True)
        return f"Rows expected: {', '.join(f'{k} {v:,}' for k, v in bounds.items())}."
    assert definition.newest is not None
    return f"'{definition.newest.column}' must be from within {definition.newest.within}."
