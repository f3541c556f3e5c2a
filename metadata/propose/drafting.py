"""From a scan to drafts: tables find their entities, columns their targets, the rest is derived."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from metadata.model.source import SourceTable
from metadata.model.star import Entity
from metadata.model.synonyms import EntitySynonyms, Words
from metadata.propose.compose import Material, compose
from metadata.propose.drafts import Draft, Proposal
from metadata.propose.inside import View, instead_views, possible_views
from metadata.propose.matching import Candidate, Match, Setting, best_matches, own_candidates
from metadata.propose.reach import joined_candidates
from metadata.propose.settings import draft_tables
from metadata.propose.structure import KnownTable, Structure, understand
from metadata.propose.tables import Fit, drivers, fits
from metadata.propose.vocabulary import build_vocabulary
from metadata.propose.written import Written
from metadata.repository import Repository
from metadata.scan import Scan


@dataclass(frozen=True)
class Known:
    """What a workspace has already said, and what it adds to the shipped vocabulary."""

    entities: Mapping[str, Entity]
    synonyms: Sequence[EntitySynonyms] = ()
    words: Sequence[Words] = ()
    mapped: Mapping[tuple[str, str], Sequence[Written]] = field(default_factory=dict)
    """The mappings that exist, by table and entity; they are not drafted again, only added to."""
    settings: Mapping[str, SourceTable] | None = None
    """Tables of the source as they are defined."""


def known_of(repository: Repository, source: str, *, again: bool = False) -> Known:
    """What a workspace says of a source.

    Args:
        repository: the workspace.
        source: one of its sources.
        again: whether to draft as if it had no mappings.
    """
    mapped: dict[tuple[str, str], list[Written]] = {}
    for m in repository.mappings:
        if m.source == source and not again:
            key = (m.table, m.definition.entity)
            mapped.setdefault(key, []).append(Written(m.definition, source))
    return Known(
        entities={name: written.value for name, written in repository.entities.items()},
        synonyms=tuple(written.value for written in repository.synonyms.values()),
        words=tuple(written.value for written in repository.words.values()),
        mapped=mapped,
        settings=repository.sources[source].value.tables,
    )


@dataclass(frozen=True)
class _Fed:
    """A table with an entity that it feeds."""

    table: str
    fit: Fit
    view: View


def propose(
    scan: Scan, known: Known, *, tables: Iterable[str] = (), least: float = 0.5
) -> Proposal:
    """Draft mappings and source settings from a scan.

    Args:
        scan: what a source holds.
        known: the workspace.
        tables: tables to draft mappings from; all when empty.
        least: confidence below which a column is only mentioned.
    """
    vocabulary = build_vocabulary(known.entities, known.synonyms, known.words)
    wanted = set(tables)
    repeated = {t: base for t, base in _repeated(scan).items() if t not in wanted}
    scan = scan.model_copy(
        update={"tables": tuple(t for t in scan.tables if t.name not in repeated)}
    )
    structure = understand(_with_declared_keys(scan, known), vocabulary)
    found = drivers(structure, vocabulary, fits(structure, vocabulary))
    setting = Setting(vocabulary, structure, {table: fit.entity for table, fit in found.items()})
    drafts: list[Draft] = []
    additions: list[Draft] = []
    already: list[str] = []
    failed: dict[str, str] = {}
    for fed in _all_fed(setting, found):
        entity = fed.view.entity
        if wanted and fed.table not in wanted:
            continue
        there = known.mapped.get((fed.table, entity), ())
        if there:
            already.append(f"{entity} from {scan.source}.{fed.table}")
        if len(there) > 1:
            # Which of them a column would belong to is not for us to say.
            continue
        written = there[0] if there else None
        table = structure.tables[fed.table]
        material = Material(setting, table, fed.fit, fed.view, scan.scanned_at, written)
        draft = compose(material, least)
        if written is not None:
            additions += [draft] if isinstance(draft, Draft) and draft.columns else []
        elif isinstance(draft, Draft):
            drafts.append(draft)
        else:
            failed.setdefault(fed.table, draft)
    drafts = _with_beside(known, _with_unused(structure, drafts))
    drafts.sort(key=lambda d: (-d.confidence, d.entity, d.table))
    read = {table for draft in (*drafts, *additions) for table in draft.tables}
    read |= {t for each in known.mapped.values() for written in each for t in written.tables}
    left = {t: f"a view of what '{base}' holds" for t, base in repeated.items() if t not in read}
    left |= {t: failed.get(t) or _why_left(t, found) for t in structure.tables if t not in read}
    return Proposal(
        scan.source,
        scan.version,
        scan.scanned_at,
        tuple(drafts),
        draft_tables(structure, [*drafts, *additions], known.settings or {}),
        left,
        tuple(already),
        tuple(additions),
    )


def _repeated(scan: Scan) -> Mapping[str, str]:
    """Views that only show columns of one table, each with the table: it says as much, and more."""
    found: dict[str, str] = {}
    tables = [(t, {c.name.casefold() for c in t.columns}) for t in scan.tables if t.kind == "table"]
    for view in (t for t in scan.tables if t.kind == "view"):
        shown = {c.name.casefold() for c in view.columns}
        bases = [t for t, columns in tables if shown <= columns]
        if shown and bases:
            found[view.name] = min(bases, key=lambda t: (len(t.columns), t.name)).name
    return found


def _with_declared_keys(scan: Scan, known: Known) -> Scan:
    """Keys that the workspace gives to tables are as good as those of the source."""
    settings = known.settings or {}
    tables = [
        table.model_copy(update={"primary_key": settings[table.name].primary_key})
        if table.name in settings and settings[table.name].primary_key and not table.primary_key
        else table
        for table in scan.tables
    ]
    return scan.model_copy(update={"tables": tuple(tables)})


def _all_fed(setting: Setting, found: Mapping[str, Fit]) -> list[_Fed]:
    """Each table with each entity that it feeds, and what fills the entity's columns."""
    reachable: dict[str, list[Candidate]] = {}
    fed: list[_Fed] = []
    for name in sorted(found):
        table = setting.structure.tables[name]
        reachable[name] = [*own_candidates(table), *joined_candidates(setting, table)]
        fed += _of_table(setting, table, found[name], reachable[name])
    told = [(each.table, each.view.entity, each.view.matches) for each in fed]
    for name, view in instead_views(setting, told, reachable.__getitem__):
        fed.append(_Fed(name, _as_view(found[name], view), view))
    return fed


def _of_table(
    setting: Setting, table: KnownTable, fit: Fit, candidates: Sequence[Candidate]
) -> list[_Fed]:
    words = setting.vocabulary.entities[fit.entity]
    possible = possible_views(setting, table, fit.entity, candidates)
    targets = [*words.targets, *(t for each in possible for t in each.targets)]
    # All at once, so that a column goes where it fits best of all entities.
    matches = best_matches(setting, table, candidates, targets, main=fit.entity)
    views = [View(fit.entity, fit.odds, [m for m in matches if m.target.entity == fit.entity])]
    views += [view for view in (each.kept(matches) for each in possible) if view is not None]
    believed = {view.entity for view in views}
    if believed != {t.entity for t in targets}:
        # What has not been believed in has taken columns that others may need.
        matches = best_matches(
            setting,
            table,
            candidates,
            [t for t in targets if t.entity in believed],
            main=fit.entity,
        )
        views = [View(fit.entity, fit.odds, [m for m in matches if m.target.entity == fit.entity])]
        views += [view for view in (each.kept(matches) for each in possible) if view is not None]
    return [_Fed(table.name, _as_view(fit, view), view) for view in views]


def _as_view(fit: Fit, view: View) -> Fit:
    if view.entity == fit.entity:
        return fit
    return replace(fit, entity=view.entity, odds=min(fit.odds, view.odds), likeness=0.0, phrase="")


def _with_unused(structure: Structure, drafts: Sequence[Draft]) -> list[Draft]:
    """Each table's first draft says which of its columns no draft reads."""
    read = {read for draft in drafts for column in draft.active for read in column.reads}
    told: set[str] = set()
    found: list[Draft] = []
    for draft in drafts:
        columns = structure.tables[draft.table].columns if draft.table not in told else ()
        told.add(draft.table)
        unused = tuple(c.name for c in columns if (draft.table, c.name) not in read)
        found.append(replace(draft, unused=unused))
    return found


def _with_beside(known: Known, drafts: Sequence[Draft]) -> list[Draft]:
    fed = {*known.mapped, *((draft.table, draft.entity) for draft in drafts)}
    return [
        replace(d, beside=tuple(sorted(t for t, e in fed if e == d.entity and t != d.table)))
        for d in drafts
    ]


def _why_left(table: str, found: Mapping[str, Fit]) -> str:
    if table in found:
        return f"it may be {found[table].entity}, of which a mapping exists"
    return "it is like no entity"


__all__ = ["Known", "Match", "propose"]
