"""The recipe of golden records: which are the same, and of each column the value that stays."""

from __future__ import annotations

from metadata.repository import Repository, ResolvedMatching
from transforms.ingredients import KEYS, ROWS, Ingredients, Part, Recipe, anonymous, said


def golden_recipe(repository: Repository, matching: ResolvedMatching) -> Recipe:
    """What the golden records of an entity are made of."""
    same = _same(repository, matching)
    parts = {ROWS: same, KEYS: same, matching.key: same}
    for column, survivor in matching.survivors.items():
        own = [Part(matching.name, column)]
        if survivor.take == "most_recent":
            when = survivor.by or matching.entity.changed_at
            own += [Part(matching.name, when)] if when else []
        elif survivor.take == "most_complete":
            own += [Part(matching.name, each) for each in matching.survivors]
        words = survivor.model_dump_json(include={"take", "sources"})
        reads = tuple(dict.fromkeys((*own, *same.reads)))
        parts[column] = Ingredients(said("survives", words, same.text), reads)
    return Recipe(matching.product, parts)


def _same(repository: Repository, matching: ResolvedMatching) -> Ingredients:
    """What decides which records are the same."""
    name, definition = matching.name, matching.definition
    mappings = [mapping.name for mapping in repository.mappings_of(name)]
    reads = [Part(name, ROWS), Part(name, matching.key)]
    told = [mappings, definition.model_dump_json(include={"thresholds", "model"})]
    for column, comparison in definition.compare.items():
        told.append(comparison.model_dump_json())
        reads.append(Part(name, column))
    for kind, lines in (("same", definition.same), ("block", definition.block)):
        for line in lines:
            shapes = [anonymous(text) for text in line.on]
            told += [kind, *(shape for shape, _ in shapes)]
            reads += [Part(name, column) for _, columns in shapes for column in columns]
    if definition.where is not None:
        shape, columns = anonymous(definition.where)
        told += ["where", shape]
        reads += [Part(name, column) for column in columns]
    told += [decision.model_dump_json() for decision in matching.decisions]
    return Ingredients(said("matched", *told), tuple(reads))
