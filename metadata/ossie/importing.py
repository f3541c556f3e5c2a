"""From an Ossie document of others to files of a workspace that pass every check."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from metadata.errors import InternalError, Issue, Location, MetadataError
from metadata.expressions import parse_expression
from metadata.loader import load_workspace, workspace_texts
from metadata.ossie.additions import Addition, free_name
from metadata.ossie.draft_files import additions_text, cube_text
from metadata.ossie.drafting import CubeDraft, Drafter, Drafts
from metadata.ossie.matching import Match
from metadata.ossie.reading import ReadModel, read_ossie
from metadata.ossie.scalars import canonical
from metadata.repository import Repository
from metadata.yaml_tree import parse_documents


@dataclass(frozen=True)
class DraftedMeasure:
    """A metric of the document and the measure that it became."""

    model: str
    metric: str
    cube: str
    measure: str
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class Import:
    """Everything a document gave, and with its reason everything it did not give."""

    files: dict[str, str]
    """Texts of definition files by their path in a workspace."""
    measures: tuple[DraftedMeasure, ...]
    matches: tuple[Match, ...]
    refused: tuple[Issue, ...]
    notes: tuple[Issue, ...]


def import_ossie(repository: Repository, path: Path) -> Import:
    """Draft cubes, and what the model lacks for them, from an Ossie document.

    The drafts are bound with the workspace's own files before they are given back, so that they
    pass `rapport check`; a measure that would not is refused with the check's own reason.

    Raises:
        UserError: there is no such file.
        MetadataError: it is no valid Ossie document; every problem with its file and line.
    """
    work = _Import(repository, path)
    for read in read_ossie(path):
        work.add(read)
    work.settle()
    return work.result()


@dataclass
class _Model:
    """The drafts of one model, and the names its cubes take here."""

    read: ReadModel
    drafts: Drafts
    additions: list[Addition]
    names: dict[str, str] = field(default_factory=dict)

    def owns(self, issue: Issue) -> bool:
        """Whether an issue is about one of the model's metrics."""
        places = range(len(self.read.model.metrics or ()))
        return issue.where in {self.read.where("metrics", place, "expression") for place in places}


class _Import:
    def __init__(self, repository: Repository, path: Path) -> None:
        self.repository = repository
        self.path = path
        self._models: list[_Model] = []
        self._refused: list[Issue] = []
        absent = {name.split(" ", 1)[1] for name in repository.absent if name.startswith("cube ")}
        self._taken = {*repository.cubes, *absent}

    def add(self, read: ReadModel) -> None:
        """Draft one model."""
        drafter = Drafter(self.repository, read)
        drafts = drafter.draft()
        self._refused += drafts.refused
        model = _Model(read, drafts, list(drafter.additions.found))
        for key in drafts.cubes:
            wanted = free_name(key, set())
            if wanted in self._taken:
                wanted = f"{wanted}_{read.model.name}"
            model.names[key] = free_name(wanted, self._taken)
            self._taken.add(model.names[key])
        self._models.append(model)

    def settle(self) -> None:
        """Leave out what the workspace's checks would refuse, and what that leaves unused."""
        self._refuse_own_facts()
        base = workspace_texts(self.repository.root)
        for _ in range(100):
            self._sweep()
            files = self._files()
            try:
                load_workspace(self.repository.root, texts={**base, **files})
                return
            except MetadataError as error:
                self._drop(error.issues, files)
        raise InternalError("The drafts could not be made to pass the checks.")

    def result(self) -> Import:
        """What is left."""
        return Import(
            files=self._files(),
            measures=tuple(self._measures()),
            matches=tuple(m for model in self._models for m in model.drafts.matches.values()),
            refused=tuple(sorted(self._refused, key=lambda i: i.where or Location(""))),
            notes=tuple(note for model in self._models for note in model.read.notes),
        )

    def _files(self) -> dict[str, str]:
        files: dict[str, str] = {}
        by_fact: dict[str, list[Addition]] = {}
        for model in self._models:
            origin = f"the Ossie model '{model.read.model.name}' ({self.path.name})"
            told = model.read.model.own_data().get("cubes")
            refused = [i for i in self._refused if model.owns(i)]
            for key, draft in model.drafts.cubes.items():
                if not draft.measures:
                    continue
                name = model.names[key]
                mine = told.get(key) if isinstance(told, dict) else None
                dataset = model.read.model.dataset(key)
                about = {"description": dataset.description if dataset else None}
                files[f"cubes/{name}.yaml"] = cube_text(
                    name, draft, self.repository, origin=origin,
                    told=mine if isinstance(mine, dict) else about, refused=refused,
                )  # fmt: skip
                refused = []  # told once, in the first of the files
            for addition in model.additions:
                by_fact.setdefault(addition.fact, []).append(addition)
        for fact, additions in sorted(by_fact.items()):
            text = additions_text(fact, additions, f"'{self.path.name}'")
            files[f"model/{fact}_additions.yaml"] = text
        return files

    def _measures(self) -> Iterable[DraftedMeasure]:
        for model in self._models:
            for metric in model.read.model.metrics or ():
                placed = model.drafts.measures.get(metric.name.casefold())
                if placed is None:
                    continue
                draft = model.drafts.cubes[placed[0]]
                remarks = draft.remarks.get(placed[1], ()) + self._likeness(draft, placed[1])
                cube = model.names[placed[0]]
                yield DraftedMeasure(model.read.model.name, metric.name, cube, placed[1], remarks)

    def _likeness(self, draft: CubeDraft, name: str) -> tuple[str, ...]:
        """The measure of a cube of the workspace that computes the same, if there is one."""
        wanted = _meaning(draft.measures[name], draft.measures)
        for cube in self.repository.cubes.values():
            if cube.fact.name == draft.fact:
                for other, measure in cube.measures.items():
                    if _meaning(measure, cube.measures) == wanted:
                        return (f"It is the same as {cube.name}.{other}.",)
        return ()

    def _refuse_own_facts(self) -> None:
        """A fact that the workspace itself writes cannot be extended from a second file."""
        for model in self._models:
            for addition in list(model.additions):
                written = self.repository.facts[addition.fact].written
                own = [d for d in written.documents if d.file.startswith("model/")]
                if own:
                    reason = (
                        f"It needs the column '{addition.name}' of fact '{addition.fact}': add"
                        f" {addition.group}: {{{addition.name}: {_shown(addition.definition)}}}"
                        f" at {own[0].where('fact')}, then import again."
                    )
                    self._without_column(model, addition, reason)

    def _sweep(self) -> None:
        """Forget added columns that no measure reads any more."""
        for model in self._models:
            used: set[tuple[str, str]] = set()
            for draft in model.drafts.cubes.values():
                for measure in draft.measures.values():
                    text = str(measure.model_dump(exclude_defaults=True))
                    used |= {(draft.fact, a.name) for a in model.additions if a.name in text}
            model.additions = [a for a in model.additions if (a.fact, a.name) in used]

    def _drop(self, issues: Iterable[Issue], files: dict[str, str]) -> None:
        dropped = False
        for issue in issues:
            if issue.where is None or issue.where.file not in files:
                continue
            name = _at(files[issue.where.file], issue.where)
            for model in self._models:
                reason = f"{issue.what} {issue.why}".strip()
                for key, cube in model.names.items():
                    if issue.where.file == f"cubes/{cube}.yaml" and name:
                        dropped |= self._without_measure(model, key, name, reason)
                for addition in list(model.additions):
                    file = f"model/{addition.fact}_additions.yaml"
                    if issue.where.file == file and addition.name == name:
                        self._without_column(model, addition, reason)
                        dropped = True
        if not dropped:
            told = "; ".join(str(issue) for issue in issues)
            raise InternalError(f"The drafts do not pass the checks: {told}")

    def _without_column(self, model: _Model, addition: Addition, reason: str) -> None:
        if addition not in model.additions:
            return
        model.additions.remove(addition)
        for key, draft in model.drafts.cubes.items():
            for name, measure in list(draft.measures.items()):
                said = [*measure.model_dump(exclude_defaults=True).values()]
                if draft.fact == addition.fact and any(
                    addition.name in str(value).replace("(", " ").split() for value in said
                ):
                    self._without_measure(model, key, name, reason)

    def _without_measure(self, model: _Model, key: str, name: str, reason: str) -> bool:
        draft = model.drafts.cubes[key]
        if draft.measures.pop(name, None) is None:
            return False
        for metric, placed in list(model.drafts.measures.items()):
            if placed == (key, name):
                del model.drafts.measures[metric]
                self._refused.append(_refusal(model.read, metric, reason))
        for other, measure in list(draft.measures.items()):
            if name in (measure.ratio or ()):
                self._without_measure(model, key, other, reason)
        return True


def _refusal(read: ReadModel, metric: str, reason: str) -> Issue:
    for place, each in enumerate(read.model.metrics or ()):
        if each.name.casefold() == metric:
            where = read.where("metrics", place, "expression")
            return Issue(f"The metric '{each.name}' was not drafted.", where, reason)
    raise InternalError(f"no metric {metric}")


def _at(text: str, where: Location) -> str | None:
    """The name of the measure or column that stands at a line of a draft."""
    for document in parse_documents(text, where.file):
        for group in ("measures", "degenerate"):
            for name in document.content.get(group) or {}:
                if document.where(group, name).line == where.line:
                    return str(name)
    return None


def _meaning(measure: Any, measures: Any) -> Any:
    """What a measure computes, its parts written out."""
    looks = {"label", "description", "format", "polarity"}
    said = measure.model_dump(exclude=looks, exclude_defaults=True)
    if measure.where is not None:
        said["where"] = canonical(parse_expression(measure.where))
    if measure.ratio is None:
        return said
    return [_meaning(measures[part], measures) for part in measure.ratio]


def _shown(definition: dict[str, Any]) -> str:
    return "{" + ", ".join(f"{key}: {_plain(value)}" for key, value in definition.items()) + "}"


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'
