"""The members that fact rows point at: the version in force, and the row it was made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlglot import exp

from cubes.drill import CellFacts, MemberColumns
from pipelines.explain.replay import Untraceable
from pipelines.explain.sources import Sources
from pipelines.explain.tables import Placing
from pipelines.explain.tracing import Identity, JudgedRows
from pipelines.explain.values import MemberVersion
from pipelines.explain.versions import rows_of_versions
from transforms import STAGING
from transforms.landing import BATCH, ROW
from transforms.statements import (
    UNKNOWN_KEY,
    column,
    create_table,
    data_type,
    named,
    table,
)  # fmt: skip

Row = Mapping[str, Any]


@dataclass(frozen=True)
class _Known:
    """What is known of a dimension's members: outcomes and ids of the rows with a natural key."""

    judged: JudgedRows
    rows: Mapping[str, Sequence[tuple[str, Identity]]]
    """Outcome and identity by natural key; the staged one first."""
    ids: Mapping[Identity, str]
    versions: Mapping[int, str]
    """Ids of the rows behind versions that are no longer in force, by surrogate key."""


def members_of(
    facts: CellFacts, placing: Placing | None, refers: Mapping[int, Row], sources: Sources
) -> list[tuple[MemberVersion, ...]]:
    """For each shown fact row, the members that it points at.

    Args:
        facts: the shown rows.
        placing: how far rows can be followed; None when not at all.
        refers: for the place of a shown row, what it refers by.
        sources: where the rows that members were made from are told.
    """
    shown = facts.table.to_pylist()
    known: dict[str, _Known] = {}
    if placing is not None:
        for dimension, roles in _by_dimension(facts, placing).items():
            try:
                found = _judge(placing, roles, shown, refers, sources)
            except Untraceable as error:
                if error.issue not in placing.issues:
                    placing.issues.append(error.issue)
                continue
            known[dimension] = found
    return [
        tuple(
            _version(each, row, refers.get(place), placing, known.get(each.dimension))
            for each in facts.members
        )
        for place, row in enumerate(shown)
    ]


def _by_dimension(facts: CellFacts, placing: Placing) -> dict[str, list[MemberColumns]]:
    """The asked roles whose members come from an entity, by dimension."""
    found: dict[str, list[MemberColumns]] = {}
    for each in facts.members:
        if each.role in placing.focus.member_columns:
            found.setdefault(each.dimension, []).append(each)
    return found


def _judge(
    placing: Placing,
    roles: Sequence[MemberColumns],
    shown: Sequence[Row],
    refers: Mapping[int, Row],
    sources: Sources,
) -> _Known:
    """Judge the rows of the members that are pointed at, or referred to in vain."""
    dimension = placing.focus.fact.roles[roles[0].role].dimension
    assert dimension.entity is not None
    keys: dict[Any, None] = {}
    for role in roles:
        keys |= dict.fromkeys(row[role.natural_key] for row in shown)
        keys |= dict.fromkeys(row.get(placing.role_value(role.role)) for row in refers.values())
    wanted, target = f"wanted_member_{dimension.name}", f"judged_member_{dimension.name}"
    kind = data_type(dimension.entity.columns[dimension.natural_key].type)
    listed = [str(key) for key in keys if key is not None]
    typed = named(exp.TryCast(this=column("key"), to=kind), dimension.natural_key)
    given = exp.values([(key,) for key in listed] or [("",)], alias="given", columns=["key"])
    query = exp.select(typed).from_(given).where(exp.convert(bool(listed)))
    placing.replay.run(create_table(wanted, STAGING, query))
    replayed = placing.replay.entity(dimension.entity.entity)
    replayed.judge_few(target, wanted)
    judged = JudgedRows.last_of(replayed, target)
    found = _rows_by_key(judged, dimension.natural_key)
    columns = dict.fromkeys(
        name
        for role in roles
        for name in placing.focus.member_columns[role.role][dimension.entity.entity]
    )
    first = [rows[0][1] for rows in found.values()]
    ids = sources.follow(judged, first, list(columns))
    closed = dict.fromkeys(
        row[role.key] for role in roles for row in shown if _is_closed(role, row)
    )
    versions = rows_of_versions(placing, dimension, list(closed), list(columns), sources)
    return _Known(judged, found, ids, versions)


def _is_closed(role: MemberColumns, row: Row) -> bool:
    return role.is_current is not None and row[role.is_current] is False


def _rows_by_key(judged: JudgedRows, key: str) -> dict[str, list[tuple[str, Identity]]]:
    rank = (
        exp.Case()
        .when(column("_outcome").eq(exp.Literal.string("staged")), exp.Literal.number(0))
        .else_(exp.Literal.number(1))
    )
    query = (
        exp.select(
            named(exp.cast(column(key), "VARCHAR"), "key"),
            *(column(name) for name in ("_outcome", "_mapping", BATCH, ROW)),
        )
        .from_(table(judged.target, STAGING))
        .where(exp.not_(column(key).is_(exp.null())))
        .order_by(rank, column("_mapping"), column(BATCH), column(ROW))
    )
    found: dict[str, list[tuple[str, Identity]]] = {}
    for own, outcome, *identity in judged.replayed.replay.rows(query):
        mapping, batch, row = identity
        found.setdefault(own, []).append((outcome, (mapping, batch, row)))
    return found


def _version(
    columns: MemberColumns,
    row: Row,
    refers: Row | None,
    placing: Placing | None,
    known: _Known | None,
) -> MemberVersion:
    natural = row[columns.natural_key]
    unknown = row[columns.key] == UNKNOWN_KEY
    reference = refers.get(placing.role_value(columns.role)) if refers and placing else None
    asked_for = str(natural) if natural is not None else reference
    rows = known.rows.get(asked_for, ()) if known is not None and asked_for is not None else ()
    source = known.ids[rows[0][1]] if known is not None and rows else None
    valid_from, valid_to = _moment(row, columns.valid_from), _moment(row, columns.valid_to)
    is_current = row[columns.is_current] if columns.is_current else None
    attributes = {name: row[f"{columns.role}.{name}"] for name in columns.asked}
    if known is not None and _is_closed(columns, row):
        source = known.versions.get(row[columns.key])
    return MemberVersion(
        role=columns.role,
        label=columns.label,
        dimension=columns.dimension,
        key=row[columns.key],
        natural_key=None if natural is None else str(natural),
        caption=row[columns.caption] if columns.caption else None,
        valid_from=valid_from,
        valid_to=valid_to,
        is_current=is_current,
        attributes=attributes,
        unknown=unknown,
        reference=reference,
        why_unknown=_why(reference, rows) if unknown and refers and known else None,
        row=source,
    )


def _why(reference: str | None, rows: Sequence[tuple[str, Identity]]) -> Any:
    if reference is None:
        return "no_value"
    return "left_out" if rows else "no_member"


def _moment(row: Row, name: str | None) -> datetime | None:
    found: datetime | None = row[name] if name else None
    return found
