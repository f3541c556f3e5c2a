"""Reading a document of others: every problem with its place in the file, all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from metadata.errors import Issue, Location, MetadataError, UserError, did_you_mean
from metadata.issues import validation_issues
from metadata.model.base import Definition
from metadata.ossie.document import RELEASED, VERSION, Document, ModelList, SemanticModel
from metadata.yaml_tree import Document as Tree
from metadata.yaml_tree import read_documents

Where = Callable[..., Location]
D = TypeVar("D", bound=Definition)


@dataclass(frozen=True)
class ReadModel:
    """A semantic model with the places of its parts, and what of it was not understood."""

    model: SemanticModel
    where: Where
    """The place of a part, by its path in the model."""
    notes: tuple[Issue, ...] = ()


def read_ossie(path: Path) -> tuple[ReadModel, ...]:
    """Read a YAML or JSON file.

    A document of a version that is not known here is read as far as it can be; what is unknown in
    it is told in `notes`.

    Raises:
        UserError: there is no such file.
        MetadataError: it is no Ossie document, or contradicts itself.
    """
    if not path.is_file():
        raise UserError(
            f"There is no file {path}.", fix="Give the path of an Ossie document (YAML or JSON)."
        )
    found = [read for tree in read_documents(path, str(path)) for read in _models(tree)]
    if not found:
        raise MetadataError([Issue("The document is empty.", Location(str(path), 1))])
    issues = [issue for read in found for issue in _contradictions(read)]
    names = [read.model.name.casefold() for read in found]
    for place, read in enumerate(found):
        if names.index(names[place]) < place:
            issues.append(_twice("semantic model", read.model.name, read.where("name")))
    if issues:
        raise MetadataError(issues)
    return tuple(found)


def _models(tree: Tree) -> Iterator[ReadModel]:
    content = dict(tree.content)
    if "ontology" in content:
        raise MetadataError(
            [
                Issue(
                    "The document is an ontology, not a semantic model.",
                    tree.where("ontology"),
                    "Concepts say what things are; cubes need datasets and metrics.",
                    "Give the semantic model on which the ontology is mapped.",
                )
            ]
        )
    version = content.get("version")
    if version is None:
        raise MetadataError([_no_version(tree)])
    listed = "semantic_model" in content
    known = version in (VERSION, RELEASED)
    notes: list[Issue] = []
    if not known:
        notes.append(
            Issue(
                f"The version '{version}' is not known here.",
                tree.where("version"),
                f"Known are {VERSION} and {RELEASED}; it is read as far as it resembles them.",
            )
        )
        content["version"] = VERSION
    if listed:
        if isinstance(content["semantic_model"], dict):
            # Some write the one model of a document without the list. Its places are found all the
            # same: a step that is not there is left out.
            content["semantic_model"] = [content["semantic_model"]]
        document = _parsed(ModelList, content, tree, known, notes)
        for place, model in enumerate(document.semantic_model):
            yield ReadModel(model, _within(tree, place), tuple(notes))
            notes = []
    else:
        if version == RELEASED:
            content["version"] = VERSION
        yield ReadModel(_parsed(Document, content, tree, known, notes), tree.where, tuple(notes))


def _no_version(tree: Tree) -> Issue:
    return Issue(
        "The document does not say its version.",
        tree.where(),
        "An Ossie document begins with the version of the specification.",
        f"Add 'version: {VERSION}', if it is an Ossie document.",
    )


def _within(tree: Tree, place: int) -> Where:
    return lambda *path: tree.where("semantic_model", place, *path)


def _parsed(
    kind: type[D], content: dict[str, Any], tree: Tree, known: bool, notes: list[Issue]
) -> D:
    """The content as values; of a version that is not known, what is unknown is left out."""
    for _ in range(20):
        try:
            return kind.model_validate(content)
        except ValidationError as error:
            issues = list(validation_issues(kind, error, tree.where))
            unknown = [
                finding["loc"] for finding in error.errors() if finding["type"] == "extra_forbidden"
            ]
            if known or len(unknown) < len(error.errors()):
                raise MetadataError(issues) from None
            notes += issues
            content = _without(content, unknown)
    raise MetadataError(notes)


def _without(value: Any, unknown: Iterable[tuple[str | int, ...]]) -> Any:
    """The value without some of its parts. Steps that pydantic adds for unions lead nowhere."""
    heads: dict[str | int, list[tuple[str | int, ...]]] = {}
    for path in unknown:
        steps = path
        while steps and not _has(value, steps[0]):
            steps = steps[1:]
        if steps:
            heads.setdefault(steps[0], []).append(steps[1:])
    if isinstance(value, dict):
        return {
            key: _without(item, heads[key]) if key in heads else item
            for key, item in value.items()
            if () not in heads.get(key, [])
        }
    if isinstance(value, list):
        return [
            _without(item, heads[place]) if place in heads else item
            for place, item in enumerate(value)
        ]
    return value


def _has(value: Any, step: str | int) -> bool:
    if isinstance(value, dict):
        return step in value
    return isinstance(value, list) and isinstance(step, int) and step < len(value)


def _contradictions(read: ReadModel) -> Iterator[Issue]:
    model = read.model
    yield from _repeated("dataset", "datasets", model.datasets, read.where)
    yield from _repeated("metric", "metrics", model.metrics or (), read.where)
    yield from _repeated("relationship", "relationships", model.relationships or (), read.where)
    for place, dataset in enumerate(model.datasets):
        where = _deeper(read.where, "datasets", place)
        yield from _repeated("field", "fields", dataset.fields or (), where)
    datasets = [dataset.name for dataset in model.datasets]
    for place, relation in enumerate(model.relationships or ()):
        where = _deeper(read.where, "relationships", place)
        for end, name in (("from", relation.from_), ("to", relation.to)):
            if model.dataset(name) is None:
                yield Issue(
                    f"There is no dataset '{name}'.",
                    where(end),
                    f"The relationship '{relation.name}' names it.",
                    did_you_mean(name, datasets),
                )
        if len(relation.from_columns) != len(relation.to_columns):
            yield Issue(
                f"The relationship '{relation.name}' does not pair its columns.",
                where("from_columns"),
                f"It has {len(relation.from_columns)} on one side and"
                f" {len(relation.to_columns)} on the other.",
                "Give as many 'to_columns' as 'from_columns', in the same order.",
            )


def _deeper(where: Where, *above: str | int) -> Where:
    return lambda *path: where(*above, *path)


def _repeated(kind: str, key: str, items: Iterable[Any], where: Where) -> Iterator[Issue]:
    seen: set[str] = set()
    for place, item in enumerate(items):
        if item.name.casefold() in seen:
            yield _twice(kind, item.name, where(key, place, "name"))
        seen.add(item.name.casefold())


def _twice(kind: str, name: str, where: Location) -> Issue:
    return Issue(
        f"The {kind} '{name}' is defined twice.",
        where,
        "Names must be told apart whatever their case.",
        "Rename one.",
    )
