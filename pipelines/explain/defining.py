"""What a figure means, as its definitions say, with the place of each."""

from __future__ import annotations

from collections.abc import Iterable

from cubes.cell import PlannedCell
from cubes.drill import CellFacts
from metadata import Repository
from pipelines.explain.values import Definition, InputDefinition, PartDefinition


def definition_of(repository: Repository, cell: PlannedCell, facts: CellFacts) -> Definition:
    """The definition of a cell's measure, down to the columns of the fact's entity."""
    cube, measure = cell.cube, cell.measure
    name = cell.query.measures[0]
    return Definition(
        cube=cube.name,
        cube_label=cube.label,
        measure=name,
        label=facts.label,
        description=measure.description,
        format=measure.format,
        currency=repository.workspace.currency,
        ratio=measure.ratio,
        parts=tuple(_parts(cell, facts)),
        inputs=tuple(_inputs(cell)),
        fact=cube.fact.name,
        fact_label=cube.fact.label,
        entity=cube.fact.entity.entity,
        fact_filter=cube.fact.definition.where,
        defined=cube.written.where("measures", name),
    )


def _parts(cell: PlannedCell, facts: CellFacts) -> Iterable[PartDefinition]:
    for part in facts.parts:
        yield PartDefinition(
            name=part.name,
            label=part.label,
            description=part.description,
            function=part.function,
            operand=part.operand,
            where=part.where,
            additivity=part.additivity,
            format=part.format,
            type=part.type,
            defined=cell.cube.written.where("measures", part.name),
            value=part.value,
            listed=part.listed,
            speaks=part.speaks,
        )


def _inputs(cell: PlannedCell) -> Iterable[InputDefinition]:
    fact = cell.cube.fact
    for name in cell.inputs:
        measure = fact.definition.measures.get(name)
        label = fact.definition.degenerate.get(name)
        if measure is not None:
            yield InputDefinition(
                name,
                measure.expr or measure.from_ or name,
                measure.type,
                measure.convert,
                measure.description,
                fact.written.where("measures", name),
            )
        elif label is not None:
            yield InputDefinition(
                name,
                label.expr or label.from_ or name,
                "string",
                converted=False,
                description=label.label,
                defined=fact.written.where("degenerate", name),
            )
        elif name in fact.grain:
            kind = fact.entity.columns[name]
            yield InputDefinition(
                name,
                name,
                kind.type,
                converted=False,
                description=kind.description,
                defined=fact.written.where("entity"),
            )
