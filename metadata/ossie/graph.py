"""How the datasets of a document hang together: from many rows to one, never back."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from metadata.ossie.document import Dataset, Relationship, SemanticModel
from metadata.ossie.scalars import Inexpressible


class Graph:
    """The datasets of one model and the relationships between them; names are in lower case."""

    def __init__(self, model: SemanticModel) -> None:
        self.datasets: dict[str, Dataset] = {d.name.casefold(): d for d in model.datasets}
        self._ways: dict[str, list[Relationship]] = {}
        for relation in model.relationships or ():
            self._ways.setdefault(relation.from_.casefold(), []).append(relation)

    def owner(self, column: exp.Column) -> str:
        """The dataset that a column of an expression belongs to.

        Raises:
            Inexpressible: there is none, or there are several.
        """
        if column.table:
            name = column.table.casefold()
            if name not in self.datasets:
                raise Inexpressible(f"There is no dataset '{column.table}'.")
            return name
        owners = [n for n, d in self.datasets.items() if d.field(column.name) is not None]
        if len(owners) == 1:
            return owners[0]
        if not owners and len(self.datasets) == 1:
            return next(iter(self.datasets))
        if not owners:
            raise Inexpressible(f"No dataset has a field '{column.name}'.")
        raise Inexpressible(
            f"'{column.name}' is a field of several datasets: {', '.join(sorted(owners))}."
        )

    def owners(self, tree: exp.Expr | None) -> set[str]:
        """The datasets that an expression reads."""
        return {self.owner(c) for c in tree.find_all(exp.Column)} if tree is not None else set()

    def path(self, start: str, end: str) -> tuple[Relationship, ...] | None:
        """The shortest way from a dataset to one that it points at; None where there is none."""
        reached: dict[str, tuple[Relationship, ...]] = {start: ()}
        queue = [start]
        for name in queue:
            for relation in self._ways.get(name, ()):
                to = relation.to.casefold()
                if to not in reached:
                    reached[to] = (*reached[name], relation)
                    queue.append(to)
        return reached.get(end)

    def out_of(self, start: str) -> tuple[Relationship, ...]:
        """The relationships that lead away from a dataset."""
        return tuple(self._ways.get(start, ()))

    def ways(self, start: str, end: str) -> tuple[Relationship, ...]:
        """The relationships that lead straight from one dataset to another."""
        return tuple(r for r in self._ways.get(start, ()) if r.to.casefold() == end)

    def base(self, names: Iterable[str]) -> str | None:
        """The one dataset from which all the others are reached: whose rows are aggregated."""
        found = sorted(set(names))
        starts = [n for n in found if all(self.path(n, other) is not None for other in found)]
        return starts[0] if len(starts) == 1 else None
