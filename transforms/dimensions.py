"""Dimensions: members with their versions, loaded by what differs from the build.

`fixed` attributes keep their first value, `overwrite` attributes change in every version of a
member, `track` attributes close the version in force and open another (slowly changing dimensions
of type 0, 1 and 2; Kimball, *The Data Warehouse Toolkit*).
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlglot import exp

from metadata.repository import Repository, ResolvedDimension
from transforms.references import References
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

_INCOMING = "incoming"


def load_dimension(
    repository: Repository,
    dimension: str,
    existing: Columns | None,
    batch_time: datetime,
    redefined: frozenset[str] = frozenset(),
) -> tuple[Statement, ...]:
    """Load a dimension from its staged entity.

    Args:
        repository: the workspace.
        dimension: its name; not the calendar, which `load_calendar` makes.
        existing: columns of the table in the build, or None when there is none yet.
        batch_time: when a change counts from where the entity does not say; without a time zone it
            is in the workspace's.
        redefined: attributes that are made by another rule than when the table was last loaded;
            what differs in them has not happened to the member, so that no version begins by it.
    """
    resolved = repository.dimensions[dimension]
    incoming = _incoming(repository, resolved)
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
    if existing is None:
        steps = [_first_load(resolved, name)]
    else:
        moment = _local(repository, batch_time)
        steps = [
            *_new_columns(resolved, existing, name),
            *_new_types(resolved, existing),
            *_overwrite(resolved, name),
            *_redefine(resolved, redefined & existing.keys(), name),
            *_amend(resolved, name, moment),
            *_close(resolved, name, moment),
            _open(resolved, name),
        ]
    if resolved.definition.parent:
        steps += load_tree(resolved, name)
    drop = exp.Drop(tables=[exp.to_table(name)], kind="TABLE", exists=True)
    return (first, *steps, Statement(drop, "forget what was read"))


def _local(repository: Repository, moment: datetime) -> datetime:
    if moment.tzinfo is None:
        return moment
    return moment.astimezone(ZoneInfo(repository.workspace.time_zone)).replace(tzinfo=None)


def columns_of_dimension(resolved: ResolvedDimension) -> dict[str, str]:
    """Natural key and attributes with their metadata types, in the order of the table.

    An attribute that nothing feeds is no column yet: once it is fed it is new, and fills the past.
    """
    key = resolved.natural_key
    types = {key: resolved.entity.columns[key].type if resolved.entity else "date"}
    return types | {a.name: a.type for a in resolved.attributes.values() if a.available}


def _incoming(repository: Repository, resolved: ResolvedDimension) -> exp.Select:
    assert resolved.entity is not None
    references = References(repository, resolved.entity.entity)
    query = exp.select(named(references.named(resolved.natural_key), resolved.natural_key))
    for attribute in resolved.attributes.values():
        if attribute.name == resolved.natural_key or not attribute.available:
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


def _new_columns(resolved: ResolvedDimension, existing: Columns, incoming: str) -> list[Statement]:
    """An attribute that is new is filled in every version from what is known now."""
    steps = []
    for name, kind in columns_of_dimension(resolved).items():
        if name in existing:
            continue
        steps.append(_add_column(resolved, name, kind))
        steps.append(Statement(_set(resolved, [name], incoming, exp.true()), f"fill {name}"))
        if kind == "string":
            steps.append(_name_unknown(resolved, name))
    if resolved.definition.parent and "parent_key" not in existing:
        steps.append(_add_column(resolved, "parent_key", "integer"))
    return steps


def _add_column(resolved: ResolvedDimension, name: str, kind: str) -> Statement:
    added = exp.ColumnDef(this=exp.to_identifier(name, quoted=True), kind=data_type(kind))
    add = exp.Alter(this=table(resolved.table, WAREHOUSE), kind="TABLE", actions=[added])
    return Statement(add, f"add {name}")


def _name_unknown(resolved: ResolvedDimension, name: str) -> Statement:
    unknown = exp.Update(
        this=table(resolved.table, WAREHOUSE),
        expressions=[column(name).eq(text(resolved.definition.unknown))],
        where=exp.Where(this=column(resolved.surrogate_key).eq(number(UNKNOWN_KEY))),
    )
    return Statement(unknown, f"name the unknown member's {name}")


def _new_types(resolved: ResolvedDimension, existing: Columns) -> list[Statement]:
    """A column whose type was defined anew keeps what can be read as the new one."""
    steps = []
    for name, kind in columns_of_dimension(resolved).items():
        wanted = data_type(kind)
        if name not in existing or exp.DataType.build(existing[name], dialect="duckdb") == wanted:
            continue
        read = exp.TryCast(this=column(name), to=wanted.copy())
        alter = exp.Alter(
            this=table(resolved.table, WAREHOUSE),
            kind="TABLE",
            actions=[
                exp.AlterColumn(this=exp.to_identifier(name, quoted=True), dtype=wanted, using=read)
            ],
        )
        steps.append(Statement(alter, f"{name} becomes {kind}"))
        if kind == "string" and name != resolved.natural_key:
            steps.append(_name_unknown(resolved, name))
    return steps


def _with_history(resolved: ResolvedDimension, history: str) -> list[str]:
    return [
        a.name
        for a in resolved.attributes.values()
        if a.definition.history == history and a.available and a.name != resolved.natural_key
    ]


def _differs(resolved: ResolvedDimension, names: list[str]) -> exp.Expr:
    return exp.or_(
        *(
            exp.NullSafeNEQ(this=column(name, resolved.table), expression=column(name, "incoming"))
            for name in names
        )
    )


def _same_member(resolved: ResolvedDimension) -> exp.Expr:
    key = resolved.natural_key
    return column(key, resolved.table).eq(column(key, "incoming"))


def _set(
    resolved: ResolvedDimension, names: list[str], incoming: str, condition: exp.Expr
) -> exp.Update:
    return exp.Update(
        this=table(resolved.table, WAREHOUSE),
        expressions=[column(name).eq(column(name, "incoming")) for name in names],
        from_=exp.From(this=exp.alias_(exp.to_table(incoming), "incoming", table=True)),
        where=exp.Where(this=exp.and_(_same_member(resolved), condition)),
    )


def _overwrite(resolved: ResolvedDimension, incoming: str) -> list[Statement]:
    names = _with_history(resolved, "overwrite")
    if not names:
        return []
    change = _set(resolved, names, incoming, exp.paren(_differs(resolved, names)))
    return [Statement(change, f"overwrite changed attributes of {resolved.table}")]


def _redefine(
    resolved: ResolvedDimension, redefined: frozenset[str], incoming: str
) -> list[Statement]:
    """A rule that has changed speaks of the past too, as far as the past can be told.

    The version in force takes the new value. An earlier version has only the old one: where that
    has everywhere become the same new value, it becomes so here as well (a code written otherwise);
    else it stays as it was.
    """
    tracked = _with_history(resolved, "track")
    steps = []
    for name in sorted(redefined.intersection(tracked)):
        recoded = _recoded(resolved, name, incoming)
        earlier = exp.Update(
            this=table(resolved.table, WAREHOUSE),
            expressions=[column(name).eq(column("new", "recoded"))],
            from_=exp.From(this=recoded.subquery("recoded")),
            where=exp.Where(
                this=exp.and_(
                    exp.NullSafeEQ(
                        this=column(name, resolved.table), expression=column("old", "recoded")
                    ),
                    exp.not_(column("is_current", resolved.table)),
                    column(resolved.surrogate_key, resolved.table).neq(number(UNKNOWN_KEY)),
                )
            ),
        )
        now = exp.and_(column("is_current", resolved.table), exp.paren(_differs(resolved, [name])))
        steps += [
            Statement(earlier, f"recode {name} in earlier versions of {resolved.table}"),
            Statement(_set(resolved, [name], incoming, now), f"redefine {name} as it is now"),
        ]
    return steps


def _recoded(resolved: ResolvedDimension, name: str, incoming: str) -> exp.Select:
    """Old values of an attribute that have become one and the same new value in all members."""
    old, new = column(name, resolved.table), column(name, "incoming")
    told = exp.cast(new.copy(), "VARCHAR")
    one = exp.and_(
        exp.Count(this=exp.Distinct(expressions=[told])).eq(number(1)),
        # A value that became nothing in some members is not the same everywhere.
        exp.Count(this=new.copy()).eq(exp.Count(this=exp.Star())),
    )
    return (
        exp.select(named(old, "old"), named(exp.func("ANY_VALUE", new.copy()), "new"), copy=False)
        .from_(table(resolved.table, WAREHOUSE))
        .join(
            exp.alias_(exp.to_table(incoming), "incoming", table=True),
            on=exp.and_(_same_member(resolved), column("is_current", resolved.table)),
        )
        .group_by(old.copy())
        .having(exp.and_(one, exp.Min(this=told.copy()).neq(exp.cast(old.copy(), "VARCHAR"))))
    )


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
    return exp.and_(column("is_current", resolved.table), exp.paren(_differs(resolved, names)))


def _amend(resolved: ResolvedDimension, incoming: str, moment: datetime) -> list[Statement]:
    """What changes again at the instant a version began is that version: none lasts no time."""
    names = _with_history(resolved, "track")
    if not names:
        return []
    later = exp.GT(
        this=_change_time(resolved, moment), expression=column("valid_from", resolved.table)
    )
    condition = exp.and_(_changed(resolved, names), exp.not_(exp.paren(later)))
    change = _set(resolved, names, incoming, condition)
    return [Statement(change, f"amend versions of {resolved.table} that begin now")]


def _close(resolved: ResolvedDimension, incoming: str, moment: datetime) -> list[Statement]:
    names = _with_history(resolved, "track")
    if not names:
        return []
    close = _set(resolved, [], incoming, _changed(resolved, names))
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
                for name in _with_history(resolved, "fixed")
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
    fixed = set(_with_history(resolved, "fixed"))
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
