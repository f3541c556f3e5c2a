"""Names inside compiled statements, and the small pieces of syntax made of names alone."""

from __future__ import annotations

from sqlglot import exp

from cubes.nodes import Join, PhysicalColumn

GROUPING = "_grouping"
"""Result column that says which levels a row totals; measures and roles begin with a letter."""

CELLS = "cells"
CHOSEN = "chosen"
PLACED = "placed"
NUMBERED = "numbered"


def sort_name(place: int) -> str:
    """Column of `cells` by which the members of a level are sorted."""
    return f"_sort_{place}"


def column(physical: PhysicalColumn) -> exp.Column:
    """A reference to a physical column."""
    return exp.column(physical.name, physical.table)


def named(this: exp.Expr, name: str) -> exp.Alias:
    """A projection under a name, quoted where its form needs it."""
    return exp.Alias(this=this, alias=exp.to_identifier(name))


def join(planned: Join) -> exp.Join:
    """A dimension joined in its role."""
    return exp.Join(
        # As an identifier: a role may bear a reserved word (`order`, `case`).
        this=exp.to_table(planned.table, alias=exp.to_identifier(planned.alias)),
        on=exp.EQ(
            this=column(planned.base_key),
            expression=exp.column(planned.key, planned.alias),
        ),
    )


def table_as(name: str, statement: exp.Select) -> exp.CTE:
    """A named intermediate table."""
    return exp.CTE(this=statement, alias=exp.TableAlias(this=exp.to_identifier(name)))


def with_tables(statement: exp.Select, tables: list[exp.CTE]) -> exp.Select:
    """The statement with its intermediate tables in front."""
    if tables:
        statement.set("with_", exp.With(expressions=tables))
    return statement
