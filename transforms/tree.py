"""Parent-child dimensions: parents as surrogate keys, and the closure of the tree."""

from __future__ import annotations

from sqlglot import exp

from metadata.repository import ResolvedDimension
from transforms.statements import (
    WAREHOUSE,
    Statement,
    call,
    column,
    create_table,
    named,
    number,
    table,
)  # fmt: skip


def load_tree(resolved: ResolvedDimension, incoming: str, crossed: str = "") -> list[Statement]:
    """Point members at their parents and close the tree: each member under all above it.

    Args:
        resolved: a dimension with a parent.
        incoming: the relation that holds its members with the natural key `_parent` of each.
        crossed: the cross-reference of its members' records; empty where they are not matched.
    """
    name = resolved.table
    closure = f"closure_{resolved.name}"
    closed = _closure(resolved, crossed)
    return [
        Statement(_point(resolved, incoming), f"parents of {name}"),
        Statement(_follow(resolved), f"parents of {name} that have a new version"),
        Statement(create_table(closure, WAREHOUSE, closed), f"closure of {name}"),
    ]


def _point(resolved: ResolvedDimension, incoming: str) -> exp.Update:
    key, surrogate, name = resolved.natural_key, resolved.surrogate_key, resolved.table
    parents = (
        exp.select(
            named(column(key, "incoming"), "child"), named(column(surrogate, "above"), "above_key")
        )
        .from_(exp.alias_(exp.to_table(incoming), "incoming", table=True))
        .join(
            table(name, WAREHOUSE, "above"),
            on=exp.and_(
                column(key, "above").eq(column("_parent", "incoming")),
                column("is_current", "above"),
                # Who is his own parent is a root.
                column(key, "above").neq(column(key, "incoming")),
            ),
            join_type="LEFT",
        )
    )
    same_member = column(key, name).eq(column("child", "parents"))
    return _set_parent(resolved, column("above_key", "parents"), parents, "parents", same_member)


def _follow(resolved: ResolvedDimension) -> exp.Update:
    """A member that the source no longer delivers follows its parent to the version in force."""
    key, surrogate, name = resolved.natural_key, resolved.surrogate_key, resolved.table
    versions = (
        exp.select(
            named(column(surrogate, "before"), "before_key"),
            named(column(surrogate, "now"), "now_key"),
        )
        .from_(table(name, WAREHOUSE, "before"))
        .join(
            table(name, WAREHOUSE, "now"),
            on=exp.and_(column(key, "now").eq(column(key, "before")), column("is_current", "now")),
        )
        .where(exp.not_(column("is_current", "before")))
    )
    points_at_it = column("parent_key", name).eq(column("before_key", "versions"))
    return _set_parent(resolved, column("now_key", "versions"), versions, "versions", points_at_it)


def _set_parent(
    resolved: ResolvedDimension,
    parent: exp.Column,
    source: exp.Select,
    alias: str,
    condition: exp.Expr,
) -> exp.Update:
    name = resolved.table
    differs = exp.NullSafeNEQ(this=column("parent_key", name), expression=parent.copy())
    return exp.Update(
        this=table(name, WAREHOUSE),
        expressions=[column("parent_key").eq(parent)],
        from_=exp.From(this=source.subquery(alias)),
        where=exp.Where(this=exp.and_(condition, column("is_current", name), differs)),
    )


def _closure(resolved: ResolvedDimension, crossed: str) -> exp.Select:
    """Every version of a member under the member itself (depth 0) and all above it, as of now.

    Facts point at the version of their day; above it stands the tree of today, once for each
    member. A cycle ends where it would repeat. A member that has become part of another stands
    where that one stands.
    """
    key, surrogate, name = resolved.natural_key, resolved.surrogate_key, resolved.table
    start = exp.select(
        named(column(surrogate, "now"), "ancestor_key"),
        named(column(surrogate, "version"), "descendant_key"),
        named(exp.cast(number(0), "BIGINT"), "depth"),
        named(exp.Array(expressions=[column(surrogate, "now")]), "path"),
    ).from_(table(name, WAREHOUSE, "version"))
    standing: exp.Expr = column(key, "version")
    if crossed:
        golden = column("key", "golden").eq(column(key, "version"))
        start = start.join(table(crossed, WAREHOUSE, "golden"), on=golden, join_type="LEFT")
        standing = exp.func("COALESCE", column("golden_key", "golden"), standing)
    start = start.join(
        table(name, WAREHOUSE, "now"),
        # The unknown member has no key.
        on=exp.and_(
            exp.NullSafeEQ(this=column(key, "now"), expression=standing),
            column("is_current", "now"),
        ),
    )
    parent = column("parent_key", "member")
    step = (
        exp.select(
            parent,
            column("descendant_key", "below"),
            exp.Add(this=column("depth", "below"), expression=number(1)),
            call("list_append", column("path", "below"), parent.copy()),
        )
        .from_(exp.alias_(exp.to_table("tree"), "below", table=True))
        .join(
            table(name, WAREHOUSE, "member"),
            on=column(surrogate, "member").eq(column("ancestor_key", "below")),
        )
        .where(
            exp.not_(parent.is_(exp.null())),
            exp.not_(call("list_contains", column("path", "below"), parent.copy())),
        )
    )
    names = ("ancestor_key", "descendant_key", "depth", "path")
    tree = exp.TableAlias(
        this=exp.to_identifier("tree"), columns=[exp.to_identifier(each) for each in names]
    )
    closed = exp.select(*(column(each) for each in names[:3])).from_("tree")
    return closed.with_(tree, as_=exp.union(start, step, distinct=False), recursive=True)
