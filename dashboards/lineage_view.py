"""What the Lineage page shows, as one frozen value that fits in an address and comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast, get_args

from metadata import UserError
from metadata.lineage import LineageGraph, Node

Way = Literal["both", "up", "down"]
WAYS: tuple[Way, ...] = get_args(Way)
MOST_STEPS = 9
MOST_OPENED = 60
"""Tables opened or closed by hand at once; an address has an end."""


@dataclass(frozen=True)
class LineageView:
    """Everything the page needs to draw itself."""

    of: str
    """Id of the node in the middle."""
    way: Way = "both"
    decisions: bool = False
    """Whether filters, joins and checks are followed too."""
    steps: int | None = None
    opened: tuple[str, ...] = ()
    """Tables whose columns are listed though they would not be ..."""
    closed: tuple[str, ...] = ()
    """... and the other way round."""

    def walked(self, node: str) -> LineageView:
        """Another node in the middle; what was opened stays open."""
        return replace(self, of=node)

    def toggled(self, table: str, *, is_open: bool) -> LineageView:
        """A table opened or closed, whatever it was by itself."""
        opened = tuple(each for each in self.opened if each != table)
        closed = tuple(each for each in self.closed if each != table)
        if is_open:
            return replace(self, opened=opened, closed=(*closed, table)[-MOST_OPENED:])
        return replace(self, opened=(*opened, table)[-MOST_OPENED:], closed=closed)

    def to_address(self) -> dict[str, list[str]]:
        """Query parameters; what is as it is by default stays out."""
        address = {"of": [self.of]}
        if self.way != "both":
            address["way"] = [self.way]
        if self.decisions:
            address["decisions"] = ["yes"]
        if self.steps is not None:
            address["steps"] = [str(self.steps)]
        if self.opened:
            address["open"] = list(self.opened)
        if self.closed:
            address["closed"] = list(self.closed)
        return address


def read_lineage_view(
    address: Mapping[str, Sequence[str]], graph: LineageGraph
) -> tuple[LineageView, UserError | None]:
    """The view an address describes, and why what it names is not to be had.

    Args:
        address: query parameters; `of` may be a name or an id.
        graph: a graph with at least one node.
    """
    wanted = _one(address, "of")
    refused: UserError | None = None
    node = first_node(graph)
    if wanted:
        try:
            node = graph.find(wanted)
        except UserError as error:
            refused = error
    way, steps = _one(address, "way"), _one(address, "steps")
    known = [
        tuple(dict.fromkeys(address.get(name, ())))[-MOST_OPENED:] for name in ("open", "closed")
    ]
    view = LineageView(
        node.id,
        way=cast(Way, way) if way in WAYS else "both",
        decisions=_one(address, "decisions") == "yes",
        steps=min(int(steps), MOST_STEPS) if steps.isdecimal() and int(steps) > 0 else None,
        opened=known[0],
        closed=known[1],
    )
    return view, refused


def first_node(graph: LineageGraph) -> Node:
    """What is shown when nobody says what: the first measure, else whatever comes last."""
    measure = next((node for node in graph.nodes.values() if node.kind == "measure"), None)
    return measure or next(reversed(graph.nodes.values()))


def _one(address: Mapping[str, Sequence[str]], name: str) -> str:
    values = address.get(name, ())
    return values[-1].strip() if values else ""
