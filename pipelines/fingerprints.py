"""What a load step is made from, as one text: its definitions, and the code that reads them.

The same text, over the same inputs, makes the same statements; so a step can be known to have
nothing to do without making them.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import transforms
from metadata import Repository
from pipelines.plan import (
    BuildRollup,
    LoadBridge,
    LoadDimension,
    LoadFact,
    StageEntity,
    Step,
    entities_of_dimension,
)
from transforms import read_by_fact

_TODAY = ("today", "current_date")


def definition_of(repository: Repository, step: Step) -> str:
    """Everything written that decides what a load step does."""
    workspace = repository.workspace
    said = [
        _code(),
        workspace.time_zone,
        workspace.currency,
        *repository.mapped_entities,
        *_definitions(repository, step),
    ]
    # What speaks of today must be done again tomorrow.
    if any(word in text.lower() for text in said for word in _TODAY):
        said.append(datetime.now(ZoneInfo(workspace.time_zone)).date().isoformat())
    return json.dumps(said)


def digest(parts: Iterable[str]) -> str:
    """One hash of several texts."""
    found = hashlib.sha256()
    for part in parts:
        found.update(part.encode())
        found.update(b"\0")
    return found.hexdigest()


def _definitions(repository: Repository, step: Step) -> Iterator[str]:
    match step:
        case StageEntity(entity):
            yield from _entities(repository, [entity])
            for mapping in repository.mappings_of(entity):
                yield mapping.name
                yield mapping.definition.model_dump_json()
                for rule in mapping.definition.columns.values():
                    if isinstance(rule.lookup, str):
                        yield repository.lookups[rule.lookup].value.model_dump_json()
                joined = [join.table for join in mapping.definition.join.values()]
                for name in (mapping.definition.from_, *joined):
                    source, _, table = name.partition(".")
                    keys = repository.source_table(source, table).primary_key
                    yield f"{name}:{','.join(keys)}"
                # The rules of a column are values of many classes, which JSON would not tell apart.
                yield repr(mapping.definition.columns)
        case LoadDimension(name):
            dimension = repository.dimensions[name]
            yield dimension.definition.model_dump_json()
            yield from _entities(repository, entities_of_dimension(repository, dimension))
            if dimension.entity is None:
                yield repository.workspace.model_dump_json(
                    include={"calendar", "fiscal_year_start"}
                )
        case LoadBridge(name):
            bridge = repository.bridges[name]
            yield bridge.definition.model_dump_json()
            yield bridge.dimension.natural_key + bridge.group.natural_key
        case LoadFact(name):
            fact = repository.facts[name]
            yield fact.definition.model_dump_json()
            entities, dimensions = read_by_fact(repository, name)
            yield from _entities(repository, entities)
            for each in sorted(dimensions):
                yield repository.dimensions[each].definition.model_dump_json()
            yield from (f"{role.name}:{role.available}" for role in fact.roles.values())
        case BuildRollup(cube, rollup):
            found = repository.cubes[cube]
            yield rollup
            yield found.definition.model_dump_json()
            yield found.fact.definition.model_dump_json()
            yield ",".join([*found.measures, *found.levels])


def _entities(repository: Repository, names: Iterable[str]) -> Iterator[str]:
    for name in sorted(names):
        yield repository.entity(name).model_dump_json()


@functools.cache
def _code() -> str:
    """A hash of the code that turns definitions into statements."""
    folder = Path(transforms.__file__).parent
    return digest(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py")))
