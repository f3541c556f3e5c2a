"""Expressions of mappings, lookups and checks, computed for one row without values.

What rules do with the values needs no trial: they take values of whatever type has landed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from sqlglot import exp

from metadata import Repository
from metadata.errors import Issue, Location
from metadata.expressions import columns_of, is_condition
from metadata.model.rule import a_kind
from metadata.repository import ResolvedMapping
from pipelines.dry_run.known import Typing, known_part, lookup_is_known, tables_of
from pipelines.dry_run.landing import TECHNICAL_TYPES, Expected
from pipelines.dry_run.trying import Trying, gives, misfit, no_condition
from transforms import Columns
from transforms.checks import with_columns
from transforms.parsing import parse
from transforms.raw import Reading, parts_of, raw_rows
from transforms.statements import STAGING, column, data_type, named, table
from transforms.tolerance import tolerant

CAST = "Cast what it reads, such as cast(amount as decimal(18,2)), or give it another type."


def refused_in_mappings(
    repository: Repository, expected: Expected, trying: Trying
) -> Iterator[Issue]:
    """What mappings, lookups and the conditions of checks cannot compute."""
    tried = _Mappings(repository, expected, trying)
    yield from tried.conditions()
    yield from tried.constants()
    yield from tried.lookups()
    for mapping in repository.mappings:
        yield from tried.mapping(mapping)


class _Mappings:
    def __init__(self, repository: Repository, expected: Expected, trying: Trying) -> None:
        self._repository = repository
        self._expected = expected
        self._trying = trying
        self._shapes: dict[str, str] = {}
        """The name of the table that stands for all tables of the same columns."""

    def mapping(self, mapping: ResolvedMapping) -> tuple[Issue, ...]:
        """What is wrong with a mapping in every way in which its tables may land."""
        yet: list[tuple[Issue, ...]] = []
        for typing in self._typings(tables_of(self._repository, mapping.definition)):
            issues = tuple(self._refused(mapping, typing))
            if not issues:
                return ()
            yet.append(issues)
        return yet[0] if yet else ()

    def conditions(self) -> Iterator[Issue]:
        """Conditions of checks over the mapped row, whose types the entity says."""
        places: dict[tuple[str, str], list[Location]] = {}
        for mapping in self._repository.mappings:
            for name, rule in mapping.definition.columns.items():
                for place, check in enumerate(rule.check):
                    for written in check.expressions():
                        where = mapping.written.where("columns", name, "check", place)
                        places.setdefault((mapping.entity.entity, written), []).append(where)
        for (entity, written), wheres in places.items():
            rows = exp.select().from_(table(self._row(entity), STAGING))
            reason = self._condition(rows, with_columns(written, column))
            if reason is not None:
                yield from (refused(written, "boolean", where, reason) for where in wheres)

    def constants(self) -> Iterator[Issue]:
        """Expressions that give the same, or a condition, whatever the columns are."""
        for mapping in self._repository.mappings:
            for name, rule in mapping.definition.columns.items():
                kind = mapping.entity.columns[name].type
                if rule.expr is None or rule.clean or rule.lookup or rule.format:
                    continue
                reason = None
                if is_condition(rule.expr):
                    reason = misfit("BOOLEAN", kind)
                elif kind != "string" and not columns_of(rule.expr):
                    reason = self._constant(rule.expr, kind)
                if reason is not None:
                    where = mapping.written.where("columns", name)
                    yield refused(rule.expr, kind, where, reason)

    def _constant(self, written: str, kind: str) -> str | None:
        """Why the one value of an expression can never be read as a type."""
        value = with_columns(written, column)
        read = parse(value.copy(), kind, (), None, computed=True)
        lost = exp.and_(exp.not_(value.copy().is_(exp.null())), read.is_(exp.null()))
        found, reason = self._trying.rows(exp.select(value, lost))
        if reason is not None or not found[0][1]:
            return reason
        return f"It gives '{found[0][0]}', whatever the row is."

    def lookups(self) -> Iterator[Issue]:
        """Which rows of a table a lookup is made of."""
        for written in self._repository.lookups.values():
            lookup = written.value
            if lookup.from_ is None or lookup.where is None:
                continue
            reasons = []
            for typing in self._typings((lookup.from_,)):
                reason = None
                if lookup_is_known(lookup, typing):
                    rows = exp.select().from_(table(self._table(typing, lookup.from_), STAGING))
                    reason = self._condition(rows, with_columns(lookup.where, column))
                reasons.append(reason)
            if reasons[0] is not None and None not in reasons:
                yield refused(lookup.where, "boolean", written.where("where"), reasons[0])

    def _refused(self, mapping: ResolvedMapping, typing: Typing) -> Iterator[Issue]:
        """What is wrong with a mapping whose tables have certain columns."""
        part = known_part(self._repository, mapping, typing)
        reading = self._reading(typing)
        made, reason = self._trying.gives(raw_rows(part, part.entity, typing, reading))
        culprits = self._culprits(part, typing) if reason is not None else ()
        yield from culprits
        if reason is not None:
            if not culprits:
                yield _whole(mapping, reason)
            return
        yield from _misfits(part, made)

    def _culprits(self, part: ResolvedMapping, typing: Typing) -> tuple[Issue, ...]:
        """The expressions that are refused, each tried by itself."""
        found: list[Issue] = []
        broken: set[str] = set()
        for alone, written, place in parts_of(part):
            if broken & alone.definition.join.keys():
                continue
            rows = raw_rows(alone, alone.entity, typing, self._reading(typing))
            _, reason = self._trying.gives(rows)
            if reason is not None:
                reason = self._no_condition(rows) or reason if place == ("where",) else reason
                broken |= {place[1]} if place[0] == "join" else set()
                kind = part.entity.columns[place[1]].type if place[0] == "columns" else "boolean"
                found.append(refused(written, kind, part.written.where(*place), reason))
        return tuple(found)

    def _no_condition(self, rows: exp.Select) -> str | None:
        """What a filter gives that is no condition."""
        let_in = next(each for each in rows.selects if each.alias_or_name == "_let_in")
        let_in.set("this", let_in.this.this)
        made, reason = self._trying.gives(rows)
        return None if reason is not None else gives(made["_let_in"])

    def _condition(self, rows: exp.Select, condition: exp.Expr) -> str | None:
        """Why a condition cannot be told of rows."""
        query = rows.select(named(tolerant(condition), "tried")).where(tolerant(condition))
        made, reason = self._trying.gives(query)
        return reason or no_condition(made["tried"])

    def _typings(self, tables: Sequence[str]) -> list[Typing]:
        """The tables as they will most likely land, and as they may land otherwise."""
        known = {name: self._expected.typings(name) or ({},) for name in tables}
        ways = max((len(each) for each in known.values()), default=1)
        return [
            {name: each[min(way, len(each) - 1)] for name, each in known.items()}
            for way in range(ways)
        ]

    def _reading(self, typing: Typing) -> Reading:
        def named_table(mapping: ResolvedMapping, alias: str) -> str:
            definition = mapping.definition
            name = definition.join[alias].table if alias else definition.from_
            return self._table(typing, name)

        return named_table

    def _table(self, typing: Typing, name: str) -> str:
        """The table that has the columns of a landed table."""
        return self._of_shape({**typing.get(name, {}), **TECHNICAL_TYPES})

    def _row(self, entity: str) -> str:
        """The table that has the columns of an entity."""
        kinds = self._repository.entity(entity).columns.items()
        return self._of_shape({name: data_type(each.type).sql("duckdb") for name, each in kinds})

    def _of_shape(self, columns: Columns) -> str:
        shape = json.dumps(dict(columns))
        if shape not in self._shapes:
            self._shapes[shape] = f"landed_shape_{len(self._shapes)}"
            self._trying.nothing(self._shapes[shape], columns)
        return self._shapes[shape]


def refused(written: str, kind: str, where: Location, reason: str) -> Issue:
    """An expression that the engine does not take, or that gives what is not wanted."""
    what = "as a condition" if kind == "boolean" else f"as {a_kind(kind)}"
    return Issue(f"The expression '{written}' cannot be computed {what}.", where, reason, CAST)


def _whole(mapping: ResolvedMapping, reason: str) -> Issue:
    return Issue(
        f"The mapping of {mapping.entity.entity} cannot be computed.",
        mapping.written.where(),
        reason,
        "Check its rules against the types of the columns.",
    )


def _misfits(part: ResolvedMapping, made: Mapping[str, str]) -> Iterator[Issue]:
    """Expressions that give values of which none can be read as the column's type."""
    for name, rule in part.definition.columns.items():
        if rule.expr is None or rule.clean or rule.lookup is not None or rule.format:
            continue
        kind = part.entity.columns[name].type
        reason = misfit(made[f"{name}__raw"], kind)
        if reason is not None:
            yield refused(rule.expr, kind, part.written.where("columns", name), reason)
