"""Parsing: a cleansed value becomes the type of its column, or NULL where it does not fit."""

from __future__ import annotations

from sqlglot import exp

from transforms.statements import call, data_type, text

_TRUE = ("true", "t", "yes", "y", "1", "on", "j", "ja", "wahr")
_FALSE = ("false", "f", "no", "n", "0", "off", "nein", "falsch")
_ZONED = r"(Z|[+-]\d{2}(:?\d{2})?)$"


def parse(
    value: exp.Expr, column_type: str, formats: tuple[str, ...], native: str | None
) -> exp.Expr:
    """The value as a column type; NULL where it cannot be read as one.

    Args:
        value: the cleansed value.
        column_type: a metadata type.
        formats: strptime formats to try first, for dates and time stamps.
        native: the engine's type of the value, where it is known.
    """
    if column_type == "string":
        return exp.cast(value, "VARCHAR")
    if column_type == "boolean":
        return _boolean(value)
    if column_type in ("date", "timestamp"):
        return _moment(value, column_type, formats, native)
    return exp.TryCast(this=value, to=data_type(column_type))


def _boolean(value: exp.Expr) -> exp.Expr:
    said = exp.func("LOWER", call("trim", exp.cast(value, "VARCHAR")))
    return (
        exp.Case()
        .when(said.isin(*map(text, _TRUE)), exp.true())
        .when(said.copy().isin(*map(text, _FALSE)), exp.false())
    )


def _moment(
    value: exp.Expr, column_type: str, formats: tuple[str, ...], native: str | None
) -> exp.Expr:
    written = exp.cast(value.copy(), "VARCHAR")
    tries: list[exp.Expr] = [
        call("try_strptime", call("trim", written.copy()), text(form)) for form in formats
    ]
    if native is None or native == "VARCHAR":
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
    return found if column_type == "timestamp" else exp.cast(found, "DATE")


def _type(name: str) -> exp.DataType:
    return exp.DataType.build(name, dialect="duckdb")
