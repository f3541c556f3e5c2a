"""Drill-through: the fact rows behind a figure, with the versions of the members they point at."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

from cubes.cell import Cell, PlannedCell, closed_keys, fact_labels, fact_roles
from cubes.cell_rows import (
    asked_attributes,
    counts_name,
    day_that_speaks,
    member_columns,
    page_of_rows,
    totals_of_rows,
    value_name,
)
from cubes.compile import compile_plan, filters_of
from cubes.database import Reader
from cubes.plan import plan
from cubes.predicates import predicate_text
from metadata.errors import UserError
from metadata.repository import ResolvedRole

MOST_ROWS = 10_000
"""Rows of one page at the most."""


@dataclass(frozen=True)
class CellPart:
    """A measure as the cell counts it: the measure itself, or one of the two that a ratio divides.

    `value` is what the cube answers, `listed` what all the fact rows make.
    """

    name: str
    label: str
    description: str
    function: str
    operand: str
    where: str | None
    format: str
    additivity: str
    type: str
    value: Any
    listed: Any
    speaks: date | None
    """The day whose stock counts, for a semi-additive measure."""
    value_column: str
    """Column of the table with what each row brings."""
    counts_column: str
    """Column of the table that says whether the row counts."""


@dataclass(frozen=True)
class MemberColumns:
    """Where a role's member stands in the table of rows; None for what its dimension lacks."""

    role: str
    label: str
    dimension: str
    asked: tuple[str, ...]
    """Attributes by which rows are in the cell, or count; each stands as `role.attribute`."""
    key: str
    natural_key: str
    caption: str | None
    valid_from: str | None
    valid_to: str | None
    is_current: str | None


@dataclass(frozen=True)
class CellFacts:
    """A figure and the fact rows it is made of.

    `table` is a page of the rows that count; `rows`, `counted` and every part's `listed` are about
    all of them. A row of the cell does not count where the measure's own filter leaves it out, or
    where it has no value.
    """

    cell: Cell
    label: str
    format: str
    value: Any
    listed: Any
    parts: tuple[CellPart, ...]
    filter: str | None
    """The cell's filter and members as one text."""
    rows: int
    counted: int
    table: pa.Table
    grain: tuple[str, ...]
    labels: tuple[str, ...]
    """Degenerate columns."""
    inputs: tuple[str, ...]
    """Fact columns that the measure reads."""
    members: tuple[MemberColumns, ...]
    sql: str
    """The statement that gives the figure."""
    rows_sql: str
    """The statement that gives the rows."""
    answered_from: str
    version: int

    @property
    def adds_up(self) -> bool:
        """Whether the rows make the figure: all of them, not only the page."""
        pairs = [(self.value, self.listed), *((part.value, part.listed) for part in self.parts)]
        return all(same_figure(*pair) for pair in pairs)


def drill_through(
    planned: PlannedCell, cell: Cell, reader: Reader, limit: int, offset: int
) -> CellFacts:
    """The figure of a cell, its rows, and what the rows add up to; all of one version."""
    if not 1 <= limit <= MOST_ROWS:
        raise UserError(f"'limit' must be from 1 to {MOST_ROWS:,}, and it is {limit}.")
    if offset < 0:
        raise UserError(f"'offset' must be 0 or more, and it is {offset}.")
    fact = planned.cube.fact
    if fact.table not in reader.catalogue.tables:
        raise UserError(
            f"Version {reader.catalogue.version} does not hold the cube '{planned.cube.name}' yet.",
            why=f"It has no table {fact.table}.",
            fix="Load it with `rapport run`.",
        )
    asked = plan(planned.query, reader.catalogue)
    reader = reader.keeping(filters_of(asked, planned.plan))
    closed = closed_keys(planned.cube)
    statement = compile_plan(asked)
    [figures] = reader.run(statement).to_pylist()
    [totals] = reader.run(totals_of_rows(planned)).to_pylist()
    page = page_of_rows(planned, limit, offset)
    name, measure = planned.query.measures[0], planned.measure
    where = planned.query.where
    return CellFacts(
        cell=cell,
        label=measure.label or name.replace("_", " ").capitalize(),
        format=measure.format,
        value=figures[name],
        listed=totals["figure"],
        parts=tuple(
            _part(planned, place, figures, totals, reader) for place in range(len(planned.parts))
        ),
        filter=predicate_text(where) if where is not None else None,
        rows=totals["rows"],
        counted=totals["counted"],
        table=reader.run(page),
        grain=tuple(name for name in fact.grain if name not in closed),
        labels=fact_labels(planned.cube),
        inputs=planned.inputs,
        members=_members(planned),
        sql=statement.sql(dialect="duckdb", pretty=True),
        rows_sql=page.sql(dialect="duckdb", pretty=True),
        answered_from=asked.base.table,
        version=reader.catalogue.version,
    )


def _part(
    planned: PlannedCell,
    place: int,
    figures: dict[str, Any],
    totals: dict[str, Any],
    reader: Reader,
) -> CellPart:
    name = planned.parts[place]
    measure = planned.cube.measures[name]
    speaks = day_that_speaks(planned, place)
    days = reader.run(speaks).column("day").to_pylist() if speaks is not None else []
    return CellPart(
        name=name,
        label=measure.label or name.replace("_", " ").capitalize(),
        description=measure.description,
        function=measure.aggregate,
        operand=str(getattr(measure, measure.aggregate)),
        where=measure.where,
        format=measure.format,
        additivity=measure.additivity,
        type=planned.aggregates[place].type,
        value=figures[name],
        listed=totals[f"part_{place + 1}"],
        speaks=days[0] if days else None,
        value_column=value_name(place),
        counts_column=counts_name(place),
    )


def _members(planned: PlannedCell) -> tuple[MemberColumns, ...]:
    found = []
    for name, role in fact_roles(planned.cube.fact, planned.cube).items():
        known = member_columns(planned, name, role)
        caption = role.dimension.definition.caption
        placed = {column: f"{name}.{column}" for column in known}
        found.append(
            MemberColumns(
                name,
                _role_label(planned, name, role),
                role.dimension.name,
                asked_attributes(planned, name),
                role.key_column,
                placed[role.dimension.natural_key],
                placed.get(caption) if caption else None,
                placed.get("valid_from"),
                placed.get("valid_to"),
                placed.get("is_current"),
            )
        )
    return tuple(found)


def _role_label(planned: PlannedCell, name: str, role: ResolvedRole) -> str:
    """What the cube calls a role; one that it does not show has the name its fact gives it."""
    levels = planned.cube.levels.values()
    shown = next((level.role_label for level in levels if level.role == name), "")
    return shown or role.label or name.replace("_", " ").capitalize()


def same_figure(one: Any, other: Any) -> bool:
    """Whether two figures are one; binary fractions may differ in the order they were added in."""
    if one is None or other is None:
        return one is other
    if isinstance(one, float) or isinstance(other, float):
        return math.isclose(float(one), float(other), rel_tol=1e-9, abs_tol=1e-9)
    if isinstance(one, Decimal | int) and isinstance(other, Decimal | int):
        return Decimal(one) == Decimal(other)
    return bool(one == other)
