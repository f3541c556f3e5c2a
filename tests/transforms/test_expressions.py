"""A cast that fails judges its own row, and only where its value was needed."""

from __future__ import annotations

import duckdb
import pytest
from sqlglot import exp

from metadata.expressions import parse_expression
from transforms.tolerance import misfit, tolerant

ROWS = [("7", "8"), ("x", "8"), ("7", "y"), ("x", "y"), (None, "8"), (None, "y")]
"""Values of `a` and `b`; x and y are no numbers."""


def _told(text):
    """Of each row: the value, and whether a cast on the way to it failed."""
    tree = parse_expression(text)
    condition = misfit(tree)
    told = exp.false() if condition is None else exp.func("COALESCE", condition, exp.false())
    query = exp.select(tolerant(tree), told).from_("given").order_by("place")
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE given (place INTEGER, a VARCHAR, b VARCHAR)")
        connection.executemany(
            "INSERT INTO given VALUES (?, ?, ?)", [(i, *row) for i, row in enumerate(ROWS)]
        )
        return connection.execute(query.sql("duckdb")).fetchall()


@pytest.mark.parametrize(
    ("text", "values", "misfits"),
    [
        ("cast(a as integer)", [7, None, 7, None, None, None], [0, 1, 0, 1, 0, 0]),
        ("cast(a as integer) + cast(b as integer)", [15] + [None] * 5, [0, 1, 1, 1, 0, 1]),
        (
            "case when a ~ '^[0-9]+$' then cast(a as integer) end",
            [7, None, 7, None, None, None],
            [0, 0, 0, 0, 0, 0],
        ),
        (
            "case when a is null then 0 else cast(b as integer) end",
            [8, 8, None, None, 0, 0],
            [0, 0, 1, 1, 0, 0],
        ),
        (
            "case a when 'x' then 1 when '7' then cast(b as integer) end",
            [8, 1, None, 1, None, None],
            [0, 0, 1, 0, 0, 0],
        ),
        ("if(a is null, 0, cast(b as integer))", [8, 8, None, None, 0, 0], [0, 0, 1, 1, 0, 0]),
        (
            "coalesce(cast(a as integer), cast(b as integer))",
            [7, 8, 7, None, 8, None],
            [0, 1, 0, 1, 0, 1],
        ),
        (
            "a = '7' and cast(b as integer) > 1",
            [True, False, None, False, None, None],
            [0, 0, 1, 0, 0, 1],
        ),
        (
            "a = '7' or cast(b as integer) > 1",
            [True, True, True, None, True, None],
            [0, 0, 0, 1, 0, 1],
        ),
        (
            "cast(cast(a as integer) as varchar)",
            ["7", None, "7", None, None, None],
            [0, 1, 0, 1, 0, 0],
        ),
        ("try_cast(a as integer)", [7, None, 7, None, None, None], [0, 0, 0, 0, 0, 0]),
    ],
)
def test_a_failing_cast_is_told_where_its_value_counts(text, values, misfits):
    rows = _told(text)
    assert [value for value, _ in rows] == values
    assert [int(told) for _, told in rows] == misfits


def test_an_expression_without_casts_of_columns_cannot_misfit():
    assert misfit(parse_expression("upper(a) || cast('7' as varchar)")) is None
