"""What a form offers for a field: names that are defined, columns and levels of what stands beside.

An offer is a convenience and never a limit: whatever is typed is checked like anything written by
hand. Fields are met by their names, which mean the same in every kind of definition.
"""

from __future__ import annotations

from typing import Any

from dashboards.studio import parts
from dashboards.studio.state import Opened
from metadata.kinds import KINDS
from metadata.model.workspace import ROLES
from metadata.repository import ResolvedCube

TYPES = ("string", "integer", "decimal(18,2)", "double", "boolean", "date", "timestamp")
_LEVELS = ("when", "rows", "columns", "by", "row_filter", "level", "levels")
_TABLES = ("from", "table", "tables")
_OTHER_NAMES = {"references": "entity", "group": "dimension", "cubes": "cube", "entities": "entity"}


def suggested(opened: Opened, name: str, around: list[dict[str, Any]]) -> list[str]:
    """What may stand under a key.

    Args:
        opened: the workspace as it is edited.
        name: the key.
        around: the maps in which it stands, the innermost first.
    """
    kind = _OTHER_NAMES.get(name, name)
    if kind in KINDS and not (around and len(around) == 1 and kind in around[0]):
        return list(opened.outline.names(kind))
    cube = opened.repository.cubes.get(_said(around, "cube"))
    match name:
        case "of":
            return _tables(opened)
        case "type":
            return list(TYPES)
        case "measure" | "measures" if cube is not None:
            return sorted(cube.measures)
        case "user" | "users":
            return sorted(opened.repository.workspace.users)
        case "role" | "roles" | "except":
            return [*ROLES, *sorted(opened.repository.workspace.roles)]
        case _ if name in _LEVELS and cube is not None:
            return _levels(cube)
        case _ if name in _TABLES:
            return parts.source_tables(opened)
    if name.endswith(("column", "columns", "key", "by", "weight", "within", "attribute")):
        return _columns(opened, around)
    return []


def _said(around: list[dict[str, Any]], name: str) -> str:
    """The nearest value of a key."""
    return next((str(each[name]) for each in around if isinstance(each.get(name), str)), "")


def _tables(opened: Opened) -> list[str]:
    bound = opened.repository
    return [
        *sorted(bound.mapped_entities),
        *(f"dim_{name}" for name in sorted(bound.dimensions)),
        *(f"fact_{name}" for name in sorted(bound.facts)),
    ]


def _levels(cube: ResolvedCube) -> list[str]:
    return sorted(cube.levels)


def _columns(opened: Opened, around: list[dict[str, Any]]) -> list[str]:
    """Columns of the entity, dimension or fact that is spoken of."""
    entity = _said(around, "entity")
    of = _said(around, "of")
    if not entity and of:
        kind, _, rest = of.partition("_")
        known = {"dim": "dimension", "fact": "fact"}.get(kind)
        if known and rest:
            content = opened.outline.effective(known, rest)
            names = [*_map(content.get("attributes")), *_map(content.get("degenerate"))]
            roles = [f"{role}_key" for role in _map(content.get("dimensions"))]
            return [*names, *roles, *_map(content.get("measures"))]
        entity = of
    if entity:
        return list(_map(opened.outline.effective("entity", entity).get("columns")))
    dimension = _said(around, "dimension")
    return list(_map(opened.outline.effective("dimension", dimension).get("attributes")))


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
