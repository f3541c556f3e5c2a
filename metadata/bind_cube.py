"""Cubes: measures, roles and levels must exist; what is not fed is set aside with its reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from metadata.bind_figures import measure_type_issues
from metadata.bind_mapping import expression_issues
from metadata.bind_star import fact_role
from metadata.errors import Issue, Location, did_you_mean
from metadata.expressions import columns_of
from metadata.model.cube import Cube, Measure
from metadata.model.star import Fact
from metadata.repository import (
    Level,
    ResolvedCube,
    ResolvedFact,
    ResolvedHierarchy,
    ResolvedRole,
    Written,
)


def bind_cubes(
    written: Mapping[str, Written[Cube]],
    known_facts: Mapping[str, Written[Fact]],
    facts: Mapping[str, ResolvedFact],
    absent: dict[str, str],
    issues: list[Issue],
) -> dict[str, ResolvedCube]:
    """Bind the cubes; those whose fact is not loaded are absent."""
    bound: dict[str, ResolvedCube] = {}
    for name, each in sorted(written.items()):
        definition = each.value
        fact = known_facts.get(definition.fact)
        if fact is None:
            issues.append(
                Issue(
                    f"There is no fact '{definition.fact}'.",
                    each.where("fact"),
                    "",
                    did_you_mean(definition.fact, known_facts),
                )
            )
            continue
        found = list(_raw_issues(each, fact.value))
        issues.extend(found)
        if found:
            continue
        if definition.fact not in facts:
            absent[f"cube {name}"] = f"The fact '{definition.fact}' is not loaded."
            continue
        cube = _bind(name, each, facts[definition.fact])
        found = list(_bound_issues(cube)) or list(measure_type_issues(cube))
        issues.extend(found)
        if not found:
            bound[name] = cube
    return bound


def _raw_issues(written: Written[Cube], fact: Fact) -> Iterator[Issue]:
    """Names that could never exist, whatever a workspace maps."""
    cube = written.value
    for role, use in cube.dimensions.items():
        raw = fact.dimensions.get(role)
        where = written.where("dimensions", role)
        if raw is None:
            yield Issue(
                f"Fact '{fact.fact}' has no dimension role '{role}'.",
                where,
                "",
                did_you_mean(role, fact.dimensions),
            )
        elif fact_role(role, raw).dimension != use.dimension:
            yield Issue(
                f"The role '{role}' of fact '{fact.fact}' plays the dimension"
                f" '{fact_role(role, raw).dimension}', not '{use.dimension}'.",
                where,
            )
    columns = {*fact.measures, *fact.degenerate}
    for name, measure in cube.measures.items():
        yield from _measure_issues(name, measure, cube, columns, written.where("measures", name))
    for name, rollup in cube.rollups.items():
        where = written.where("rollups", name)
        for target in rollup.measures:
            used = cube.measures.get(target)
            if used is None:
                yield _unknown_measure(target, cube, where)
            elif used.additivity != "additive":
                yield Issue(
                    f"Rollup '{name}' cannot hold '{target}'.",
                    where,
                    f"The measure is {used.additivity.replace('_', '-')}: parts of it do not add"
                    " up to the whole.",
                    "Keep only additive measures (sum, count) in a rollup.",
                )
    for target in cube.default.measures:
        if target not in cube.measures:
            yield _unknown_measure(target, cube, written.where("default", "measures"))


def _measure_issues(
    name: str, measure: Measure, cube: Cube, columns: set[str], where: Location
) -> Iterator[Issue]:
    for target in measure.ratio or ():
        used = cube.measures.get(target)
        if used is None:
            yield _unknown_measure(target, cube, where)
        elif used.ratio is not None:
            yield Issue(
                f"Measure '{name}' divides by or into the ratio '{target}'.",
                where,
                "A ratio is built from totals, not from other ratios.",
                "Name the measures that the inner ratio is made of.",
            )
    column = next((c for c in _fact_columns(measure) if c != "*"), None)
    distinct_level = measure.count_distinct is not None and "." in measure.count_distinct
    # Grain columns are checked once the fact is bound: they come from its entity.
    if column is not None and not distinct_level and measure.aggregate in ("sum", "avg"):
        if column not in columns:
            yield Issue(
                f"Fact '{cube.fact}' has no column '{column}'.",
                where,
                f"Measure '{name}' reads it.",
                did_you_mean(column, columns),
            )
    if measure.semi_additive is not None and measure.semi_additive.over not in cube.dimensions:
        yield Issue(
            f"'semi_additive' names no dimension of the cube: '{measure.semi_additive.over}'.",
            where,
            "",
            did_you_mean(measure.semi_additive.over, cube.dimensions),
        )
    if measure.where is not None:
        yield from expression_issues(measure.where, where)


def _fact_columns(measure: Measure) -> Iterator[str]:
    for kind in ("sum", "count", "count_distinct", "avg", "min", "max"):
        value = getattr(measure, kind)
        if value is not None:
            yield value


def _bind(name: str, written: Written[Cube], fact: ResolvedFact) -> ResolvedCube:
    cube = written.value
    unavailable: dict[str, str] = {}
    roles: dict[str, ResolvedRole] = {}
    for role in cube.dimensions:
        resolved = fact.roles.get(role)
        if resolved is None or not resolved.available:
            unavailable[role] = f"No mapping fills what the dimension '{role}' needs."
        else:
            roles[role] = resolved
    levels = {
        level.name: level
        for role, resolved in roles.items()
        for level in _levels(role, resolved, _role_label(cube, role, resolved))
    }
    levels |= {level.name: level for level in _own_levels(cube, fact)}
    measures: dict[str, Measure] = {}
    for measure, raw in cube.measures.items():
        missing = _missing(raw, cube, fact, roles, levels)
        if missing:
            unavailable[measure] = f"No mapping fills '{missing}', which the measure reads."
        else:
            measures[measure] = raw
    hierarchies = tuple(_hierarchies(roles, levels))
    return ResolvedCube(
        name, cube, fact, roles, levels, hierarchies, measures, unavailable, written
    )


def _role_label(cube: Cube, role: str, resolved: ResolvedRole) -> str:
    fallback = role.replace("_", " ").capitalize()
    own = cube.dimensions[role].label or resolved.label
    return own or (resolved.dimension.label if role == resolved.dimension.name else fallback)


def _levels(role: str, resolved: ResolvedRole, role_label: str) -> Iterator[Level]:
    for attribute in resolved.dimension.attributes.values():
        if attribute.available:
            yield Level(role, attribute.name, attribute.label, role_label, attribute.type)


def _own_levels(cube: Cube, fact: ResolvedFact) -> Iterator[Level]:
    """Labels that the facts carry; a measure of the same name leaves no room for one."""
    for name, label in fact.definition.degenerate.items():
        if name in fact.available_measures and name not in cube.measures:
            shown = label.label or name.replace("_", " ").capitalize()
            yield Level("", name, shown, cube.label or fact.label, "string")


def _missing(
    measure: Measure,
    cube: Cube,
    fact: ResolvedFact,
    roles: Mapping[str, ResolvedRole],
    levels: Mapping[str, Level],
) -> str | None:
    """The first thing a measure reads that nothing feeds, or None when it can be answered."""
    for target in measure.ratio or ():
        inner = _missing(cube.measures[target], cube, fact, roles, levels)
        if inner:
            return inner
    if measure.semi_additive is not None and measure.semi_additive.over not in roles:
        return measure.semi_additive.over
    reads = list(_fact_columns(measure))
    if measure.where is not None:
        reads += [".".join(parts) for parts in columns_of(measure.where)]
    for name in reads:
        if name == "*" or name in fact.grain:
            continue
        if "." in name:
            if name not in levels and not _is_natural_key(name, roles):
                return name
        elif name not in fact.available_measures:
            return name
    return None


def _is_natural_key(name: str, roles: Mapping[str, ResolvedRole]) -> bool:
    role, _, column = name.partition(".")
    return role in roles and column == roles[role].dimension.natural_key


def _bound_issues(cube: ResolvedCube) -> Iterator[Issue]:
    """Names that the bound fact and dimensions do not have at all."""
    definition, written = cube.definition, cube.written
    known = {*cube.fact.definition.measures, *cube.fact.definition.degenerate, *cube.fact.grain}
    for name, measure in definition.measures.items():
        where = written.where("measures", name)
        reads = list(_fact_columns(measure))
        if measure.where is not None:
            reads += [".".join(parts) for parts in columns_of(measure.where)]
        for column in reads:
            if "." in column:
                yield from _level_issues(column, cube, where, natural_keys=True)
            elif column != "*" and column not in known:
                yield Issue(
                    f"Fact '{cube.fact.name}' has no column '{column}'.",
                    where,
                    f"Measure '{name}' reads it.",
                    did_you_mean(column, known),
                )
    for name, rollup in definition.rollups.items():
        for level in rollup.by:
            yield from _level_issues(level, cube, written.where("rollups", name, "by"))
    for axis in ("rows", "columns"):
        for level in getattr(definition.default, axis):
            yield from _level_issues(level, cube, written.where("default", axis))


def _level_issues(
    level: str, cube: ResolvedCube, where: Location, *, natural_keys: bool = False
) -> Iterator[Issue]:
    """A level of a role that is not loaded is no mistake; a level that nobody defined is."""
    role, dot, attribute = level.partition(".")
    if not dot and role in cube.fact.definition.degenerate:
        if role in cube.definition.measures:
            yield Issue(
                f"'{role}' is a measure of cube '{cube.name}', so it cannot be a level.",
                where,
                f"Fact '{cube.fact.name}' has a label of that name too.",
                "Give one of the two another name.",
            )
    elif role not in cube.definition.dimensions:
        yield Issue(
            f"Cube '{cube.name}' has no dimension '{role}'.",
            where,
            f"'{level}' is written role.attribute.",
            did_you_mean(role, cube.definition.dimensions),
        )
    elif role in cube.roles:
        dimension = cube.roles[role].dimension
        allowed = set(dimension.attributes)
        if natural_keys:
            allowed.add(dimension.natural_key)
        if attribute not in allowed:
            yield Issue(
                f"Dimension '{dimension.name}' has no attribute '{attribute}'.",
                where,
                "",
                did_you_mean(attribute, allowed),
            )


def _hierarchies(
    roles: Mapping[str, ResolvedRole], levels: Mapping[str, Level]
) -> Iterator[ResolvedHierarchy]:
    for role, resolved in roles.items():
        for name, hierarchy in resolved.dimension.definition.hierarchies.items():
            found = tuple(
                levels[f"{role}.{level}"]
                for level in hierarchy.levels
                if f"{role}.{level}" in levels
            )
            if found:
                label = hierarchy.label or name.replace("_", " ").capitalize()
                yield ResolvedHierarchy(name, label, role, found)


def _unknown_measure(name: str, cube: Cube, where: Location) -> Issue:
    return Issue(
        f"Cube '{cube.cube}' has no measure '{name}'.",
        where,
        "",
        did_you_mean(name, cube.measures),
    )
