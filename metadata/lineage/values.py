"""Lineage as values: what figures are made of (nodes), and what happens on the way (edges)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from metadata.errors import Location

Kind = Literal[
    "source", "lookup", "entity", "dimension", "bridge", "fact", "rollup", "cube", "measure",
    "tile", "chart", "alarm",
]  # fmt: skip
"""In the order in which data flows. A cube is the whole of its measures."""
KINDS: tuple[Kind, ...] = (
    "source", "lookup", "entity", "dimension", "bridge", "fact", "rollup", "cube", "measure",
    "tile", "chart", "alarm",
)  # fmt: skip

How = Literal[
    "copied", "cleansed", "expression", "lookup", "converted", "key", "rows",
    "aggregated", "ratio", "prepared", "shown",
    "join", "filter", "check", "merge", "history", "group", "level",
]  # fmt: skip
"""Values that go into a value:

- copied: as it is, at most read as another type
- cleansed: by rules
- expression: one of the columns of an SQL expression
- lookup: the code that is replaced by its meaning, or the table the meanings come from
- converted: an amount, or the rate by which it is multiplied
- key: the surrogate key made from it, or taken over with it
- rows: a row for each of its rows
- aggregated: summed, counted or the like
- ratio: one of two totals that are divided
- prepared: the rollup from which a measure may be answered
- shown: by a tile or chart

Values that only decide which value, row or group it is:

- join: by which the row is found that the value comes from
- filter: which rows are let in
- check: whether the row is refused, or the value dropped
- merge: which of several rows with one key stays
- history: when a new version of a member begins
- group: by what is grouped or cut
- level: a cube can be grouped by it
"""
DIRECT: frozenset[str] = frozenset(
    ("copied", "cleansed", "expression", "lookup", "converted", "key", "rows", "aggregated",
     "ratio", "prepared", "shown")
)  # fmt: skip


@dataclass(frozen=True)
class Node:
    """A column, a measure, a tile; or, without a column, a whole table."""

    kind: Kind
    table: str
    """`crm.customer`, `customer`, `dim_customer`, `fact_sales`, the cube of a measure; `tile` and
    `chart` for what the portal shows."""
    column: str | None = None
    label: str = ""
    """What people call it."""
    type: str = ""
    """In the metadata's words; empty where it is not known."""
    rule: str = ""
    """How it is made, where that is not told by what leads to it: a constant, a calendar."""
    description: str = ""
    personal: bool = False
    where: Location | None = None
    """Where it is defined."""

    @property
    def name(self) -> str:
        """As the command line takes it: `table.column`, `cube.measure`, or the table alone."""
        return self.table if self.column is None else f"{self.table}.{self.column}"

    @property
    def id(self) -> str:
        """Its name with its kind before it, which no other node has."""
        return f"{self.kind}:{self.name}"

    @property
    def table_id(self) -> str:
        """Identity of the table it belongs to; its own when it is one."""
        kind = "cube" if self.kind == "measure" else self.kind
        return f"{kind}:{self.table}"

    @property
    def rank(self) -> tuple[int, str]:
        """Nodes are listed as data flows, then by name."""
        return KINDS.index(self.kind), self.name

    def as_dict(self) -> dict[str, Any]:
        """Flat JSON-ready values; what is empty is left out."""
        found = {
            "id": self.id,
            "kind": self.kind,
            "name": self.name,
            "table": self.table,
            "column": self.column,
            "label": self.label,
            "type": self.type,
            "rule": self.rule,
            "description": self.description,
            "personal": self.personal,
            **_place(self.where),
        }
        return {key: value for key, value in found.items() if value not in ("", None, False)}


@dataclass(frozen=True)
class Edge:
    """One node has a part in another; both by id."""

    source: str
    target: str
    how: How
    rule: str = ""
    """The rules or the expression, as written."""
    where: Location | None = None
    """Where that is written."""

    @property
    def direct(self) -> bool:
        """Whether the value goes into the value; else it only decides which value or row it is."""
        return self.how in DIRECT

    def as_dict(self) -> dict[str, Any]:
        """Flat JSON-ready values; what is empty is left out."""
        found = {
            "source": self.source,
            "target": self.target,
            "how": self.how,
            "direct": self.direct,
            "rule": self.rule,
            **_place(self.where),
        }
        return {key: value for key, value in found.items() if value not in ("", None)}


def _place(where: Location | None) -> dict[str, Any]:
    return {"file": where.file, "line": where.line or None} if where else {}
