"""A draft put together: matched columns, a key, what can be derived, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from metadata.propose.confidence import stated
from metadata.propose.deriving import Filled, derived
from metadata.propose.drafts import Draft, DraftColumn, Missing
from metadata.propose.expressions import written
from metadata.propose.inside import View
from metadata.propose.joining import Joins
from metadata.propose.matching import Match, Setting
from metadata.propose.rules import rule_of
from metadata.propose.structure import KnownTable
from metadata.propose.tables import Fit
from metadata.propose.vocabulary import EntityWords, Target
from metadata.propose.written import Written

_CONSTANT, _SCAN_DAY, _DECLARED = 0.6, 0.6, 0.75


@dataclass(frozen=True)
class Material:
    """What a draft is made of."""

    setting: Setting
    table: KnownTable
    fit: Fit
    view: View
    scanned_at: datetime
    written: Written | None = None
    """The mapping that the workspace has; only what it could gain is drafted."""

    @property
    def words(self) -> EntityWords:
        """The entity."""
        return self.setting.vocabulary.entities[self.view.entity]

    @property
    def inside(self) -> bool:
        """Whether the table is mainly about something else."""
        return self.setting.drivers.get(self.table.name) != self.view.entity


def compose(material: Material, least: float) -> Draft | str:
    """The draft, or why there can be none.

    Args:
        material: what it is made of.
        least: confidence below which a column is only mentioned.
    """
    words, table = material.words, material.table
    joins = Joins(material.setting.structure, material.written)
    filled = {m.target.column: _filled(material, m, joins) for m in material.view.matches}
    if material.table.key_sure >= _DECLARED:
        filled |= {f.target.column: f for f in _keys(material, filled)}
    sure = {name: f for name, f in filled.items() if f.confidence >= least}
    natural = {f.target.column: f for f in derived(words, sure) if f.target.key}
    filled = {**filled, **natural}
    filled |= {f.target.column: f for f in _keys(material, filled)}
    lacking = [key for key in words.entity.key if key not in filled]
    if lacking:
        return f"it may be {words.entity.entity}, but nothing fills {' and '.join(lacking)}"
    usable = {name: f for name, f in filled.items() if f.confidence >= least or f.target.key_part}
    filled |= {f.target.column: f for f in derived(words, usable)}
    filled |= {f.target.column: f for f in _countries(material, usable)}
    filled |= {f.target.column: f for f in _given(material, usable | filled)}
    order = [t for t in words.targets if not t.helper]
    columns = tuple(_column(filled[t.column], least) for t in order if t.column in filled)
    if material.written is not None:
        columns = tuple(c for c in columns if c.active and material.written.lacks(c))
    active = {c.column for c in columns if c.active}
    used = {alias for c in columns for alias in filled[c.column].aliases if c.active}
    return Draft(
        entity=words.entity.entity,
        table=table.name,
        confidence=stated(material.fit.odds),
        reason=_why(material),
        joins=joins.used(used),
        columns=columns,
        where=_where(material, filled),
        keep=_keep(material, filled),
        missing=tuple(
            Missing(t.column, words.entity.columns[t.column].description, t.required or t.key_part)
            for t in order
            if t.column not in active
        ),
        unused=(),
    )


def _filled(material: Material, match: Match, joins: Joins) -> Filled:
    alias = joins.alias(match.candidate.path)
    rule, hint = rule_of(match, alias)
    confidence = stated(match.odds)
    known = match.candidate.known
    return Filled(
        match.target,
        rule,
        confidence,
        _because(match),
        ((known.table, known.name),),
        joins.prefixes(match.candidate.path),
        hint,
        known,
        alias,
    )


def _because(match: Match) -> str:
    known, target = match.candidate.known, match.target
    parts: list[str] = []
    named = f"{known.table}.{known.name}" if match.candidate.path else known.name
    if known.name.casefold() == target.column.casefold():
        parts.append("same name")
    elif match.likeness >= 0.9:
        own = {_words(known.name), _words(target.column)}
        synonym = "" if _words(match.phrase) in own else f" (synonym '{match.phrase}')"
        parts.append(f"'{named}' means {target.column}{synonym}")
    elif match.likeness > 0:
        parts.append(f"'{named}' is like '{match.phrase}'")
    parts += [piece.says for piece in match.pieces]
    return "; ".join(parts) or "nothing else fits"


def _words(name: str) -> str:
    return name.replace("_", " ").casefold()


def _keys(material: Material, filled: dict[str, Filled]) -> Iterator[Filled]:
    """The entity's key put together from the table's, where no column is it by itself."""
    words, table = material.words, material.table
    if len(words.entity.key) != 1 or words.entity.key[0] in filled:
        return
    target = next(t for t in words.targets if t.key)
    parts, sure = table.key, table.key_sure
    reason = "key of the table" if sure == 1 else "likely key of the table"
    counted = any(
        t & {"line", "position"} for c in table.columns if c.name in parts for t in c.tokens
    )
    guessed = sure < _DECLARED and table.table.kind == "file" and not counted
    if not parts or (guessed and target.column in words.hints.derive):
        lines = [filled[t.column] for t in words.targets if t.column in filled and t.required]
        lines = [f for f in lines if f.target.references and not f.alias]
        if not lines or material.inside:
            return
        parts, sure = (*(f.reads[0][1] for f in lines[:1]), "_row"), 0.5
        reason = "the table has no key, so the position of the row tells rows apart"
    if len(parts) == 1:
        rule: dict[str, object] = {"from": parts[0]}
    else:
        rule = {"expr": f"concat_ws('-', {', '.join(written(part) for part in parts)})"}
    reads = tuple((table.name, part) for part in parts if part != "_row")
    confidence = min(sure, stated(material.fit.odds))
    yield Filled(target, rule, round(confidence, 2), reason, reads)


def _countries(material: Material, filled: dict[str, Filled]) -> Iterator[Filled]:
    """A country by name and by code, where the source has it only once."""
    matched = {m.target.column: m for m in material.view.matches if m.target.column in filled}
    for target in material.words.targets:
        if target.column in filled or target.values not in ("country", "country_code"):
            continue
        kinds = {"country", "country_code"} - {target.values}
        # A country of delivery has no code by the name of another country.
        stem = target.column.removesuffix("_code")
        for match in matched.values():
            if match.target.values in kinds and match.target.column.removesuffix("_code") == stem:
                twin = filled[match.target.column]
                rule, hint = rule_of(replace(match, target=target), twin.alias)
                reason = f"the same column as {match.target.column}"
                yield replace(
                    twin, target=target, rule=rule, hint=hint, reason=reason,
                    confidence=round(twin.confidence * 0.95, 2),
                )  # fmt: skip


def _given(material: Material, filled: dict[str, Filled]) -> Iterator[Filled]:
    """Constants, and the day of the scan, where nothing else fills a column."""
    words = material.words
    by_name = {t.column: t for t in words.targets}
    for name, value in words.hints.constants.items():
        if name not in filled and name in by_name:
            yield Filled(
                by_name[name], {"value": value}, _CONSTANT, "assumed: nothing says otherwise", ()
            )
    for name in words.hints.scan_day:
        if name not in filled and name in by_name:
            day = material.scanned_at.date().isoformat()
            reason = "the table holds the present state, so it is dated with the day of the scan"
            yield Filled(by_name[name], {"value": day}, _SCAN_DAY, reason, ())


def _column(filled: Filled, least: float) -> DraftColumn:
    target: Target = filled.target
    return DraftColumn(
        target.column,
        filled.rule,
        filled.confidence,
        filled.reason,
        filled.reads,
        # Without its key a mapping cannot stand.
        active=filled.confidence >= least or target.key_part,
        hint=filled.hint,
    )


def _why(material: Material) -> str:
    fit, table = material.fit, material.table
    if material.inside:
        return f"columns of '{table.name}' are about it, and no table of its own was found"
    called = table.table.native_name or table.name
    parts = [f"'{called}' means {fit.entity}"] if fit.likeness >= 0.9 else []
    if not parts and fit.likeness > 0.3:
        parts.append(f"'{called}' is like '{fit.phrase}'")
    parts.append(f"{fit.matched} of {fit.columns} columns fit")
    return "; ".join(parts)


def _where(material: Material, filled: dict[str, Filled]) -> str | None:
    """Rows of a flat table that are not about the entity are filtered, not refused."""
    if not material.inside:
        return None
    keys = [f.known for f in (filled[k] for k in material.words.entity.key) if f.known]
    lacking = [k for k in keys if k.column.profile and k.column.profile.nulls]
    names = [k for k in filled.values() if k.target.column == "name" and k.known]
    if not lacking and keys and material.table.key == (keys[0].name,):
        # One for each row of the table, if it is named there.
        lacking = [n.known for n in names if n.known and n.known.column.nullable and not n.alias]
    if not lacking:
        return None
    return " and ".join(f"{written(k.name)} is not null" for k in lacking)


def _keep(material: Material, filled: dict[str, Filled]) -> tuple[str, ...]:
    """Of the rows that make one row of the entity the newest survives."""
    keys = [f.known for f in (filled[k] for k in material.words.entity.key) if f.known]
    if not material.inside or not keys or keys[0].unique is not False:
        return ()
    dates = [c for c in material.table.columns if c.form in ("date", "moment") and c.present]
    return tuple(f"{c.name} desc" for c in dates[:1])
