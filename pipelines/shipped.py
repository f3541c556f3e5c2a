"""The whole shipped model as if a workspace mapped all of it: what the reference documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from metadata import Repository
from metadata.bind import bind
from metadata.errors import MetadataError
from metadata.loader import collect
from metadata.model.mapping import ColumnRule, EntityMapping
from metadata.model.source import Source
from metadata.model.star import Entity
from metadata.model.workspace import Workspace
from metadata.repository import Written
from metadata.yaml_tree import Document, parse_documents


def everything_shipped() -> Repository:
    """Bind the shipped model with a mapping that fills every column of every entity.

    Raises:
        MetadataError: the shipped model is wrong, which is a defect of ours.
    """
    collected = collect(None, shipped=True)
    nowhere = _nowhere()
    entities = collected.of("entity", Entity)
    collected.workspace = Written(Workspace(name="Any company"), nowhere)
    source = Source.model_validate(
        {"source": "any", "url": "any", "tables": {name: {} for name in entities}}
    )
    collected.named["source"] = {"any": Written(source, nowhere)}
    collected.mappings = list(_mappings(entities.values(), nowhere))
    repository, issues = bind(Path(), collected)
    if repository is None or issues or collected.issues:
        raise MetadataError([*collected.issues, *issues])
    return repository


def _mappings(
    entities: Iterable[Written[Entity]], nowhere: tuple[Document, ...]
) -> Iterator[tuple[str, Written[EntityMapping]]]:
    for written in entities:
        entity = written.value
        columns = {name: ColumnRule(from_=name) for name in entity.columns}
        mapping = EntityMapping(entity=entity.entity, from_=f"any.{entity.entity}", columns=columns)
        yield entity.entity, Written(mapping, nowhere)


def _nowhere() -> tuple[Document, ...]:
    return tuple(parse_documents("source: any", "shipped"))
