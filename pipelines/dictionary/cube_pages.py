"""Pages of cubes, and of the portal that shows their measures."""

from __future__ import annotations

from collections.abc import Iterator

from metadata import Repository
from metadata.model.cube import Measure
from metadata.repository import ResolvedCube
from pipelines.dictionary.pages import (
    Badge,
    Cell,
    Link,
    Page,
    Ref,
    Row,
    Section,
    Text,
    Tone,
    code,
    counted,
    lines,
    listed,
    page_id,
    stacked,
    table,
    words,
)
from pipelines.dictionary.star_pages import ADDITIVITY
from pipelines.dictionary.trail import Trail, place

_MEASURES = ("measure", "meaning", "kind", "made from", "used in")
_POLARITY: dict[str, tuple[str, Tone]] = {
    "higher_is_better": ("higher is better", "good"),
    "lower_is_better": ("lower is better", "warn"),
}
_UNITS = {"percent": "%", "integer": "count", "duration": "time"}


def cube_page(repository: Repository, trail: Trail, cube: ResolvedCube) -> Page:
    """A cube with its measures (definition, unit, additivity, polarity), levels and rollups."""
    definition = cube.definition
    facts = (
        ("Asks the fact", (Link(cube.fact.name, Ref(page_id("fact", cube.fact.name))),)),
        ("Shown first", _default(cube)),
        ("Defined at", place(cube.written.where())),
    )
    sections = [
        table("Measures", _MEASURES, _measure_rows(repository, trail, cube)),
        table("Dimensions", _DIMENSIONS, _dimension_rows(cube)),
    ]
    if definition.rollups:
        sections.append(table("Rollups", _ROLLUPS, _rollup_rows(cube)))
    if cube.unavailable:
        rows = [Row((code(name), words(why))) for name, why in cube.unavailable.items()]
        sections.append(table("Not available here", ("name", "why"), rows))
    return Page(
        page_id("cube", cube.name),
        "cube",
        cube.name,
        cube.label,
        definition.description,
        facts=facts,
        sections=tuple(sections),
        brief=f"{counted(len(cube.measures), 'measure')}, {counted(len(cube.roles), 'dimension')}",
    )


def _default(cube: ResolvedCube) -> Cell:
    default = cube.definition.default
    asked = [name for name in default.measures if name in cube.measures]
    if not asked:
        return ()
    by = [*default.rows, *default.columns]
    tail = (Text(" by "), *listed(code(level) for level in by)) if by else ()
    own = page_id("cube", cube.name)
    return (*listed((Link(name, Ref(own, name)),) for name in asked), *tail)


def _measure_rows(repository: Repository, trail: Trail, cube: ResolvedCube) -> Iterator[Row]:
    for name, measure in cube.measures.items():
        node = f"measure:{cube.name}.{name}"
        label = measure.label or name.replace("_", " ").capitalize()
        yield Row(
            (
                stacked(words(label), code(name), place(cube.written.where("measures", name))),
                stacked(words(measure.description), definition_of(cube, measure)),
                stacked(words(_unit(repository, measure)), _marks(measure)),
                trail.made_from(node),
                trail.goes_into(node),
            ),
            name=name,
            label=label,
            about=measure.description,
        )


def definition_of(cube: ResolvedCube, measure: Measure) -> Cell:
    """What a measure computes, as a formula in words."""
    own = page_id("cube", cube.name)
    if measure.ratio is not None:
        above, below = measure.ratio
        return (Link(above, Ref(own, above)), Text(" ÷ "), Link(below, Ref(own, below)))
    kind = measure.aggregate
    operand = str(getattr(measure, kind))
    of = "rows" if operand == "*" else operand
    found: Cell = (Text(f"{kind.replace('_', ' ')} of "), Text(of, code=operand != "*"))
    if measure.where:
        found = (*found, Text(" where "), Text(measure.where, code=True))
    if measure.semi_additive is not None:
        semi = measure.semi_additive
        found = (*found, Text(f", of the {semi.take} day by "), Text(semi.over, code=True))
    return found


def _unit(repository: Repository, measure: Measure) -> str:
    if measure.format == "currency":
        return repository.workspace.currency
    return _UNITS.get(measure.format, "")


def _marks(measure: Measure) -> tuple[Badge, ...]:
    found = [ADDITIVITY[measure.additivity]]
    if measure.polarity in _POLARITY:
        found.append(Badge(*_POLARITY[measure.polarity]))
    return tuple(found)


_DIMENSIONS = ("role", "dimension", "ways to drill")


def _dimension_rows(cube: ResolvedCube) -> Iterator[Row]:
    for name, role in cube.roles.items():
        ways = [
            (Text(f"{each.label}: ", faint=True),
             Text(" › ".join(level.label for level in each.levels)))
            for each in cube.hierarchies
            if each.role == name
        ]  # fmt: skip
        label = cube.definition.dimensions[name].label or role.label or role.dimension.label
        target = Ref(page_id("dimension", role.dimension.name))
        yield Row(
            (
                stacked(words(label), code(name)),
                (Link(role.dimension.name, target),),
                lines(ways),
            ),
            name=f"role {name}",
            label=label,
        )


_ROLLUPS = ("rollup", "measures", "by")


def _rollup_rows(cube: ResolvedCube) -> Iterator[Row]:
    own = page_id("cube", cube.name)
    for name, rollup in cube.definition.rollups.items():
        held = [measure for measure in rollup.measures if measure in cube.measures]
        yield Row(
            (
                stacked(code(name), place(cube.written.where("rollups", name))),
                listed((Link(measure, Ref(own, measure)),) for measure in held),
                listed(code(level) for level in rollup.by),
            ),
            name=f"rollup {name}",
        )


def portal_page(trail: Trail) -> Page | None:
    """What the portal shows, with what it is made from; None where it shows nothing."""
    shown = [n for n in trail.graph.nodes.values() if n.kind in ("tile", "chart")]
    if not shown:
        return None
    sections: list[Section] = []
    for kind, title in (("tile", "Headline figures"), ("chart", "Charts")):
        rows = [
            Row(
                (stacked(words(node.label), place(node.where)), trail.made_from(node.id)),
                name=f"{kind} {node.column}",
                label=node.label,
            )
            for node in shown
            if node.kind == kind
        ]
        if rows:
            sections.append(table(title, (kind, "shows"), rows))
    about = "The first page of the dashboards, as far as the workspace feeds it."
    return Page(
        "portal",
        "portal",
        "portal",
        "Portal",
        about,
        sections=tuple(sections),
        brief=counted(len(shown), "figure"),
    )
