"""From a folder of YAML to a `Repository`: read, parse, extend, bind; all problems at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from metadata.bind import bind
from metadata.errors import Issue, Location, MetadataError, UserError
from metadata.issues import validation_issues
from metadata.model.access import Access
from metadata.model.base import Definition
from metadata.model.cube import Cube
from metadata.model.maintenance import Maintenance
from metadata.model.mapping import EntityMapping, Lookup
from metadata.model.matching import Decisions, Matching
from metadata.model.quality import Quality
from metadata.model.source import Source
from metadata.model.star import Bridge, Dimension, Entity, Fact
from metadata.model.synonyms import EntitySynonyms, Words
from metadata.model.workspace import Workspace
from metadata.repository import Repository, Written
from metadata.yaml_tree import Document, extended, parse_documents, read_text

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
FOLDERS: dict[str, dict[str, type[Definition]]] = {
    "sources": {"source": Source},
    "lookups": {"lookup": Lookup},
    "model": _STAR,
    "cubes": {"cube": Cube},
    "quality": {"quality": Quality},
    "access": {"access": Access},
    "maintenance": {"maintenance": Maintenance},
    "matching": {"matching": Matching, "decisions": Decisions},
    "synonyms": {"synonyms": EntitySynonyms, "words": Words},
}
"""What the documents of each folder define: models by the key with which a document begins."""

D = TypeVar("D", bound=Definition)
Texts = Mapping[str, str]
"""Definition files: their texts by their paths."""


@dataclass(frozen=True)
class Checked:
    """What a workspace's definitions come to, right or wrong."""

    repository: Repository | None
    """What could be bound, without the definitions that have problems; None where nothing could."""
    issues: tuple[Issue, ...]
    """Every problem, in order of file and line; none when the workspace may be loaded."""


@dataclass
class Collected:
    """Raw definitions by kind and name, and the problems met on the way."""

    workspace: Written[Workspace] | None = None
    named: dict[str, dict[str, Written[Any]]] = field(default_factory=dict)
    mappings: list[tuple[str, Written[EntityMapping]]] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    """The workspace's files as they were read."""
    shipped: dict[str, str] = field(default_factory=dict)
    """The shipped files as they were read."""

    def of(self, kind: str, _type: type[D]) -> Mapping[str, Written[D]]:
        """Definitions of one kind."""
        return self.named.get(kind, {})


def load_workspace(
    path: Path | str, *, shipped: bool | Texts = True, texts: Texts | None = None
) -> Repository:
    """Read a workspace folder and the shipped model under it.

    Args:
        path: folder that holds `workspace.yaml`.
        shipped: whether the shipped CRM model and cubes are the base that the workspace extends;
            or their texts, as they were when another release shipped them.
        texts: definition files by their path in the folder, read instead of what lies there: files
            that are not saved yet (`{**workspace_texts(root), ...}`), or as they once were.

    Raises:
        UserError: the folder is no workspace.
        MetadataError: definitions are wrong; every problem is listed with file and line.
    """
    checked = check_workspace(path, shipped=shipped, texts=texts)
    if checked.repository is None or checked.issues:
        raise MetadataError(checked.issues)
    return checked.repository


def check_workspace(
    path: Path | str, *, shipped: bool | Texts = True, texts: Texts | None = None
) -> Checked:
    """Read a workspace as `load_workspace` does, and tell its problems instead of raising them.

    Raises:
        UserError: the folder is no workspace.
    """
    root = Path(path).expanduser().resolve()
    if "workspace.yaml" not in texts if texts is not None else not is_workspace(root):
        raise UserError(
            f"There is no workspace in {root}.",
            why="A workspace is a folder with a file workspace.yaml.",
            fix="Give the folder with --workspace, or make one with `rapport init`.",
        )
    collected = collect(root, shipped=shipped, texts=texts)
    repository, unbound = bind(root, collected)
    # What follows from a definition that could not be read would only repeat what has been said.
    issues = collected.issues or unbound
    ordered = sorted(issues, key=lambda issue: (issue.where or Location(""), issue.what))
    return Checked(repository, tuple(ordered))


def is_workspace(root: Path) -> bool:
    """Whether a folder holds a workspace."""
    return (root / "workspace.yaml").is_file()


def workspace_texts(root: Path) -> dict[str, str]:
    """The definition files of a workspace by their path in the folder.

    Raises:
        MetadataError: a file is not UTF-8 text or cannot be read.
    """
    paths = [root / "workspace.yaml", *(p for f in (*FOLDERS, "mappings") for p in _in(root / f))]
    return {name: read_text(path, name) for path in paths if (name := _shown(path, root))}


def shipped_texts() -> dict[str, str]:
    """The definition files of the shipped model and cubes by their path in the project."""
    paths = [*_in(SHIPPED_MODEL), *_in(SHIPPED_CUBES)]
    return {name: read_text(path, name) for path in paths if (name := _shown(path, _PROJECT))}


def collect(
    root: Path | None, *, shipped: bool | Texts = True, texts: Texts | None = None
) -> Collected:
    """Read and parse every definition file; problems are collected, not raised.

    Args:
        root: the workspace; without one only the shipped model is read.
        shipped: whether the shipped model is read, or its texts.
        texts: the workspace's files, instead of those in its folder.
    """
    collected = Collected()
    documents: dict[tuple[str, str], list[Document]] = {}
    base = _Files(_PROJECT, shipped if not isinstance(shipped, bool) else None, collected.shipped)
    own = _Files(root, texts, collected.texts) if root else None
    if shipped is not False:
        for folder, kinds in ((SHIPPED_MODEL, _STAR), (SHIPPED_CUBES, FOLDERS["cubes"])):
            _gather(base.below(_shown(folder, _PROJECT)), kinds, documents, collected)
    if own:
        for name, kinds in FOLDERS.items():
            _gather(own.below(name), kinds, documents, collected)
    for (kind, name), parts in documents.items():
        model = _kind_model(kind)
        written = _parse(model, parts, collected)
        if written is not None:
            collected.named.setdefault(kind, {})[name] = written
    if own:
        _read_mappings(own, collected)
        for document in own.documents("workspace.yaml", collected):
            if collected.workspace is not None:
                collected.issues.append(
                    Issue(
                        "The workspace is described twice.",
                        document.where(),
                        f"The first document begins at {collected.workspace.where()}.",
                        "Keep one; definitions of other kinds stand in files of their own.",
                    )
                )
                break
            collected.workspace = _parse(Workspace, [document], collected)
    return collected


@dataclass(frozen=True)
class _Files:
    """Definition files: those of a folder, or texts that stand for them."""

    root: Path
    texts: Texts | None
    read: dict[str, str]
    """Every text that was read, by name."""

    def below(self, folder: str) -> Iterator[_File]:
        """The files of a folder and those below it, in order of name."""
        if self.texts is None:
            names = [_shown(path, self.root) for path in _in(self.root / folder)]
        else:
            names = sorted(n for n in self.texts if n.startswith(f"{folder}/") and _is_yaml(n))
        return (_File(name, self) for name in names)

    def documents(self, name: str, collected: Collected) -> Iterator[Document]:
        """The documents of one file."""
        try:
            text = read_text(self.root / name, name) if self.texts is None else self.texts[name]
            self.read[name] = text
            yield from parse_documents(text, name)
        except MetadataError as error:
            collected.issues.extend(error.issues)


@dataclass(frozen=True)
class _File:
    name: str
    files: _Files

    def documents(self, collected: Collected) -> Iterator[Document]:
        return self.files.documents(self.name, collected)


def _in(folder: Path) -> list[Path]:
    found = (p for p in folder.rglob("*") if _is_yaml(p.relative_to(folder).as_posix()))
    return sorted(found, key=Path.as_posix)


def _is_yaml(name: str) -> bool:
    """Whether a path is that of a definition file; what editors keep hidden beside one is not."""
    hidden = any(part.startswith(".") for part in name.split("/"))
    return name.lower().endswith((".yaml", ".yml")) and not hidden


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


def _kind_model(kind: str) -> type[Definition]:
    for kinds in FOLDERS.values():
        if kind in kinds:
            return kinds[kind]
    raise KeyError(kind)


def _gather(
    files: Iterable[_File],
    kinds: Mapping[str, type[Definition]],
    documents: dict[tuple[str, str], list[Document]],
    collected: Collected,
) -> None:
    """Sort a folder's documents by kind and name; a workspace's extend the shipped ones."""
    own: dict[tuple[str, str], Location] = {}
    for file in files:
        for document in file.documents(collected):
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


def _read_mappings(files: _Files, collected: Collected) -> None:
    taken: dict[str, int] = {}
    for file in files.below("mappings"):
        for document in file.documents(collected):
            written = _parse(EntityMapping, [document], collected)
            if written is None:
                continue
            # The driving table names the mapping: it is unique for almost everybody, and stays
            # the same when files are moved about. A second one of the same pair gets a number.
            name = f"{written.value.entity}<{written.value.from_}"
            taken[name] = taken.get(name, 0) + 1
            number = f"#{taken[name]}" if taken[name] > 1 else ""
            collected.mappings.append((name + number, written))


def _parse(model: type[D], documents: list[Document], collected: Collected) -> Written[D] | None:
    content: dict[str, Any] = {}
    for document in documents:
        content = extended(content, document.content)
    try:
        return Written(model.model_validate(content), tuple(documents))
    except ValidationError as error:
        where = Written[Any](Definition(), tuple(documents)).where
        collected.issues.extend(validation_issues(model, error, where))
        return None
