"""The statement that judges samples, as a chain of steps each of which reads the one before.

    upright   one row for each value: number of its column, whether it is judged, text
    counted   each different value of a column, with its rows
    judged    with a flag for every shape that it has
    figures   of each column: counts, ends, most frequent values, rows by shape
    parted    values that may be days: the text of the day, the text of the time
    dated     those that some format reads, with the formats
    forms     of each column: its formats, with rows and ends
    days      of each column: rows that any format reads

It is the same for whatever tables, so that it is made once.
"""

from __future__ import annotations

from functools import cache

from sqlglot import exp

from pipelines.scan import moments
from pipelines.scan.shapes import TELLING, VALUE, shapes
from transforms.statements import call, column, named, number, text

UPRIGHT = "upright"
TOP = 50
"""Most frequent values told of a column."""
_LONGEST = 100
"""Longer values are not worth keeping."""
PRIVATE = ("email", "mention", "phone", "bank_account", "identifier")
"""Shapes of values that are kept of no column."""
_NUMBER, _ROWS = "number", "rows"


@cache
def statement() -> str:
    """The statement as text.

    Its columns: number, rows, different values, total length, least and greatest text, least and
    greatest by number, most frequent values, rows by shape, plain rows, formats, rows that are
    days, plain rows among these.
    """
    steps = {
        "counted": _counted(),
        "judged": _judged(),
        "figures": _figures(),
        "parted": _parted(),
        "dated": _dated(),
        "forms": _forms(),
        "days": _days(),
    }
    rest = [
        exp.func("COALESCE", column("forms", "forms"), exp.Array(expressions=[])),
        exp.func("COALESCE", column("dated", "days"), number(0)),
        exp.func("COALESCE", column("dated_plain", "days"), number(0)),
    ]
    query = exp.select(exp.Column(this=exp.Star(), table=exp.to_identifier("figures")), *rest)
    query = query.from_("figures")
    for joined in ("forms", "days"):
        same = column(_NUMBER, "figures").eq(column(_NUMBER, joined))
        query = query.join(exp.to_table(joined), on=same, join_type="left")
    for name, step in steps.items():
        # Read by several steps, to be made once.
        query = query.with_(name, as_=step, materialized=name in ("judged", "dated") or None)
    return query.sql("duckdb")


def _counted() -> exp.Select:
    trimmed = call("trim", column(VALUE))
    return (
        exp.select(
            column(_NUMBER),
            named(exp.Min(this=column("judged")), "judged"),
            named(trimmed, VALUE),
            named(exp.Count(this=exp.Star()), _ROWS),
        )
        .from_(UPRIGHT)
        .where(trimmed.copy().neq(text("")))
        .group_by("1", "3")
    )


def _judged() -> exp.Select:
    flags = [
        named(exp.Case().when(column("judged"), shape.copy()).else_(exp.false()), f"is_{name}")
        for name, shape in shapes().items()
    ]
    return exp.select(exp.Star(), *flags).from_("counted")


def _figures() -> exp.Select:
    value, rows = column(VALUE), column(_ROWS)
    double = exp.DataType.build("DOUBLE", dialect="duckdb")
    amount = exp.Case().when(column("is_decimal"), exp.TryCast(this=value, to=double))
    by_shape = [_rows_where(column(f"is_{name}")) for name in shapes()]
    return (
        exp.select(
            column(_NUMBER),
            named(exp.Sum(this=rows), "present"),
            named(exp.Count(this=exp.Star()), "distinct_values"),
            named(exp.Sum(this=exp.Mul(this=call("length", value), expression=rows)), "length"),
            named(exp.Min(this=value), "minimum"),
            named(exp.Max(this=value), "maximum"),
            named(call("arg_min", value, amount), "least"),
            named(call("arg_max", value, amount.copy()), "greatest"),
            named(_top(), "top"),
            named(exp.Array(expressions=by_shape), "shapes"),
            named(_rows_where(_plain()), "plain"),
        )
        .from_("judged")
        .group_by("1")
    )


def _rows_where(condition: exp.Expr) -> exp.Expr:
    return exp.Sum(this=exp.Case().when(condition, column(_ROWS)).else_(number(0)))


def _plain() -> exp.Expr:
    """Whether a value has no shape that tells something of it."""
    return exp.not_(exp.or_(*(column(f"is_{name}") for name in TELLING)))


def _top() -> exp.Expr:
    """The most frequent values that may be kept, each with its rows."""
    value, rows = column(VALUE), column(_ROWS)
    kept = exp.and_(
        exp.LTE(this=call("length", value), expression=number(_LONGEST)),
        *(exp.not_(column(f"is_{name}")) for name in PRIVATE),
    )
    entry = exp.Struct(
        expressions=[
            exp.PropertyEQ(this=exp.to_identifier(name), expression=part)
            for name, part in (("value", value.copy()), ("rows", rows.copy()))
        ]
    )
    order = exp.Tuple(expressions=[exp.Neg(this=rows.copy()), value.copy()])
    found = call("arg_min", entry, order, number(TOP))
    return exp.Filter(this=found, expression=exp.Where(this=kept))


def _parted() -> exp.Select:
    own = [column(name) for name in (_NUMBER, _ROWS, VALUE)]
    parted = (
        exp.select(*own, named(_plain(), "plain"), named(moments.parts().copy(), "parts"))
        .from_("judged")
        .where(exp.and_(column("judged"), moments.candidate().copy()))
    )
    return exp.select(
        *(column(name) for name in (_NUMBER, _ROWS, VALUE, "plain")),
        *(named(_field("parts", part), part) for part in (moments.DAY, moments.TIME)),
    ).from_(parted.subquery())


def _dated() -> exp.Select:
    tried = exp.select(
        *(column(name) for name in (_NUMBER, _ROWS, VALUE, "plain")),
        named(moments.day_forms().copy(), "day_forms"),
        named(moments.time_form().copy(), "time_form"),
    ).from_("parted")
    return (
        exp.select(exp.Star())
        .from_(tried.subquery())
        .where(
            exp.not_(exp.Is(this=column("time_form"), expression=exp.null())),
            exp.GT(this=call("len", column("day_forms")), expression=number(0)),
        )
    )


def _forms() -> exp.Select:
    single = exp.select(
        *(column(name) for name in (_NUMBER, _ROWS, VALUE, "time_form")),
        named(call("unnest", column("day_forms")), "form"),
    ).from_("dated")
    order = exp.Tuple(expressions=[_field("form", "day"), column(VALUE)])
    form = exp.DPipe(this=_field("form", "form"), expression=column("time_form"))
    each = (
        exp.select(
            column(_NUMBER),
            named(form, "form_text"),
            named(exp.cast(exp.Sum(this=column(_ROWS)), "VARCHAR"), "form_rows"),
            named(call("arg_min", column(VALUE), order), "first"),
            named(call("arg_max", column(VALUE), order.copy()), "last"),
        )
        .from_(single.subquery())
        .group_by("1", "2")
    )
    names = ("form_text", "form_rows", "first", "last")
    entry = exp.Array(expressions=[column(name) for name in names])
    return (
        exp.select(column(_NUMBER), named(call("list", entry), "forms"))
        .from_(each.subquery())
        .group_by("1")
    )


def _days() -> exp.Select:
    return (
        exp.select(
            column(_NUMBER),
            named(exp.Sum(this=column(_ROWS)), "dated"),
            named(_rows_where(column("plain")), "dated_plain"),
        )
        .from_("dated")
        .group_by("1")
    )


def _field(struct: str, name: str) -> exp.Expr:
    return exp.Dot(this=column(struct), expression=exp.to_identifier(name))
