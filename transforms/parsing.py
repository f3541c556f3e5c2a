"""Parsing: a cleansed value becomes the type of its column, or NULL where it does not fit."""

from __future__ import annotations

from sqlglot import exp

from metadata.reference_data.spellings import FALSE, TRUE
from transforms.statements import call, data_type, text

_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
_ZONED = r"(Z|[+-]\d{2}(:?\d{2})?)$"


def parse(
    value: exp.Expr,
    column_type: str,
    formats: tuple[str, ...],
    native: str | None,
    *,
    computed: bool = False,
) -> exp.Expr:
    """The value as a column type; NULL where it cannot be read as one.

    Args:
        value: the cleansed value.
        column_type: a metadata type.
        formats: strptime formats to try first, for dates and time stamps.
        native: the engine's type of the value, where it is known.
        computed: whether an expression made it; its fractions are rounded to a whole number, those
            that a source delivers are not.
    """
    if column_type == "string":
        return exp.cast(value, "VARCHAR")
    if column_type == "boolean":
        return _boolean(value)
    if column_type in ("date", "timestamp"):
        return _moment(value, column_type, formats, native)
    figure = exp.TryCast(this=value, to=data_type(column_type))
    if column_type == "double":
        return _finite(figure)
    if column_type == "integer" and not computed and (native or "") not in _WHOLE:
        same = exp.TryCast(this=value.copy(), to=data_type("double")).eq(figure.copy())
        return exp.Case().when(same, figure)
    return figure


def _finite(value: exp.Expr) -> exp.Expr:
    """Infinity and not-a-number would swallow every total they are part of."""
    return exp.Case().when(call("isfinite", value.copy()), value)


def _boolean(value: exp.Expr) -> exp.Expr:
    said = exp.func("LOWER", call("trim", exp.cast(value, "VARCHAR")))
    return (
        exp.Case()
        .when(said.isin(*map(text, TRUE)), exp.true())
        .when(said.copy().isin(*map(text, FALSE)), exp.false())
    )


def _moment(
    value: exp.Expr, column_type: str, formats: tuple[str, ...], native: str | None
) -> exp.Expr:
    written = exp.cast(value.copy(), "VARCHAR")
    tries: list[exp.Expr] = [
        call("try_strptime", call("trim", written.copy()), text(form)) for form in formats
    ]
    written_out = native is None or native == "VARCHAR"
    if written_out:
        # A time with a zone is brought into the session's, which is the workspace's.
        zoned = exp.cast(exp.TryCast(this=written.copy(), to=_type("TIMESTAMPTZ")), "TIMESTAMP")
        plain = exp.TryCast(this=written.copy(), to=_type("TIMESTAMP"))
        has_zone = exp.and_(
            call("regexp_matches", written.copy(), text(_ZONED)),
            exp.GT(this=call("length", written.copy()), expression=exp.Literal.number(10)),
        )
        tries.append(exp.Case().when(has_zone, zoned).else_(plain))
    else:
        tries.append(exp.TryCast(this=value.copy(), to=_type("TIMESTAMP")))
    found = tries[0] if len(tries) == 1 else exp.Coalesce(this=tries[0], expressions=tries[1:])
    if written_out:
        # 'infinity' is a date to some engines.
        found = _finite(found)
    return found if column_type == "timestamp" else exp.cast(found, "DATE")


def _type(name: str) -> exp.DataType:
    return exp.DataType.build(name, dialect="duckdb")
