"""A dimension whose definition has changed: new columns, new types, values by another rule.

Also what its loading shares with that: which attributes keep which history, and updates of members.
"""

from __future__ import annotations

from sqlglot import exp

from metadata.repository import ResolvedDimension
from transforms.statements import (
    UNKNOWN_KEY,
    WAREHOUSE,
    Columns,
    Statement,
    column,
    data_type,
    named,
    number,
    table,
    text,
)  # fmt: skip


def new_columns(resolved: ResolvedDimension, existing: Columns, incoming: str) -> list[Statement]:
    """An attribute that is new is filled in every version from what is known now."""
    steps = []
    for name, kind in columns_of_dimension(resolved).items():
        if name in existing:
            continue
        steps.append(_add_column(resolved, name, kind))
        steps.append(Statement(set_from(resolved, [name], incoming, exp.true()), f"fill {name}"))
        if kind == "string":
            steps.append(_name_unknown(resolved, name))
    if resolved.definition.parent and "parent_key" not in existing:
        steps.append(_add_column(resolved, "parent_key", "integer"))
    return steps


def new_types(resolved: ResolvedDimension, existing: Columns) -> list[Statement]:
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


def redefine(
    resolved: ResolvedDimension, redefined: frozenset[str], incoming: str
) -> list[Statement]:
    """A rule that has changed speaks of the past too, as far as the past can be told.

    The version in force takes the new value. An earlier version has only the old one: where that
    has everywhere become the same new value, it becomes so here as well (a code written otherwise);
    else it stays as it was.
    """
    fixed = with_history(resolved, "fixed")
    kinds = columns_of_dimension(resolved)
    words = [n for n in sorted(redefined & kinds.keys()) if kinds[n] == "string"]
    steps = [_name_unknown(resolved, name) for name in words if name != resolved.natural_key]
    for name in sorted(redefined.intersection([*with_history(resolved, "track"), *fixed])):
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
                    # What is fixed is a value of the past in the version in force as well.
                    exp.true() if name in fixed else exp.not_(column("is_current", resolved.table)),
                    column(resolved.surrogate_key, resolved.table).neq(number(UNKNOWN_KEY)),
                )
            ),
        )
        steps.append(Statement(earlier, f"recode {name} in earlier versions of {resolved.table}"))
        if name in fixed:
            continue
        now = exp.and_(column("is_current", resolved.table), exp.paren(differs(resolved, [name])))
        redefine_now = set_from(resolved, [name], incoming, now)
        steps.append(Statement(redefine_now, f"redefine {name} as it is now"))
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
            on=exp.and_(same_member(resolved), column("is_current", resolved.table)),
        )
        .group_by(old.copy())
        .having(exp.and_(one, exp.Min(this=told.copy()).neq(exp.cast(old.copy(), "VARCHAR"))))
    )


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


def columns_of_dimension(resolved: ResolvedDimension) -> dict[str, str]:
    """Natural key and attributes with their metadata types, in the order of the table.

    An attribute that nothing feeds is no column yet: once it is fed it is new, and fills the past.
    """
    key = resolved.natural_key
    types = {key: resolved.entity.columns[key].type if resolved.entity else "date"}
    return types | {a.name: a.type for a in resolved.attributes.values() if a.available}


def with_history(resolved: ResolvedDimension, history: str) -> list[str]:
    """The attributes with one kind of history, without the natural key."""
    return [
        a.name
        for a in resolved.attributes.values()
        if a.definition.history == history and a.available and a.name != resolved.natural_key
    ]


def set_from(
    resolved: ResolvedDimension, names: list[str], incoming: str, condition: exp.Expr
) -> exp.Update:
    """Attributes of members take what has come in, where a condition holds."""
    return exp.Update(
        this=table(resolved.table, WAREHOUSE),
        expressions=[column(name).eq(column(name, "incoming")) for name in names],
        from_=exp.From(this=exp.alias_(exp.to_table(incoming), "incoming", table=True)),
        where=exp.Where(this=exp.and_(same_member(resolved), condition)),
    )


def differs(resolved: ResolvedDimension, names: list[str]) -> exp.Expr:
    """Whether what has come in differs; nothing is as good a value as another."""
    return exp.or_(
        *(
            exp.NullSafeNEQ(this=column(name, resolved.table), expression=column(name, "incoming"))
            for name in names
        )
    )


def same_member(resolved: ResolvedDimension) -> exp.Expr:
    """Whether a row of the table and one that has come in are of the same member."""
    key = resolved.natural_key
    return column(key, resolved.table).eq(column(key, "incoming"))
