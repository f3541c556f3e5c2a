"""Following references in SQL: one LEFT JOIN for each distinct step, shared by all paths."""

from __future__ import annotations

from sqlglot import exp

from metadata.expressions import columns_of
from metadata.paths import ReferencePath
from metadata.repository import Repository
from transforms.checks import with_columns
from transforms.statements import STAGING, column, data_type, table

ROOT = "root"


class References:
    """Collects the paths a statement reads and joins the staged entities they lead through.

    `root` names the table that the paths start from, where it is not the staged entity itself.
    """

    def __init__(self, repository: Repository, entity: str, root: str = "") -> None:
        self.repository = repository
        self.entity = entity
        self.root = root or entity
        self._steps: dict[tuple[str, ...], ReferencePath] = {}

    def value(self, path: ReferencePath) -> exp.Expr:
        """The column at the end of a path; NULL where the path leads over what nobody maps."""
        if any(hop.to not in self.repository.mapped_entities for hop in path.hops):
            return exp.cast(exp.null(), data_type(path.type))
        for depth in range(1, len(path.hops) + 1):
            self._steps.setdefault(path.prefix[:depth], path)
        return column(path.column, _alias(path.prefix))

    def beside(self, path: ReferencePath, depth: int, name: str) -> exp.Expr:
        """A column of the row that the first `depth` references of a path lead to."""
        for steps in range(1, depth + 1):
            self._steps.setdefault(path.prefix[:steps], path)
        return column(name, _alias(path.prefix[:depth]))

    def named(self, dotted: str) -> exp.Expr:
        """The column at the end of a written path."""
        return self.value(self.repository.path(self.entity, dotted))

    def expression(self, text: str) -> exp.Expr:
        """An expression whose columns are paths."""
        return with_columns(text, self.named)

    def joined(self, query: exp.Select) -> exp.Select:
        """The query reading from the entity and everything its paths lead through."""
        query = query.from_(table(self.root, STAGING, ROOT))
        for prefix in sorted(self._steps, key=lambda p: (len(p), p)):
            hop = self._steps[prefix].hops[len(prefix) - 1]
            on = column(hop.to_key, _alias(prefix)).eq(column(hop.column, _alias(prefix[:-1])))
            query = query.join(
                table(hop.to, STAGING, _alias(prefix)), on=on, join_type="LEFT", copy=False
            )
        return query


def _alias(prefix: tuple[str, ...]) -> str:
    return "__".join((ROOT, *prefix))


def entities_read(repository: Repository, entity: str, texts: list[str]) -> set[str]:
    """Every entity that paths and expressions lead through, the root among them."""
    found = {entity}
    for text in texts:
        for parts in columns_of(text):
            path = repository.path(entity, ".".join(parts))
            found |= {hop.to for hop in path.hops if hop.to in repository.mapped_entities}
    return found
