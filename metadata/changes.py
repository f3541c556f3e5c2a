"""What differs between two states of a workspace's metadata, definition by definition.

A change is told in the words of the file it was made in. What follows from it for the warehouse is
not known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from metadata.errors import Location
from metadata.repository import Repository, Written
from metadata.yaml_tree import parse_documents

Action = Literal["added", "changed", "removed", "renamed"]

_COLLECTIONS: Mapping[str, Mapping[str, str]] = {
    "source": {"tables": "source table"},
    "mapping": {"columns": "mapping column", "join": "join"},
    "entity": {"columns": "entity column"},
    "dimension": {"attributes": "attribute", "hierarchies": "hierarchy"},
    "fact": {
        "dimensions": "fact dimension",
        "degenerate": "degenerate dimension",
        "measures": "fact measure",
    },
    "cube": {"dimensions": "cube dimension", "measures": "measure", "rollups": "rollup"},
    "access": {"masks": "mask"},
    "matching": {"compare": "comparison"},
    "workspace": {"users": "user", "roles": "role"},
}
"""Keys that hold things with names of their own, and what such a thing is called."""
_NAMED_BY_ITSELF = ("attribute", "degenerate dimension", "fact measure")
"""Things whose `from` is their own name where none is written."""
_MAY_BE_RENAMED = ("dimension", "fact", "cube")
"""Definitions that keep what they hold when only their name changes."""
_SECRET = ("url", "password", "webhook", "server")
HIDDEN = "(not shown)"
_TABLE = {"dimension": "dim_", "fact": "fact_", "bridge": "bridge_"}


@dataclass(frozen=True)
class Change:
    """One difference.

    `name` is as people would ask for it: `dim_customer.segment`, `customer.email`, `sales.revenue`.
    `before` and `after` are what is written, as plain values; secrets are not shown.
    """

    kind: str
    name: str
    action: Action
    definition: tuple[str, str]
    """Kind and name of the definition that it is a part of."""
    path: tuple[str, ...]
    """Where in the definition: empty for all of it, else a key, or a key and a name."""
    before: Any = None
    after: Any = None
    old_name: str = ""
    """What was renamed was called so; else empty."""
    where: Location | None = None
    """The place in the newer state, or in the older one of what was removed."""


def changes(before: Repository | None, after: Repository) -> tuple[Change, ...]:
    """Everything that differs, in order of definition; without a `before` everything is new."""
    old, new = _written(before) if before else {}, _written(after)
    found: list[Change] = []
    other_name = _renamed(old, new)
    for key in sorted({*old, *new} - set(other_name.values())):
        if key in other_name:
            found.append(_whole(key, "renamed", new[key], other_name[key][1]))
        elif key not in old:
            found.append(_whole(key, "added", new[key]))
        elif key not in new:
            found.append(_whole(key, "removed", old[key]))
        else:
            found.extend(_within(key, old[key], new[key]))
    return tuple(found)


def _renamed(
    old: Mapping[tuple[str, str], Written[Any]], new: Mapping[tuple[str, str], Written[Any]]
) -> dict[tuple[str, str], tuple[str, str]]:
    """Definitions that have another name and are otherwise the same: old keys by new ones."""

    def rest(key: tuple[str, str], written: Written[Any]) -> Any:
        return {name: value for name, value in written.content.items() if name != key[0]}

    found: dict[tuple[str, str], tuple[str, str]] = {}
    for key in sorted(new.keys() - old.keys()):
        if key[0] not in _MAY_BE_RENAMED:
            continue
        gone = (k for k in sorted(old.keys() - new.keys()) if k[0] == key[0])
        same = (
            k for k in gone if k not in found.values() and rest(k, old[k]) == rest(key, new[key])
        )
        if (before := next(same, None)) is not None:
            found[key] = before
    return found


def _written(repository: Repository) -> dict[tuple[str, str], Written[Any]]:
    """Every definition by kind and name."""
    found: dict[tuple[str, str], Written[Any]] = {}
    named: Mapping[str, Mapping[str, Written[Any]]] = {
        "source": repository.sources,
        "lookup": repository.lookups,
        "entity": repository.entities,
        "mapping": {m.name: m.written for m in repository.mappings},
        "dimension": {d.name: d.written for d in repository.dimensions.values()},
        "bridge": {b.name: b.written for b in repository.bridges.values()},
        "fact": {f.name: f.written for f in repository.facts.values()},
        "cube": {c.name: c.written for c in repository.cubes.values()},
        "quality": {q.name: q.written for q in repository.qualities.values()},
        "access": repository.policies,
        "maintenance": {r.name: r.written for r in repository.upkeep.rules.values()},
        "matching": {m.name: m.written for m in repository.matchings.values()},
        "decisions": {m.name: m.decided for m in repository.matchings.values() if m.decided},
    }
    for kind, definitions in named.items():
        found |= {(kind, name): written for name, written in definitions.items()}
    # An entity that nobody maps is a possibility, not a part of this warehouse.
    mapped = set(repository.mapped_entities)
    found = {key: each for key, each in found.items() if key[0] != "entity" or key[1] in mapped}
    if text := repository.texts.get("workspace.yaml"):
        documents = tuple(parse_documents(text, "workspace.yaml"))
        found[("workspace", "workspace")] = Written(repository.workspace, documents)
    return found


def _whole(
    key: tuple[str, str], action: Action, written: Written[Any], old_name: str = ""
) -> Change:
    kind, name = key
    content = _open(written.content)
    table = _TABLE.get(kind, "")
    return Change(
        kind, table + name, action, key, (),
        before=content if action == "removed" else None,
        after=content if action == "added" else None,
        old_name=f"{table}{old_name}" if old_name else "",
        where=written.where(),
    )  # fmt: skip


def _within(key: tuple[str, str], old: Written[Any], new: Written[Any]) -> Iterator[Change]:
    kind, name = key
    collections = _COLLECTIONS.get(kind, {})
    before, after = old.content, new.content
    for field in sorted({*before, *after}):
        if before.get(field) == after.get(field):
            continue
        if field in collections:
            yield from _named(key, field, collections[field], old, new)
            continue
        hidden = field in _SECRET
        yield Change(
            kind, f"{_TABLE.get(kind, '')}{name}", "changed", key, (field,),
            before=HIDDEN if hidden else _open(before.get(field)),
            after=HIDDEN if hidden else _open(after.get(field)),
            where=(new if field in after else old).where(field),
        )  # fmt: skip


def _named(
    key: tuple[str, str], field: str, kind: str, old: Written[Any], new: Written[Any]
) -> Iterator[Change]:
    """Differences between two maps of named things; what only changed its name is renamed."""
    before: Mapping[str, Any] = old.content.get(field) or {}
    after: Mapping[str, Any] = new.content.get(field) or {}
    gone = [name for name in before if name not in after]
    fresh = [name for name in after if name not in before]
    for name in fresh:
        same = (o for o in gone if _plain(kind, o, before[o]) == _plain(kind, name, after[name]))
        renamed = next(same, None)
        place = new.where(field, name)
        full = _full_name(key, kind, name)
        if renamed is None:
            yield Change(
                kind, full, "added", key, (field, name), after=_open(after[name]), where=place
            )
            continue
        gone.remove(renamed)
        yield Change(
            kind, full, "renamed", key, (field, name),
            before=_open(before[renamed]), after=_open(after[name]),
            old_name=_full_name(key, kind, renamed), where=place,
        )  # fmt: skip
    for name in gone:
        yield Change(
            kind, _full_name(key, kind, name), "removed", key, (field, name),
            before=_open(before[name]), where=old.where(field, name),
        )  # fmt: skip
    for name in before:
        if name in after and before[name] != after[name]:
            yield Change(
                kind, _full_name(key, kind, name), "changed", key, (field, name),
                before=_open(before[name]), after=_open(after[name]), where=new.where(field, name),
            )  # fmt: skip


def _plain(kind: str, name: str, value: Any) -> Any:
    """What is written about a named thing, with what goes without saying."""
    if kind not in _NAMED_BY_ITSELF:
        return value
    if isinstance(value, str):
        return {"from": value}
    said = dict(value or {})
    return said if "expr" in said else {"from": name, **said}


def _full_name(key: tuple[str, str], kind: str, name: str) -> str:
    owner, owner_name = key
    if owner == "mapping":
        owner_name = owner_name.partition("<")[0]
    if kind == "fact dimension":
        name = f"{name}_key"
    return f"{_TABLE.get(owner, '')}{owner_name}.{name}"


def _open(value: Any) -> Any:
    """The value without what must not be shown."""
    if isinstance(value, dict):
        return {k: HIDDEN if k in _SECRET else _open(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_open(item) for item in value]
    return value
