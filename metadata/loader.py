"""From a folder of YAML to a `Repository`: read, parse, extend, bind; all problems at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from metadata.bind import bind
from metadata.errors import Issue, Location, MetadataError, UserError
from metadata.issues import validation_issues
from metadata.model.base import Definition
from metadata.model.cube import Cube
from metadata.model.mapping import EntityMapping, Lookup
from metadata.model.source import Source
from metadata.model.star import Bridge, Dimension, Entity, Fact
from metadata.model.workspace import Workspace
from metadata.repository import Repository, Written
from metadata.yaml_tree import Document, read_documents

_PROJECT = Path(__file__).resolve().parent.parent
SHIPPED_MODEL = _PROJECT / "metadata" / "definitions"
SHIPPED_CUBES = _PROJECT / "cubes" / "definitions"

# In this order, because a bridge also names a dimension, and a fact or dimension its entity.
_STAR: dict[str, type[Definition]] = {
    "bridge": Bridge,
    "fact": Fact,
    "dimension": Dimension,
    "entity": Entity,
}
_FOLDERS: dict[str, dict[str, type[Definition]]] = {
    "sources": {"source": Source},
    "lookups": {"lookup": Lookup},
    "model": _STAR,
    "cubes": {"cube": Cube},
}

D = TypeVar("D", bound=Definition)


@dataclass
class Collected:
    """Raw definitions by kind and name, and the problems met on the way."""

    workspace: Written[Workspace] | None = None
    named: dict[str, dict[str, Written[Any]]] = field(default_factory=dict)
    mappings: list[tuple[str, Written[EntityMapping]]] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)

    def of(self, kind: str, _type: type[D]) -> Mapping[str, Written[D]]:
        """Definitions of one kind."""
        return self.named.get(kind, {})


def load_workspace(path: Path | str, *, shipped: bool = True) -> Repository:
    """Read a workspace folder and the shipped model under it.

    Args:
        path: folder that holds `workspace.yaml`.
        shipped: whether the shipped CRM model and cubes are the base that the workspace extends.

    Raises:
        UserError: the folder is no workspace.
        MetadataError: definitions are wrong; every problem is listed with file and line.
    """
    root = Path(path).expanduser().resolve()
    if not (root / "workspace.yaml").is_file():
        raise UserError(
            f"There is no workspace in {root}.",
            why="A workspace is a folder with a file workspace.yaml.",
            fix="Give the folder with --workspace, or make one with `rapport init`.",
        )
    collected = collect(root, shipped=shipped)
    if collected.issues:
        raise MetadataError(collected.issues)
    repository, issues = bind(root, collected)
    if repository is None or issues:
        raise MetadataError(issues)
    return repository


def collect(root: Path | None, *, shipped: bool) -> Collected:
    """Read and parse every definition file; problems are collected, not raised.

    Args:
        root: the workspace; without one only the shipped model is read.
        shipped: whether the shipped model is read.
    """
    collected = Collected()
    documents: dict[tuple[str, str], list[Document]] = {}
    if shipped:
        _gather(SHIPPED_MODEL, SHIPPED_MODEL.parent, _STAR, documents, collected, base=True)
        _gather(
            SHIPPED_CUBES, SHIPPED_CUBES.parent, {"cube": Cube}, documents, collected, base=True
        )
    if root:
        for folder, kinds in _FOLDERS.items():
            _gather(root / folder, root, kinds, documents, collected, base=False)
    for (kind, name), parts in documents.items():
        model = _kind_model(kind)
        written = _parse(model, parts, collected)
        if written is not None:
            collected.named.setdefault(kind, {})[name] = written
    if root:
        _read_mappings(root, collected)
        for document in _documents(root / "workspace.yaml", root, collected):
            collected.workspace = _parse(Workspace, [document], collected)
    return collected


def _kind_model(kind: str) -> type[Definition]:
    for kinds in _FOLDERS.values():
        if kind in kinds:
            return kinds[kind]
    raise KeyError(kind)


def _gather(
    folder: Path,
    shown_from: Path,
    kinds: Mapping[str, type[Definition]],
    documents: dict[tuple[str, str], list[Document]],
    collected: Collected,
    *,
    base: bool,
) -> None:
    """Sort a folder's documents by kind and name; a workspace's extend the shipped ones."""
    own: dict[tuple[str, str], Location] = {}
    for path in sorted(folder.rglob("*.y*ml")):
        for document in _documents(path, shown_from, collected):
            kind = next((k for k in kinds if k in document.content), None)
            if kind is None:
                names = " or ".join(f"'{k}'" for k in kinds)
                collected.issues.append(
                    Issue(
                        "The document does not say what it defines.",
                        document.where(),
                        f"It has no key {names}.",
                        f"Begin it with {names.split(' or ')[0]} and a name.",
                    )
                )
                continue
            name = document.content[kind]
            key = (kind, str(name))
            if key in own:
                collected.issues.append(
                    Issue(
                        f"The {kind} '{name}' is defined twice.",
                        document.where(kind),
                        f"It is already defined at {own[key]}.",
                        "Join the two, or rename one.",
                    )
                )
                continue
            own[key] = document.where(kind)
            documents.setdefault(key, []).append(document)


def _read_mappings(root: Path, collected: Collected) -> None:
    taken: dict[str, int] = {}
    for path in sorted((root / "mappings").rglob("*.y*ml")):
        for document in _documents(path, root, collected):
            written = _parse(EntityMapping, [document], collected)
            if written is None:
                continue
            # The driving table names the mapping: it is unique for almost everybody, and stays
            # the same when files are moved about. A second one of the same pair gets a number.
            name = f"{written.value.entity}<{written.value.from_}"
            taken[name] = taken.get(name, 0) + 1
            number = f"#{taken[name]}" if taken[name] > 1 else ""
            collected.mappings.append((name + number, written))


def _documents(path: Path, shown_from: Path, collected: Collected) -> Iterator[Document]:
    try:
        yield from read_documents(path, path.relative_to(shown_from).as_posix())
    except MetadataError as error:
        collected.issues.extend(error.issues)


def _parse(model: type[D], documents: list[Document], collected: Collected) -> Written[D] | None:
    content: dict[str, Any] = {}
    for document in documents:
        content = _extended(content, document.content)
    try:
        return Written(model.model_validate(content), tuple(documents))
    except ValidationError as error:
        where = Written[Any](Definition(), tuple(documents)).where
        collected.issues.extend(validation_issues(model, error, where))
        return None


def _extended(base: dict[str, Any], addition: dict[str, Any]) -> dict[str, Any]:
    """Maps are merged deeply; everything else is replaced by what is said later."""
    result = dict(base)
    for key, value in addition.items():
        old = result.get(key)
        result[key] = (
            _extended(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
        )
    return result
