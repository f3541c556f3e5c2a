"""Facts: staged rows with the surrogate keys in force, amounts converted, the unknown as -1."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from sqlglot import exp

from metadata.model.star import FactMeasure
from metadata.repository import Repository, ResolvedFact, ResolvedRole
from transforms.references import References, entities_read
from transforms.statements import (
    STAGING,
    UNKNOWN_KEY,
    WAREHOUSE,
    Statement,
    call,
    column,
    create_table,
    data_type,
    named,
    number,
    ordered,
    table,
    text,
)  # fmt: skip

RATES = "exchange_rate"


def load_fact(repository: Repository, fact: str) -> tuple[Statement, ...]:
    """Make a fact from its staged entity and the dimensions of the build."""
    resolved = repository.facts[fact]
    # Days that lie together on disk are skipped together when a period is asked for.
    query = fact_rows(repository, fact).order_by(
        ordered(column(resolved.roles[resolved.definition.date].key_column)), copy=False
    )
    return (Statement(create_table(resolved.table, WAREHOUSE, query), f"load {resolved.table}"),)


def fact_rows(
    repository: Repository, fact: str, *, root: str = "", carrying: Sequence[str] = ()
) -> exp.Select:
    """The rows of a fact.

    Args:
        repository: the workspace.
        fact: its name.
        root: table of staging to make them from, where it is not the staged entity; its rows are
            all taken, whatever the fact's own filter says.
        carrying: further columns of that table, to be kept.
    """
    resolved = repository.facts[fact]
    references = References(repository, resolved.entity.entity, root)
    query = exp.select(*(named(column(key, "root"), key) for key in (*carrying, *resolved.grain)))
    query = _select_keys(resolved, query)
    for name, label in resolved.definition.degenerate.items():
        value = references.expression(label.expr or label.from_ or name)
        query = query.select(named(exp.cast(value, "VARCHAR"), name), copy=False)
    for name, measure in resolved.definition.measures.items():
        query = _select_measure(repository, resolved, references, query, name, measure)
    moment = _moment(resolved, references)
    lookups = [
        (role, references.value(role.path)) for role in resolved.roles.values() if role.available
    ]
    currency = _currency(resolved, references)
    if resolved.definition.where and not root:
        query = query.where(references.expression(resolved.definition.where), copy=False)
    query = references.joined(query)
    for role, value in lookups:
        query = _join_dimension(query, role, value, moment)
    if converts(repository, resolved):
        happened = references.value(resolved.roles[resolved.definition.date].path)
        query = _join_rates(query, currency, happened, repository.workspace.calendar.last)
    return query


def read_by_fact(repository: Repository, fact: str) -> tuple[set[str], set[str]]:
    """The staged entities and the dimensions that a fact is made from."""
    resolved = repository.facts[fact]
    texts = [str(role.path) for role in resolved.roles.values()]
    for name, measure in resolved.definition.measures.items():
        texts.append(measure.expr or measure.from_ or name)
    for name, label in resolved.definition.degenerate.items():
        texts.append(label.expr or label.from_ or name)
    texts += [t for t in (resolved.definition.where, resolved.definition.currency) if t]
    entities = entities_read(repository, resolved.entity.entity, texts)
    if converts(repository, resolved):
        entities.add(RATES)
    return entities, {role.dimension.name for role in resolved.roles.values()}


def _select_keys(resolved: ResolvedFact, query: exp.Select) -> exp.Select:
    for role in resolved.roles.values():
        key: exp.Expr = number(UNKNOWN_KEY)
        if role.available:
            key = exp.func("COALESCE", column(role.dimension.surrogate_key, _role_alias(role)), key)
        query = query.select(named(exp.cast(key, "BIGINT"), role.key_column), copy=False)
    return query


def _role_alias(role: ResolvedRole) -> str:
    return f"role_{role.name}"


def _join_dimension(
    query: exp.Select, role: ResolvedRole, value: exp.Expr, moment: exp.Expr | None
) -> exp.Select:
    """The version in force when the fact happened, or the current one where nothing is tracked."""
    dimension, alias = role.dimension, _role_alias(role)
    if dimension.entity is None:
        on: exp.Expr = column(dimension.natural_key, alias).eq(exp.cast(value.copy(), "DATE"))
    else:
        on = column(dimension.natural_key, alias).eq(value.copy())
        if dimension.tracks and moment is not None:
            on = exp.and_(
                on,
                exp.GTE(this=moment.copy(), expression=column("valid_from", alias)),
                exp.LT(this=moment.copy(), expression=column("valid_to", alias)),
            )
        else:
            on = exp.and_(on, column("is_current", alias))
    return query.join(table(dimension.table, WAREHOUSE, alias), on=on, join_type="LEFT", copy=False)


def _moment(resolved: ResolvedFact, references: References) -> exp.Expr | None:
    """When the fact happened; a day counts to its last instant, so that its changes hold.

    A fact without a date, or dated before all versions, takes the first version; one dated in the
    far future the last.
    """
    role = resolved.roles[resolved.definition.date]
    if not role.available:
        return None
    moment: exp.Expr = exp.cast(references.value(role.path), "TIMESTAMP")
    if role.path.type == "date":
        almost_a_day = exp.Interval(this=text("86399"), unit=exp.var("SECOND"))
        moment = exp.Add(this=moment, expression=almost_a_day)
    first = exp.cast(text("1900-01-01 00:00:00"), "TIMESTAMP")
    last = exp.cast(text("9999-12-30 00:00:00"), "TIMESTAMP")
    late = exp.func("LEAST", exp.func("COALESCE", moment, first.copy()), last)
    return exp.func("GREATEST", late, first)


def _select_measure(
    repository: Repository,
    resolved: ResolvedFact,
    references: References,
    query: exp.Select,
    name: str,
    measure: FactMeasure,
) -> exp.Select:
    kind = data_type(measure.type)
    value = exp.cast(references.expression(measure.expr or measure.from_ or name), kind)
    if not measure.convert:
        return query.select(named(value, name), copy=False)
    converted = exp.Mul(this=value.copy(), expression=_rate(repository, resolved, references))
    both = (named(exp.cast(converted, kind.copy()), name), named(value, f"{name}_original"))
    return query.select(*both, copy=False)


def _currency(resolved: ResolvedFact, references: References) -> exp.Expr:
    path = resolved.definition.currency
    return references.named(path) if path else exp.null()


def converts(repository: Repository, resolved: ResolvedFact) -> bool:
    """Whether a fact's amounts are converted at rates that the workspace maps."""
    return any(measure.convert for measure in resolved.definition.measures.values()) and bool(
        repository.mappings_of(RATES)
    )


def _rate(repository: Repository, resolved: ResolvedFact, references: References) -> exp.Expr:
    """1 for the company's own currency (or none given), else the day's last rate, or NULL."""
    currency = _currency(resolved, references)
    own = exp.or_(currency.is_(exp.null()), currency.copy().eq(text(repository.workspace.currency)))
    rate = column("rate", "rates") if converts(repository, resolved) else exp.null()
    one = exp.cast(number(1), "DECIMAL(18,8)")
    return exp.cast(exp.Case().when(own, one).else_(rate), "DECIMAL(18,8)")


def _join_rates(
    query: exp.Select, currency: exp.Expr, happened: exp.Expr, last: date
) -> exp.Select:
    """Each rate on every day from its own to the next one of the same currency.

    Written out by day, a fact finds its rate by equality. A range would compare each fact with
    every rate its currency ever had.
    """
    day_after_last = exp.cast(text((last + timedelta(days=1)).isoformat()), "DATE")
    following = exp.Window(
        this=exp.Lead(this=column("rate_date")),
        partition_by=[column("currency_code")],
        order=exp.Order(expressions=[ordered(column("rate_date"))]),
    )
    one_day = exp.Interval(this=text("1"), unit=exp.var("DAY"))
    # The newest rate holds to the end of the calendar, and for its own day at least.
    own_day = exp.Add(this=column("rate_date"), expression=one_day)
    until = exp.func("COALESCE", following, exp.func("GREATEST", day_after_last, own_day))
    rates = exp.select(
        column("currency_code"),
        column("rate"),
        column("rate_date"),
        named(exp.cast(until, "DATE"), "until"),
    ).from_(table(RATES, STAGING))
    days = call(
        "generate_series",
        column("rate_date"),
        exp.Sub(this=column("until"), expression=one_day.copy()),
        one_day.copy(),
    )
    daily = exp.select(
        column("currency_code"),
        column("rate"),
        named(exp.cast(call("unnest", days), "DATE"), "day"),
    ).from_(rates.subquery("periods"))
    # Not LEAST, which leaves out what is missing: a fact without a day has no rate.
    own, end = exp.cast(happened.copy(), "DATE"), exp.cast(text(last.isoformat()), "DATE")
    day = exp.Case().when(exp.GT(this=own, expression=end), end.copy()).else_(own.copy())
    on = exp.and_(
        column("currency_code", "rates").eq(currency.copy()), column("day", "rates").eq(day)
    )
    return query.join(daily.subquery("rates"), on=on, join_type="LEFT", copy=False)
