"""What the measures of a cube are: figures where figures are needed, totals where they add up."""

from __future__ import annotations

from collections.abc import Iterator

from metadata.errors import Issue, Location
from metadata.model.cube import Measure
from metadata.model.rule import FIGURES, kind_of
from metadata.repository import ResolvedCube


def measure_type_issues(cube: ResolvedCube) -> Iterator[Issue]:
    """Measures that cannot be computed, shown or added up as they are meant to."""
    for name, measure in cube.measures.items():
        where = cube.written.where("measures", name)
        kind = measure_type(cube, measure)
        if measure.aggregate in ("sum", "avg"):
            given = operand_type(cube, measure)
            if kind_of(given) not in FIGURES:
                what = f"'{getattr(measure, measure.aggregate)}' is a {given}"
                what += (
                    " and does not add up." if measure.aggregate == "sum" else " without a mean."
                )
                yield Issue(what, where, f"Measure '{name}' is its {measure.aggregate}.")
                continue
        for part in measure.ratio or ():
            given = measure_type(cube, cube.measures[part])
            told = cube.measures[part].aggregate == "sum"
            if kind_of(given) not in FIGURES and not told:
                yield Issue(
                    f"Measure '{part}' is a {given} and cannot be divided.",
                    where,
                    f"Measure '{name}' is a ratio of it.",
                    "Name measures that are numbers.",
                )
        if kind_of(kind) not in FIGURES and measure.format != "number":
            yield Issue(
                f"Measure '{name}' is a {kind} and cannot be shown as {measure.format}.",
                cube.written.where("measures", name, "format"),
                "",
                "Leave 'format' out.",
            )
        if measure.semi_additive is not None:
            yield from _stock_issues(cube, measure.semi_additive.over, where)
    for name, rollup in cube.definition.rollups.items():
        for key in ("by", "measures"):
            given_twice = list(getattr(rollup, key))
            twice = next((each for each in given_twice if given_twice.count(each) > 1), None)
            if twice is not None:
                where = cube.written.where("rollups", name, key)
                yield Issue(f"'{twice}' is listed twice.", where, "", "Leave one out.")


def _stock_issues(cube: ResolvedCube, role: str, where: Location) -> Iterator[Issue]:
    resolved = cube.roles.get(role)
    if resolved is not None and resolved.dimension.definition.generated is None:
        yield Issue(
            f"'semi_additive' is over '{role}', which is no date.",
            where,
            "A stock does not add up over time, and over nothing but time.",
            "Name a role of the calendar.",
        )


def measure_type(cube: ResolvedCube, measure: Measure) -> str:
    """Type of a measure's values, in the metadata's words."""
    match measure.aggregate:
        case "count" | "count_distinct":
            return "integer"
        case "avg" | "ratio":
            return "double"
    return operand_type(cube, measure)


def operand_type(cube: ResolvedCube, measure: Measure) -> str:
    """Type of the column that a measure reads."""
    operand = str(getattr(measure, measure.aggregate))
    if operand in cube.levels and "." in operand:
        return cube.levels[operand].type
    role, dot, column = operand.partition(".")
    if dot and role in cube.roles:
        entity = cube.roles[role].dimension.entity
        return entity.columns[column].type if entity and column in entity.columns else "date"
    return cube.fact.column_type(operand) or "string"
