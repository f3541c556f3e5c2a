"""Which fact or dimension of the workspace a dataset of a document is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from sqlglot import exp

from metadata.ossie.document import Dataset, OssieField, Relationship, SemanticModel
from metadata.ossie.scalars import DIALECTS, Inexpressible, parse_scalar
from metadata.ossie.vocabulary import Table, Vocabulary, Words, words

_SURE = 0.9
_ENOUGH = 0.5
"""Least share of a dataset's columns that are known, where its name says nothing."""


@dataclass(frozen=True)
class Match:
    """What a dataset was taken for; it may be a fact to its metrics and a dimension to others."""

    dataset: str
    fact: str | None
    dimension: str | None
    role: str | None
    """The role that the dataset's own extension claims."""
    reason: str


def match_datasets(
    model: SemanticModel, vocabulary: Vocabulary, measured: Iterable[str]
) -> dict[str, Match]:
    """Every dataset by its name in lower case, with what it is.

    Args:
        model: the document's model.
        vocabulary: the workspace's words.
        measured: names, in lower case, of the datasets that metrics aggregate.
    """
    aggregated = set(measured)
    relations = model.relationships or ()
    return {
        dataset.name.casefold(): _match(dataset, relations, vocabulary, aggregated)
        for dataset in model.datasets
    }


def _match(
    dataset: Dataset,
    relations: tuple[Relationship, ...],
    vocabulary: Vocabulary,
    aggregated: set[str],
) -> Match:
    told = dataset.own_data()
    fact, dimension, role = (_text(told.get(key)) for key in ("fact", "dimension", "role"))
    if fact in vocabulary.facts:
        return Match(dataset.name, fact, None, None, "It says so itself.")
    if dimension in vocabulary.dimensions:
        return Match(dataset.name, None, dimension, role, "It says so itself.")
    key = dataset.name.casefold()
    points = any(each.from_.casefold() == key for each in relations)
    pointed_at = any(each.to.casefold() == key for each in relations)
    columns = dataset_columns(dataset, _keys(dataset, relations))
    as_fact = _best(dataset, columns, vocabulary.facts)
    as_dimension = _best(dataset, columns, vocabulary.dimensions)
    if as_fact[0] and as_dimension[0]:
        # A dimension by its name is no fact merely because a fact has its columns too.
        named = (
            _named(dataset, vocabulary.facts[as_fact[0]]),
            _named(dataset, vocabulary.dimensions[as_dimension[0]]),
        )
        if named[1] >= _SURE > named[0]:
            as_fact = (None, as_fact[1])
    fact = as_fact[0] if points or key in aggregated or not pointed_at else None
    dimension = as_dimension[0] if pointed_at or not fact else None
    if fact and dimension and not pointed_at:
        dimension = None
    reasons = [
        reason for name, reason in ((fact, as_fact[1]), (dimension, as_dimension[1])) if name
    ]
    reason = " ".join(dict.fromkeys(reasons)) or as_fact[1]
    return Match(dataset.name, fact, dimension, None, reason)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _best(
    dataset: Dataset, columns: tuple[Words, ...], tables: Mapping[str, Table]
) -> tuple[str | None, str]:
    """The table that a dataset is, and why; None where none is likely, or two are."""
    scored: list[tuple[float, str, str]] = []
    for name, table in sorted(tables.items()):
        named = _named(dataset, table)
        share = sum(column in table.columns for column in columns) / len(columns) if columns else 0
        likely = (
            named >= _SURE
            or (named > 0 and share >= 0.25)
            or (share >= _ENOUGH and len(columns) > 2)
        )
        if likely:
            about = f"Its name is known and {share:.0%} of its columns." if named else ""
            scored.append((named + share, name, about or f"{share:.0%} of its columns are known."))
    scored.sort(key=lambda each: (-each[0], each[1]))
    if not scored:
        return None, "Neither its name nor its columns are those of a loaded fact or dimension."
    if len(scored) > 1 and scored[0][0] == scored[1][0]:
        return None, f"It could be {scored[0][1]} or {scored[1][1]}."
    return scored[0][1], scored[0][2]


def _named(dataset: Dataset, table: Table) -> float:
    """How surely the dataset's name, or that of its source, means a table."""
    source = dataset.source.strip()
    physical = source.rpartition(".")[2] if " " not in source else ""
    best = 0.0
    for name in (words(dataset.name), words(physical)):
        for known, surely in table.names.items():
            if name and name == known:
                best = max(best, surely)
            elif known and name[-len(known) :] == known:
                best = max(best, 0.6)
    return best


def _keys(dataset: Dataset, relations: tuple[Relationship, ...]) -> set[str]:
    """Columns that only join: by these every tool has names of its own."""
    name = dataset.name.casefold()
    found = {column for r in relations if r.from_.casefold() == name for column in r.from_columns}
    found |= {column for r in relations if r.to.casefold() == name for column in r.to_columns}
    return {column.casefold() for column in found}


def dataset_columns(dataset: Dataset, apart: Set[str] = frozenset()) -> tuple[Words, ...]:
    """A dataset's fields as words, without the prefix that they all share (`ss_quantity`).

    Args:
        dataset: whose fields.
        apart: fields, in lower case, that say nothing; they count where there are no others.
    """
    prefix = shared_prefix(dataset)
    fields = dataset.fields or ()
    telling = [field for field in fields if field.name.casefold() not in apart] or fields
    return tuple(sorted({words(_without(field.name, prefix)) for field in telling}))


def shared_prefix(dataset: Dataset) -> str:
    """What the names of all fields begin with, up to a separator; empty where they differ.

    >>> from metadata.ossie.document import Expression
    >>> fields = [OssieField(name=n, expression=Expression.ansi(n)) for n in ("ss_a", "ss_b")]
    >>> shared_prefix(Dataset(name="s", source="s", fields=tuple(fields)))
    'ss_'
    """
    names = [field.name for field in dataset.fields or ()]
    prefix = names[0].partition("_")[0] + "_" if len(names) > 1 and "_" in names[0] else ""
    return prefix if prefix and all(name.startswith(prefix) for name in names) else ""


def candidates(dataset: Dataset, name: str) -> list[str]:
    """The names under which a column of a dataset may be known: its own, and its source's."""
    field = dataset.field(name)
    prefix = shared_prefix(dataset)
    found = [name]
    physical = plain_column(field) if field is not None else None
    if physical is not None:
        found.append(physical)
    found += [_without(each, prefix) for each in list(found)]
    return list(dict.fromkeys(found))


def plain_column(field: OssieField) -> str | None:
    """The column that a field is, or None where it is computed."""
    tree = field_tree(field)
    return tree.name if isinstance(tree, exp.Column) else None


def field_tree(field: OssieField) -> exp.Expr | None:
    """A field's expression in the first dialect that can be read."""
    given = {each.dialect: each.expression for each in field.expression.dialects}
    for dialect, name in DIALECTS.items():
        if dialect in given:
            try:
                return parse_scalar(given[dialect], name)
            except Inexpressible:
                return None
    return None


def _without(name: str, prefix: str) -> str:
    return name[len(prefix) :] if prefix and name.startswith(prefix) else name
