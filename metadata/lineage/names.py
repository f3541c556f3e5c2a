"""From a name as people write it to the one node it means."""

from __future__ import annotations

from collections.abc import Mapping

from metadata.errors import UserError, did_you_mean
from metadata.lineage.values import KINDS, Node


def find(nodes: Mapping[str, Node], missing: Mapping[str, str], name: str) -> Node:
    """The node of a name or id; letters of another case are the same where nothing else fits.

    Args:
        nodes: all nodes by id.
        missing: names that are known and not fed, with the reason.
        name: such as `customer.email`, `sales.revenue`, `dim_customer`, `entity:customer.email`.

    Raises:
        UserError: there is no such node, or the name means several.
    """
    wanted = name.strip()
    kind, colon, rest = wanted.partition(":")
    if colon and kind not in KINDS:
        raise UserError(
            f"There is no kind '{kind}' of things.", fix="Kinds: " + ", ".join(KINDS) + "."
        )
    bare = rest if colon else wanted
    among = [node for node in nodes.values() if not colon or node.kind == kind]
    found = [node for node in among if node.name == bare] or [
        node for node in among if node.name.casefold() == bare.casefold()
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise UserError(
            f"'{name}' means several things.",
            why="; ".join(f"{node.id} is {_described(node)}" for node in found) + ".",
            fix="Say which, as in " + " or ".join(f"'{node.id}'" for node in found) + ".",
        )
    if (reason := missing.get(bare)) is not None:
        raise UserError(
            f"'{bare}' is not loaded here.",
            why=reason,
            fix="Map what it needs; see `rapport check`.",
        )
    raise UserError(
        f"There is nothing called '{name}'.",
        why="Names are table.column, cube.measure, or a table alone.",
        fix=_suggestion(among, bare),
    )


def _described(node: Node) -> str:
    whole = node.column is None and node.kind not in ("lookup", "cube")
    return f"the {'table of a ' if whole else ''}{node.kind}" + (
        f" '{node.label}'" if node.label else ""
    )


def _suggestion(among: list[Node], bare: str) -> str:
    """Within the table, where the name begins with one; else among all names."""
    table, _, column = bare.rpartition(".")
    columns = {node.column for node in among if node.column is not None and node.table == table}
    if columns:
        said = did_you_mean(column, columns)
        listed = sorted(columns)
        return said or f"'{table}' has {len(listed)} columns: {', '.join(listed[:40])}, ..."
    names = {node.name for node in among}
    return did_you_mean(bare, names) or did_you_mean(bare.rpartition(".")[0], names)
