"""Masks as SQL: what is shown of a member instead of itself."""

from __future__ import annotations

from decimal import Decimal
from typing import assert_never

from sqlglot import exp

from cubes.nodes import Join
from metadata.model.access import Mask


def masked_table(join: Join) -> exp.Expr:
    """A dimension of which only the key and masked columns are left, under the join's alias.

    So whatever is made of these columns afterwards, grouping, order or totals, is made of what is
    shown.
    """
    shown = [_quoted(join.key)]
    for name, kind, mask in join.masks:
        masked = exp.Alias(
            this=mask_expression(_quoted(name), kind, mask),
            alias=exp.to_identifier(name, quoted=True),
        )
        shown.append(masked)
    table = exp.select(*shown, copy=False).from_(exp.table_(join.table, quoted=True), copy=False)
    return table.subquery(exp.to_identifier(join.alias, quoted=True), copy=False)


def mask_expression(value: exp.Expr, kind: str, mask: Mask) -> exp.Expr:
    """A value masked; where there is none, one text for all hides that too.

    Args:
        value: the column.
        kind: its type, in the metadata's words.
        mask: how it is shown.
    """
    match mask.way:
        case "show":
            return exp.Literal.string(str(mask.show))
        case "first":
            first = exp.func("LEFT", value, exp.Literal.number(mask.first))
            return exp.DPipe(this=first, expression=exp.Literal.string("…"))
        case "step":
            step = exp.Literal.number(format(Decimal(repr(mask.step)), "f"))
            steps = exp.Floor(this=exp.Div(this=exp.cast(value, "DOUBLE"), expression=step))
            return exp.cast(exp.Mul(this=steps, expression=step.copy()), _sql_type(kind))
        case "period":
            begun = exp.func("DATE_TRUNC", exp.Literal.string(str(mask.period)), value)
            return exp.cast(begun, _sql_type(kind))
        case _:
            assert_never(mask.way)


def _sql_type(kind: str) -> str:
    return {"integer": "BIGINT", "string": "VARCHAR"}.get(kind, kind.upper())


def _quoted(name: str) -> exp.Expr:
    return exp.column(name, quoted=True)
