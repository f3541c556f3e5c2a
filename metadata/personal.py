"""Which columns hold personal data: those an entity marks, and everything computed from them."""

from __future__ import annotations

from metadata.expressions import columns_of
from metadata.repository import Repository, ResolvedAttribute, ResolvedDimension, ResolvedFact


def personal_attribute(
    repository: Repository, dimension: ResolvedDimension, attribute: ResolvedAttribute
) -> bool:
    """Whether an attribute shows personal data, its own entity's or that of one it refers to."""
    if dimension.entity is None:
        return False
    reads = attribute.definition.expr or str(attribute.path)
    return personal_expression(repository, dimension.entity.entity, reads)


def personal_key(dimension: ResolvedDimension) -> bool:
    """Whether a dimension's own key is personal data (a passport number)."""
    return bool(dimension.entity and dimension.entity.columns[dimension.natural_key].personal)


def personal_fact_column(repository: Repository, fact: ResolvedFact, column: str) -> bool:
    """Whether a measure, label or grain column of a fact shows personal data."""
    own = fact.definition.measures.get(column) or fact.definition.degenerate.get(column)
    if own is None:
        return column in fact.grain and fact.entity.columns[column].personal
    reads = own.expr or own.from_ or column
    return personal_expression(repository, fact.entity.entity, reads)


def personal_expression(repository: Repository, entity: str, text: str) -> bool:
    """Whether an expression over paths from an entity reads a personal column."""
    for parts in columns_of(text):
        path = repository.path(entity, ".".join(parts))
        if repository.entity(path.owner).columns[path.column].personal:
            return True
    return False
