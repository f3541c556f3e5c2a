"""Following references in SQL: one LEFT JOIN for each distinct step, shared by all paths.

Where the records of an entity are matched, its golden records are read, and a key that refers to
one of its records leads to the golden one.
"""

from __future__ import annotations

from sqlglot import exp

from metadata.expressions import columns_of
from metadata.paths import ReferencePath
from metadata.repository import Repository, golden_table
from transforms.checks import with_columns
from transforms.crossreference import xref_table
from transforms.statements import STAGING, WAREHOUSE, column, data_type, table

ROOT = "root"


class References:
    """Collects the paths a statement reads and joins the staged entities they lead through.

    `root` names the table that the paths start from, where it is not the staged entity itself.
    """

    def __init__(self, repository: Repository, entity: str, root: str = "") -> None:
        self.repository = repository
        self.entity = entity
        self.root = root or rows_of(repository, entity)
        self._steps: dict[tuple[str, ...], ReferencePath] = {}
        self._keys: dict[tuple[str, ...], str] = {}

    def value(self, path: ReferencePath) -> exp.Expr:
        """The column at the end of a path; NULL where the path leads over what nobody maps."""
        if any(hop.to not in self.repository.mapped_entities for hop in path.hops):
            return exp.cast(exp.null(), data_type(path.type))
        for depth in range(1, len(path.hops) + 1):
            self._steps.setdefault(path.prefix[:depth], path)
        target = self.repository.entity(path.owner).columns[path.column].references
        return self._key((*path.prefix, path.column), target or "")

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
            query = self._with_crossreference(query, prefix, hop.to)
            on = column(hop.to_key, _alias(prefix)).eq(self._key(prefix, hop.to))
            rows = table(rows_of(self.repository, hop.to), STAGING, _alias(prefix))
            query = query.join(rows, on=on, join_type="LEFT", copy=False)
        for steps, entity in self._keys.items():
            if steps not in self._steps:
                query = self._with_crossreference(query, steps, entity)
        return query

    def _key(self, steps: tuple[str, ...], entity: str) -> exp.Expr:
        """The column at the end of some steps; of the key of a record, its golden key."""
        value = column(steps[-1], _alias(steps[:-1]))
        if entity not in self.repository.matchings:
            return value
        self._keys[steps] = entity
        return exp.func("COALESCE", column("golden_key", _crossed(steps)), value)

    def _with_crossreference(
        self, query: exp.Select, steps: tuple[str, ...], entity: str
    ) -> exp.Select:
        if entity not in self.repository.matchings:
            return query
        on = column("key", _crossed(steps)).eq(column(steps[-1], _alias(steps[:-1])))
        crossed = table(xref_table(entity), WAREHOUSE, _crossed(steps))
        return query.join(crossed, on=on, join_type="LEFT", copy=False)


def _alias(prefix: tuple[str, ...]) -> str:
    return "__".join((ROOT, *prefix))


def _crossed(steps: tuple[str, ...]) -> str:
    return f"{_alias(steps)}__golden"


def rows_of(repository: Repository, entity: str) -> str:
    """The table of staging with an entity's rows as others read them: its golden records, if any.

    It is also the name of the step that makes it.
    """
    return golden_table(entity) if entity in repository.matchings else entity


def entities_read(repository: Repository, entity: str, texts: list[str]) -> set[str]:
    """The steps that make what paths and expressions lead through, that of the root among them."""
    found = {rows_of(repository, entity)}
    for text in texts:
        for parts in columns_of(text):
            path = repository.path(entity, ".".join(parts))
            mapped = [hop.to for hop in path.hops if hop.to in repository.mapped_entities]
            found |= {rows_of(repository, each) for each in mapped}
            target = repository.entity(path.owner).columns[path.column].references
            if target is not None and target in repository.matchings:
                found.add(golden_table(target))
    return found
