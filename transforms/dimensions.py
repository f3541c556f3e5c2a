"""Dimensions: members with their versions, loaded by what differs from the build.

`fixed` attributes keep their first value, `overwrite` attributes change in every version of a
member, `track` attributes close the version in force and open another (slowly changing dimensions
of type 0, 1 and 2; Kimball, *The Data Warehouse Toolkit*).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlglot import exp

from metadata.repository import Repository, ResolvedDimension
from transforms.crossreference import xref_table
from transforms.ingredients import HISTORY, KEYS, MEMBERS
from transforms.redefining import (
    columns_of_dimension,
    differs,
    new_columns,
    new_types,
    redefine,
    set_from,
    with_history,
)
from transforms.references import References
from transforms.replaying import Replayed, take_over
from transforms.statements import (
    FIRST_DAY,
    LAST_DAY,
    UNKNOWN_KEY,
    WAREHOUSE,
    Columns,
    Statement,
    column,
    create_table,
    data_type,
    named,
    number,
    ordered,
    row_number,
    table,
    text,
)  # fmt: skip
from transforms.tree import load_tree
from transforms.versions import fix_to_first, join_versions, remove_refused

_INCOMING = "incoming"


def load_dimension(
    repository: Repository,
    dimension: str,
    existing: Columns | None,
    batch_time: datetime,
    redefined: frozenset[str] = frozenset(),
    replayed: Replayed | None = None,
) -> tuple[Statement, ...]:
    """Load a dimension from its staged entity.

    Args:
        repository: the workspace.
        dimension: its name; not the calendar, which `load_calendar` makes.
        existing: columns of the table in the build, or None when there is none yet.
        batch_time: when a change counts from where the entity does not say; without a time zone it
            is in the workspace's.
        redefined: parts that are made by another rule than when the table was last loaded. What
            differs in such an attribute has not happened to the member, so that no version begins
            by it; KEYS and MEMBERS may let others in, HISTORY may keep more or less.
        replayed: attributes whose values at each time the engine provides in the relation
            `replayed_name(dimension)`; they replace what is in the table.
    """
    resolved = repository.dimensions[dimension]
    incoming = members_query(repository, resolved)
    name = f"{_INCOMING}_{resolved.table}"
    first = Statement(
        exp.Create(
            this=exp.to_table(name),
            kind="TABLE",
            replace=True,
            expression=incoming,
            properties=exp.Properties(expressions=[exp.TemporaryProperty()]),
        ),
        f"read staged {resolved.entity.entity if resolved.entity else ''}",
    )
    if existing is None or resolved.natural_key not in existing:
        steps = [_first_load(resolved, name)]
    else:
        moment = _local(repository, batch_time)
        steps = [
            *new_columns(resolved, existing, name),
            *new_types(resolved, existing),
            *_other_members(resolved, redefined, name),
            *_close_merged(repository, resolved, moment),
            *_overwrite(resolved, name),
            *redefine(resolved, redefined & existing.keys(), name),
            *(_other_history(resolved) if HISTORY in redefined else ()),
            *_amend(resolved, name, moment),
            *_close(resolved, name, moment),
            _open(resolved, name),
            *(_replayed(resolved, existing, replayed) if replayed is not None else ()),
        ]
    if resolved.definition.parent:
        steps += load_tree(resolved, name, _matched_in(repository, resolved))
    drop = exp.Drop(tables=[exp.to_table(name)], kind="TABLE", exists=True)
    return (first, *steps, Statement(drop, "forget what was read"))


def members_query(
    repository: Repository,
    resolved: ResolvedDimension,
    names: Collection[str] | None = None,
    *,
    root: str = "",
) -> exp.Select:
    """The members of a dimension as its staged entity has them: key, attributes, `_changed_at`.

    Args:
        repository: the workspace.
        resolved: the dimension; not the calendar.
        names: attributes to take; all that are filled if None.
        root: table of staging to make them from, where it is not the staged entity.
    """
    assert resolved.entity is not None
    references = References(repository, resolved.entity.entity, root)
    query = exp.select(named(references.named(resolved.natural_key), resolved.natural_key))
    for attribute in resolved.attributes.values():
        if attribute.name == resolved.natural_key or not attribute.available:
            continue
        if names is not None and attribute.name not in names:
            continue
        value = (
            references.value(attribute.path)
            if attribute.path is not None
            else references.expression(attribute.definition.expr or "NULL")
        )
        query = query.select(
            named(exp.cast(value, data_type(attribute.type)), attribute.name), copy=False
        )
    if resolved.definition.parent:
        query = query.select(
            named(references.named(resolved.definition.parent), "_parent"), copy=False
        )
    query = query.select(named(column("_changed_at", "root"), "_changed_at"), copy=False)
    return references.joined(query)


def _local(repository: Repository, moment: datetime) -> datetime:
    if moment.tzinfo is None:
        return moment
    return moment.astimezone(ZoneInfo(repository.workspace.time_zone)).replace(tzinfo=None)


def _first_load(resolved: ResolvedDimension, incoming: str) -> Statement:
    types = columns_of_dimension(resolved)
    unknown = exp.select(named(exp.cast(number(UNKNOWN_KEY), "BIGINT"), resolved.surrogate_key))
    known = exp.select(
        named(row_number([], [ordered(column(resolved.natural_key))]), resolved.surrogate_key)
    )
    for name, kind in types.items():
        label = text(resolved.definition.unknown) if kind == "string" else exp.null()
        if name == resolved.natural_key:
            label = exp.null()
        unknown = unknown.select(named(exp.cast(label, data_type(kind)), name), copy=False)
        known = known.select(column(name), copy=False)
    for query in (unknown, known):
        query.select(*_version_columns(resolved), append=True, copy=False)
    known = known.from_(exp.to_table(incoming))
    union = exp.union(unknown, known, distinct=False)
    return Statement(
        create_table(resolved.table, WAREHOUSE, union), f"first load of {resolved.table}"
    )


def _version_columns(resolved: ResolvedDimension) -> list[exp.Expr]:
    parent = (
        [named(exp.cast(exp.null(), "BIGINT"), "parent_key")] if resolved.definition.parent else []
    )
    return [
        *parent,
        named(_moment(FIRST_DAY), "valid_from"),
        named(_moment(LAST_DAY), "valid_to"),
        named(exp.true(), "is_current"),
    ]


def _moment(value: str) -> exp.Expr:
    return exp.cast(text(value), "TIMESTAMP")


def _other_members(
    resolved: ResolvedDimension, redefined: frozenset[str], incoming: str
) -> list[Statement]:
    if not redefined & {KEYS, MEMBERS}:
        return []
    return remove_refused(resolved, incoming, other_keys=MEMBERS in redefined)


def replayed_name(dimension: str) -> str:
    """Name of the relation with the history of a dimension that was loaded again."""
    return f"replayed_{dimension}"


def _replayed(
    resolved: ResolvedDimension, existing: Columns, replayed: Replayed
) -> list[Statement]:
    columns = dict.fromkeys([*existing, *columns_of_dimension(resolved)], "")
    if resolved.definition.parent:
        columns.setdefault("parent_key", "")
    taken = take_over(resolved, columns, replayed, replayed_name(resolved.name))
    return [*taken, *join_versions(resolved)]


def latest_version(resolved: ResolvedDimension) -> exp.Select:
    """When the newest version of any member began."""
    return exp.select(exp.func("MAX", column("valid_from"))).from_(table(resolved.table, WAREHOUSE))


def _other_history(resolved: ResolvedDimension) -> list[Statement]:
    return [*fix_to_first(resolved), *join_versions(resolved)]


def _overwrite(resolved: ResolvedDimension, incoming: str) -> list[Statement]:
    names = with_history(resolved, "overwrite")
    if not names:
        return []
    change = set_from(resolved, names, incoming, exp.paren(differs(resolved, names)))
    return [Statement(change, f"overwrite changed attributes of {resolved.table}")]


def keys_query(resolved: ResolvedDimension) -> exp.Select:
    """One text that changes when the keys of a dimension or their validity do."""
    names = [resolved.surrogate_key, resolved.natural_key]
    if resolved.entity is not None:
        names += ["valid_from", "valid_to", "is_current"]
    row = exp.Anonymous(this="hash", expressions=[column(name) for name in names])
    total = exp.Sum(this=exp.cast(row, "HUGEINT"))
    return exp.select(exp.func("CONCAT", exp.Count(this=exp.Star()), text(":"), total)).from_(
        table(resolved.table, WAREHOUSE)
    )


def _change_time(resolved: ResolvedDimension, moment: datetime) -> exp.Expr:
    """When the source says it changed, if that is credible; else the batch's time.

    A change from before the version in force, or from the future, cannot be when it happened.
    """
    given = column("_changed_at", "incoming")
    now = _moment(moment.strftime("%Y-%m-%d %H:%M:%S.%f"))
    credible = exp.and_(
        exp.GT(this=given, expression=column("valid_from", resolved.table)),
        exp.LTE(this=given.copy(), expression=now),
    )
    return exp.Case().when(credible, given.copy()).else_(now.copy())


def _changed(resolved: ResolvedDimension, names: list[str]) -> exp.Expr:
    return exp.and_(column("is_current", resolved.table), exp.paren(differs(resolved, names)))


def _amend(resolved: ResolvedDimension, incoming: str, moment: datetime) -> list[Statement]:
    """What changes again at the instant a version began is that version: none lasts no time."""
    names = with_history(resolved, "track")
    if not names:
        return []
    later = exp.GT(
        this=_change_time(resolved, moment), expression=column("valid_from", resolved.table)
    )
    condition = exp.and_(_changed(resolved, names), exp.not_(exp.paren(later)))
    change = set_from(resolved, names, incoming, condition)
    return [Statement(change, f"amend versions of {resolved.table} that begin now")]


def _matched_in(repository: Repository, resolved: ResolvedDimension) -> str:
    """The cross-reference of the members' records; empty where they are not matched."""
    entity = resolved.entity.entity if resolved.entity else ""
    return xref_table(entity) if entity in repository.matchings else ""


def _close_merged(
    repository: Repository, resolved: ResolvedDimension, moment: datetime
) -> list[Statement]:
    """A member whose record has become part of another golden record is in force no longer."""
    crossed = _matched_in(repository, resolved)
    if not crossed:
        return []
    gone = exp.select(column("key")).from_(table(crossed, WAREHOUSE))
    gone = gone.where(column("key").neq(column("golden_key")))
    close = exp.Update(
        this=table(resolved.table, WAREHOUSE),
        expressions=[
            column("valid_to").eq(_moment(moment.strftime("%Y-%m-%d %H:%M:%S.%f"))),
            column("is_current").eq(exp.false()),
        ],
        where=exp.Where(
            this=exp.and_(
                column("is_current"),
                exp.In(this=column(resolved.natural_key), query=gone.subquery()),
            )
        ),
    )
    return [Statement(close, f"close merged members of {resolved.table}")]


def _close(resolved: ResolvedDimension, incoming: str, moment: datetime) -> list[Statement]:
    names = with_history(resolved, "track")
    if not names:
        return []
    close = set_from(resolved, [], incoming, _changed(resolved, names))
    close.set(
        "expressions",
        [
            column("valid_to").eq(_change_time(resolved, moment)),
            column("is_current").eq(exp.false()),
        ],
    )
    return [Statement(close, f"close changed versions of {resolved.table}")]


def _open(resolved: ResolvedDimension, incoming: str) -> Statement:
    """A version for every member that has none in force: new members, and those just closed."""
    key, surrogate = resolved.natural_key, resolved.surrogate_key
    target = table(resolved.table, WAREHOUSE)
    last = (
        exp.select(
            column(key),
            named(exp.func("MAX", column("valid_to")), "valid_to"),
            named(exp.func("BOOL_OR", column("is_current")), "in_force"),
            *(
                named(exp.func("ANY_VALUE", column(name)), name)
                for name in with_history(resolved, "fixed")
            ),
        )
        .from_(target.copy())
        .group_by(column(key))
    )
    highest = exp.select(exp.func("MAX", column(surrogate))).from_(target.copy())
    next_key = exp.Add(
        this=exp.func("GREATEST", exp.paren(highest.subquery()), number(0)),
        expression=row_number([], [ordered(column(key, "incoming"))]),
    )
    fixed = set(with_history(resolved, "fixed"))
    names = list(columns_of_dimension(resolved))
    returning = exp.not_(column(key, "last").is_(exp.null()))
    values: list[exp.Expr] = [named(next_key, surrogate)]
    for name in names:
        fresh = column(name, "incoming")
        if name in fixed:
            # A fixed attribute keeps its first value, whatever the source says now.
            kept = exp.Case().when(returning.copy(), column(name, "last")).else_(fresh)
            values.append(named(kept, name))
        else:
            values.append(fresh)
    if resolved.definition.parent:
        values.append(named(exp.cast(exp.null(), "BIGINT"), "parent_key"))
    values += [
        named(exp.func("COALESCE", column("valid_to", "last"), _moment(FIRST_DAY)), "valid_from"),
        named(_moment(LAST_DAY), "valid_to"),
        named(exp.true(), "is_current"),
    ]
    query = (
        exp.select(*values)
        .from_(exp.alias_(exp.to_table(incoming), "incoming", table=True))
        .join(
            last.subquery("last"),
            on=column(key, "last").eq(column(key, "incoming")),
            join_type="LEFT",
        )
        .where(exp.not_(exp.func("COALESCE", column("in_force", "last"), exp.false())))
    )
    parent = ["parent_key"] if resolved.definition.parent else []
    into = exp.Schema(
        this=target,
        expressions=[
            exp.to_identifier(name, quoted=True)
            for name in [surrogate, *names, *parent, "valid_from", "valid_to", "is_current"]
        ],
    )
    return Statement(
        exp.Insert(this=into, expression=query), f"new members and versions of {resolved.table}"
    )
