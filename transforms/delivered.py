"""Whether sources deliver what mappings read: told before a statement is made of it."""

from __future__ import annotations

from collections.abc import Mapping

from metadata.errors import Issue, did_you_mean
from metadata.expressions import columns_of
from metadata.repository import Repository, ResolvedMapping
from transforms.landing import BATCH, ROW
from transforms.raw import sort_key
from transforms.statements import Columns


def missing_columns(
    repository: Repository, mapping: ResolvedMapping, landed: Mapping[str, Columns]
) -> list[Issue]:
    """What a mapping names and no landed table has."""
    definition = mapping.definition
    tables = {"": definition.from_, **{a: j.table for a, j in definition.join.items()}}
    used: list[tuple[str, tuple[str | int, ...]]] = []
    place: tuple[str | int, ...]
    for name, rule in definition.columns.items():
        place = ("columns", name)
        used += [(rule.from_, place)] if rule.from_ else []
        used += [(".".join(p), place) for p in columns_of(rule.expr)] if rule.expr else []
        if isinstance(rule.lookup, str) and (codes := repository.lookups[rule.lookup].value).from_:
            alias = f"{name}__lookup"
            tables[alias] = codes.from_
            used += [(f"{alias}.{own}", place) for own in (codes.key, codes.value)]
    if definition.where:
        used += [(".".join(parts), ("where",)) for parts in columns_of(definition.where)]
    used += [(sort_key(key)[0], ("keep",)) for key in definition.keep]
    for alias, join in definition.join.items():
        place = ("join", alias)
        used += [(f"{alias}.{own}", place) for own in join.on]
        used += [(target, place) for target in join.on.values()]
        used += [(f"{alias}.{sort_key(key)[0]}", place) for key in join.order_by]
        if join.where:
            used += [(f"{alias}.{parts[-1]}", place) for parts in columns_of(join.where)]
    issues = []
    for name, place in used:
        alias, _, own = name.rpartition(".")
        known = landed.get(tables.get(alias, ""), {})
        # A file without a key has at least the position of its rows.
        if known and own in (BATCH, ROW):
            continue
        if own.lower() not in {each.lower() for each in known}:
            what = tables.get(alias, alias)
            issues.append(
                Issue(
                    f"{what} has no column '{own}'.",
                    mapping.written.where(*place),
                    "The mapping reads it, but the source does not deliver it."
                    if known
                    else "Nothing of that table has landed yet.",
                    did_you_mean(own, known),
                )
            )
    return list(dict.fromkeys(issues))
