"""The recipe of every product of a workspace, from its metadata."""

from __future__ import annotations

from collections.abc import Iterator

from metadata.expressions import alias_and_column
from metadata.model.mapping import ColumnRule, EntityMapping, sort_key
from metadata.model.rules import Unique
from metadata.model.source import SourceTable
from metadata.model.star import Entity
from metadata.repository import (
    Repository,
    ResolvedCube,
    ResolvedDimension,
    ResolvedFact,
    ResolvedMapping,
    ResolvedRole,
    golden_table,
)
from transforms.facts import RATES, converts
from transforms.golden_recipes import golden_recipe
from transforms.ingredients import (
    HISTORY,
    KEYS,
    LANDED,
    MEMBERS,
    QUALITY,
    ROWS,
    Ingredients,
    Part,
    Recipe,
    anonymous,
    merged,
    said,
)
from transforms.references import rows_of
from transforms.rollups import can_build, rollup_table


def recipes(repository: Repository) -> dict[str, Recipe]:
    """The recipe of every product that the workspace loads, by the name of its step."""
    found = [
        *(_source_table(s, t, each) for s, t, each in repository.source_tables()),
        *(_entity(repository, name) for name in repository.mapped_entities),
        *(golden_recipe(repository, each) for each in repository.matchings.values()),
        *(_dimension(repository, each) for each in repository.dimensions.values()),
        *(_bridge(repository, name) for name in repository.bridges),
        *(_fact(repository, each) for each in repository.facts.values()),
        *(
            _rollup(cube, rollup)
            for cube in repository.cubes.values()
            for rollup in cube.definition.rollups
            if can_build(repository, cube.name, rollup)
        ),
    ]
    return {recipe.product: _expected(repository, recipe) for recipe in found}


def _expected(repository: Repository, recipe: Recipe) -> Recipe:
    """The recipe with what is expected of its product."""
    told = []
    for quality in repository.qualities.values():
        if quality.definition.of == recipe.product and quality.definition.otherwise != "quarantine":
            words = quality.definition.model_dump_json(exclude={"description"})
            # What must be young is another day another matter.
            told += [f"quality {quality.name}", words, "today" if quality.definition.newest else ""]
    parts = {QUALITY: Ingredients(said("quality", *told))} if told else {}
    return Recipe(recipe.product, {**recipe.parts, **parts})


def _source_table(source: str, table: str, settings: SourceTable) -> Recipe:
    """What is asked of a source; when and how often it is asked does not matter."""
    product = f"{source}.{table}"
    return Recipe(product, {LANDED: Ingredients(said(product, settings.asked()))})


def _entity(repository: Repository, name: str) -> Recipe:
    entity = repository.entity(name)
    mappings = repository.mappings_of(name)
    parts = {
        column: merged(_column(repository, mapping, entity, column) for mapping in mappings)
        for column in entity.columns
        if any(column in mapping.definition.columns for mapping in mappings)
    }
    rows = [_rows(repository, mapping, entity) for mapping in mappings]
    when = "changed_at" if entity.changed_at is None else repr(entity.columns[entity.changed_at])
    parts[ROWS] = merged([Ingredients(said("entity", when)), *rows])
    return Recipe(name, parts)


def _rows(repository: Repository, mapping: ResolvedMapping, entity: Entity) -> Ingredients:
    """Which rows of a mapping are staged: its filter, its key, and the rules that refuse rows."""
    definition = mapping.definition
    told = [mapping.name, definition.where, definition.keep, definition.priority]
    same = definition.deduplicate
    told += [same.model_dump_json()] if same is not None else []
    dotted = [parts for text in [definition.where] if text for parts in _dotted(text)]
    dotted += [sort_key(key)[0] for key in definition.keep]
    aliases = {alias for alias, _ in map(alias_and_column, dotted) if alias}
    reads = [Part(definition.from_, LANDED)]
    refusing = [
        c
        for c in definition.columns
        if _refuses(entity, c, definition.columns[c]) or (same is not None and c in same.by)
    ]
    for expected in repository.judging(entity.entity):
        condition = expected.definition
        told += [f"quality {expected.name}", condition.holds, condition.where]
        spoken = [p for text in (condition.holds, condition.where) if text for p in _dotted(text)]
        refusing += [c for c in spoken if c in definition.columns and c not in refusing]
    if any(_looks_around(definition.columns[column]) for column in refusing):
        # A check that compares columns may refuse a row for any of them.
        refusing = list(definition.columns)
    for column in refusing:
        each = _column(repository, mapping, entity, column)
        told.append(each.text)
        reads += each.reads
    for alias in sorted(_with_needed(definition, aliases)):
        told.append(definition.join[alias].model_dump_json())
        reads.append(Part(definition.join[alias].table, LANDED))
    return Ingredients(said("rows", *told), tuple(dict.fromkeys(reads)))


def _refuses(entity: Entity, column: str, rule: ColumnRule) -> bool:
    """Whether a column's value can keep its row out, or decide which of several rows stays."""
    if column in entity.key or column == entity.changed_at or entity.columns[column].required:
        return True
    can_fail = bool(rule.check) or rule.lookup is not None or rule.expr is not None
    return rule.otherwise == "quarantine" and (can_fail or entity.columns[column].type != "string")


def _looks_around(rule: ColumnRule) -> bool:
    """Whether a rule of the column speaks of other columns, or of other rows."""
    return any(
        each.reads() or each.expressions() or isinstance(each, Unique)
        for each in (*rule.clean, *rule.check)
    )


def _keys_asked_for(
    repository: Repository, mapping: ResolvedMapping, rule: ColumnRule
) -> Iterator[Part]:
    """What the checks of a column ask of other entities: which keys there are."""
    for check in rule.check:
        for entity in check.entities():
            if entity == mapping.entity.entity:
                # Of itself every row that is let in counts, and the filter is part of that.
                continue
            yield Part(entity, ROWS)
            yield from (Part(entity, key) for key in repository.entity(entity).key)


def _column(
    repository: Repository, mapping: ResolvedMapping, entity: Entity, column: str
) -> Ingredients:
    """How a mapping fills a column."""
    definition = mapping.definition
    rule = definition.columns.get(column)
    kind = entity.columns[column]
    if rule is None:
        return Ingredients(said("empty", kind.type))
    read = [rule.from_] if rule.from_ else _dotted(rule.expr) if rule.expr else []
    aliases = {alias for alias, _ in map(alias_and_column, read) if alias}
    told = [mapping.name, kind.type, kind.required, *_rule_words(rule)]
    reads = [Part(definition.from_, LANDED)]
    for alias in sorted(_with_needed(definition, aliases)):
        told.append(definition.join[alias].model_dump_json())
        reads.append(Part(definition.join[alias].table, LANDED))
    if isinstance(rule.lookup, str):
        lookup = repository.lookups[rule.lookup].value
        told += [f"lookup {rule.lookup}", lookup.model_dump_json(exclude={"lookup", "description"})]
        reads += [Part(lookup.from_, LANDED)] if lookup.from_ else []
    if _looks_around(rule) or any(check.entities() for check in rule.check):
        told += [repr(other) for name, other in definition.columns.items() if name != column]
        told.append(definition.where)
    reads += _keys_asked_for(repository, mapping, rule)
    return Ingredients(said("column", *told), tuple(dict.fromkeys(reads)))


def _rule_words(rule: ColumnRule) -> Iterator[object]:
    # Rules are values of many classes, which JSON would not tell apart; `repr` names the class.
    for name in type(rule).model_fields:
        value = getattr(rule, name)
        yield value if isinstance(value, str | int | float | bool | None) else repr(value)


def _with_needed(definition: EntityMapping, aliases: set[str]) -> set[str]:
    """Joins, and the earlier joins that they look at."""
    found: set[str] = set()
    queue = [alias for alias in aliases if alias in definition.join]
    while queue:
        alias = queue.pop()
        if alias in found:
            continue
        found.add(alias)
        for target in definition.join[alias].on.values():
            other = alias_and_column(target)[0]
            queue += [other] if other in definition.join else []
    return found


def _dimension(repository: Repository, resolved: ResolvedDimension) -> Recipe:
    if resolved.entity is None:
        own = {a: _of_calendar(repository, resolved, a) for a in resolved.attributes}
        return Recipe(resolved.table, {**own, KEYS: _of_calendar(repository, resolved, KEYS)})
    entity = resolved.entity.entity
    parts: dict[str, Ingredients] = {}
    for attribute in resolved.attributes.values():
        if not attribute.available:
            continue
        made = (
            _expression(repository, entity, attribute.definition.expr)
            if attribute.path is None
            else _expression(repository, entity, str(attribute.path))
        )
        told = said("attribute", attribute.type, resolved.definition.unknown, made.text)
        parts[attribute.name] = Ingredients(told, made.reads)
        if attribute.definition.history != "overwrite":
            kept = said(attribute.definition.history, told)
            parts[f"{HISTORY} {attribute.name}"] = Ingredients(kept, made.reads)
    for mapping in repository.mappings_of(entity):
        key = _column(repository, mapping, resolved.entity, resolved.natural_key)
        parts[f"{MEMBERS} {mapping.name}"] = Ingredients(said("key", key.text, *key.reads))
    own_keys = [resolved.natural_key, *filter(None, [resolved.definition.parent])]
    read = [part for name in own_keys for part in _path(repository, entity, name)]
    tree = "tree" if resolved.definition.parent else ""
    parts[KEYS] = Ingredients(said("keys", tree), tuple(dict.fromkeys(read)))
    return Recipe(resolved.table, parts)


def _of_calendar(
    repository: Repository, resolved: ResolvedDimension, attribute: str
) -> Ingredients:
    """What the workspace says of its days, as far as it decides an attribute."""
    workspace = repository.workspace
    told: list[object] = [attribute, workspace.calendar.first, workspace.calendar.last]
    if attribute.startswith("fiscal"):
        told.append(workspace.fiscal_year_start)
    if attribute in resolved.attributes:
        told.append(resolved.definition.unknown)
    if attribute in ("holiday", "is_holiday", "is_working_day"):
        told.append(workspace.calendar.holidays)
    return Ingredients(said("calendar", *told))


def _bridge(repository: Repository, name: str) -> Recipe:
    resolved = repository.bridges[name]
    definition = resolved.definition
    named = [definition.dimension_key, definition.group_key, definition.weight, definition.within]
    reads = [
        part
        for column in named
        if column
        for part in _path(repository, resolved.entity.entity, column)
    ]
    reads += [Part(resolved.dimension.table, KEYS), Part(resolved.group.table, KEYS)]
    reads = list(dict.fromkeys(reads))
    # Its columns bear the names of the keys of its two ends.
    ends = (resolved.dimension.surrogate_key, resolved.group.surrogate_key)
    told = said("bridge", *ends, *(column is not None for column in named))
    return Recipe(resolved.table, {ROWS: Ingredients(told, tuple(reads))})


def _fact(repository: Repository, resolved: ResolvedFact) -> Recipe:
    entity = resolved.entity.entity
    definition = resolved.definition
    where = _expression(repository, entity, definition.where or "TRUE")
    parts = {ROWS: Ingredients(said("fact", where.text), where.reads)}
    for key in resolved.grain:
        parts[key] = Ingredients("grain", _path(repository, entity, key))
    when = resolved.roles[definition.date]
    moment = _path(repository, entity, str(when.path)) if when.available else ()
    for role in resolved.roles.values():
        parts[role.key_column] = _role(repository, entity, role, moment)
    for name, label in definition.degenerate.items():
        made = _expression(repository, entity, label.expr or label.from_ or name)
        parts[name] = Ingredients(said("degenerate", made.text), made.reads)
    for name, measure in definition.measures.items():
        made = _expression(repository, entity, measure.expr or measure.from_ or name)
        told, reads = [measure.type, made.text], made.reads
        if measure.convert:
            told.append(f"in {repository.workspace.currency}")
            parts[f"{name}_original"] = Ingredients(said("measure", *told[:2]), reads)
            if definition.currency:
                reads += _path(repository, entity, definition.currency)
            if converts(repository, resolved):
                rate = ("currency_code", "rate", "rate_date")
                reads += (Part(RATES, ROWS), *(Part(RATES, column) for column in rate), *moment)
                told.append(repository.workspace.calendar.last.isoformat())
        parts[name] = Ingredients(said("measure", *told), tuple(dict.fromkeys(reads)))
    return Recipe(resolved.table, parts)


def _role(
    repository: Repository, entity: str, role: ResolvedRole, moment: tuple[Part, ...]
) -> Ingredients:
    if not role.available:
        return Ingredients("nobody")
    reads = (*_path(repository, entity, str(role.path)), Part(role.dimension.table, KEYS))
    if role.dimension.tracks:
        return Ingredients(said("version in force"), tuple(dict.fromkeys((*reads, *moment))))
    return Ingredients(said("member"), tuple(dict.fromkeys(reads)))


def _rollup(cube: ResolvedCube, rollup: str) -> Recipe:
    definition = cube.definition.rollups[rollup]
    levels = {level.replace(".", "__"): cube_column(cube, level) for level in definition.by}
    grouped = tuple(dict.fromkeys(part for reads in levels.values() for part in reads))
    rows = (Part(cube.fact.table, ROWS), *grouped)
    parts = {ROWS: Ingredients("groups", rows)}
    parts |= {name: Ingredients("level", reads) for name, reads in levels.items()}
    for name in definition.measures:
        measure = cube.measures.get(name)
        if measure is None:
            continue
        value = measure.sum or (measure.count if measure.count != "*" else None)
        reads = cube_column(cube, value) if value else ()
        told = [measure.aggregate]
        if measure.where is not None:
            words, names = anonymous(measure.where)
            told.append(words)
            reads += tuple(part for each in names for part in cube_column(cube, each))
        parts[name] = Ingredients(said("aggregate", *told), (*rows, *reads))
    return Recipe(rollup_table(cube.name, rollup), parts)


def cube_column(cube: ResolvedCube, dotted: str) -> tuple[Part, ...]:
    """The parts behind `role.attribute`, or behind a column of the fact."""
    role, dot, attribute = dotted.partition(".")
    if not dot:
        return (Part(cube.fact.table, dotted),)
    found = cube.roles[role]
    table = found.dimension.table
    return (
        Part(cube.fact.table, found.key_column),
        Part(table, KEYS),
        Part(table, attribute if attribute != found.dimension.natural_key else KEYS),
    )


def _path(repository: Repository, entity: str, dotted: str) -> tuple[Part, ...]:
    """The parts that a path over references reads, and the rows of every entity on its way."""
    path = repository.path(entity, dotted)
    if any(hop.to not in repository.mapped_entities for hop in path.hops):
        return ()
    steps = [(hop.entity, hop.column) for hop in path.hops] + [(path.owner, path.column)]
    hops = [Part(rows_of(repository, hop.to), hop.to_key) for hop in path.hops]
    found = [Part(rows_of(repository, entity), ROWS)]
    for owner, column in steps:
        rows = rows_of(repository, owner)
        found += [Part(rows, ROWS), Part(rows, column)]
        target = repository.entity(owner).columns[column].references
        if target is not None and target in repository.matchings:
            hops.append(Part(golden_table(target), KEYS))
    return tuple(dict.fromkeys([*found, *hops]))


def _expression(repository: Repository, entity: str, text: str | None) -> Ingredients:
    """An expression whose columns are paths: its shape, and what the paths read."""
    shape, names = anonymous(text or "NULL")
    reads = [part for name in names for part in _path(repository, entity, name)]
    rows = Part(rows_of(repository, entity), ROWS)
    return Ingredients(shape, tuple(dict.fromkeys([rows, *reads])))


def _dotted(text: str) -> list[str]:
    return list(anonymous(text)[1])
