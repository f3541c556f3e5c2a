"""Columns of databases as Arrow columns: the type one lands in, and its values as that type."""

from __future__ import annotations

import decimal
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from pipelines.extract.reading import Misfit


def arrow_type(kind: sa.types.TypeEngine[Any]) -> pa.DataType:
    """The Arrow type in which a reflected column lands; text for whatever has no plain one."""
    match kind:
        case _ if type(kind).__name__ == "MONEY":
            return pa.decimal128(19, 2)
        case mysql.BIT():
            return pa.int64()
        case sa.Boolean():
            return pa.bool_()
        case sa.Integer():
            return pa.int64()
        case sa.Float() | sa.Double():
            return pa.float64()
        case sa.Numeric():
            if kind.precision is not None and kind.precision <= 38:
                return pa.decimal128(kind.precision, kind.scale or 0)
            return pa.string()
        case sa.DateTime():
            return pa.timestamp("us", tz="UTC" if kind.timezone else None)
        case sa.Date():
            return pa.date32()
        case sa.LargeBinary():
            return pa.binary()
        case _:
            return pa.string()


def arrow_array(values: Sequence[Any], field: pa.Field) -> pa.Array:
    """Values of one column as its type.

    Raises:
        Misfit: one of them does not fit.
    """
    try:
        if pa.types.is_string(field.type):
            return _texts(values)
        if pa.types.is_decimal(field.type):
            return _decimals(values, field.type)
        if pa.types.is_boolean(field.type):
            return pa.array([None if v is None else _boolean(v) for v in values], pa.bool_())
        if any(isinstance(value, str) for value in values):
            return pc.cast(pa.array(values, pa.string()), field.type)
        return pa.array(values, field.type)
    except (pa.ArrowException, ValueError, TypeError, OverflowError, decimal.DecimalException):
        raise Misfit(field.name) from None


def _texts(values: Sequence[Any]) -> pa.Array:
    try:
        return pa.array(values, pa.string())
    except (pa.ArrowException, TypeError):
        return pa.array([None if v is None else _text(v) for v in values], pa.string())


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    return value if isinstance(value, str) else str(value)


def _boolean(value: object) -> bool:
    if value in (0, 1):
        return bool(value)
    raise ValueError(value)


def _decimals(values: Sequence[Any], kind: pa.Decimal128Type) -> pa.Array:
    if all(value is None or isinstance(value, decimal.Decimal) for value in values):
        return pa.array(values, kind)
    if all(value is None or isinstance(value, int | float) for value in values):
        return _from_floats(values, kind)
    # Digits beyond the scale are not rounded away: the conversion fails, and the column is text.
    exact = [None if v is None else decimal.Decimal(str(v)) for v in values]
    return pa.array(exact, kind)


def _from_floats(values: Sequence[Any], kind: pa.Decimal128Type) -> pa.Array:
    """Decimals that a database keeps as binary floats: 10.04 comes back as 10.040000000000001.

    Raises:
        ValueError: a value has more digits than its column, beyond the noise of a float.
    """
    floats = pa.array(values, pa.float64())
    rounded = pc.round(floats, kind.scale)
    noise = pc.multiply(pc.max_element_wise(pc.abs(floats), 1.0), 1e-12)
    if pc.any(pc.greater(pc.abs(pc.subtract(floats, rounded)), noise)).as_py():
        raise ValueError("more digits than the column has")
    return rounded.cast(kind)
