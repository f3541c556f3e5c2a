"""From records to golden records: what decides which are the same, and what stays of them."""

from __future__ import annotations

from metadata.expressions import columns_of
from metadata.lineage.draft import Draft, table_id
from metadata.lineage.values import Node
from metadata.model.matching import Survivor
from metadata.repository import ResolvedMatching


def draw_golden(draft: Draft) -> None:
    """The golden records of every entity whose records are matched."""
    for matching in draft.repository.matchings.values():
        _draw(draft, matching)


def _draw(draft: Draft, matching: ResolvedMatching) -> None:
    name, golden, where = matching.name, matching.product, matching.written.where
    about = f"Golden records of {name}: one for all records that are the same."
    target = draft.add(Node("entity", golden, description=about, where=where()))
    draft.edge(table_id("entity", name), target, "rows", "", where())
    for column, told, place in _deciding(matching):
        draft.edge(f"entity:{name}.{column}", target, "merge", told, where(*place))
    for column, kind in matching.entity.columns.items():
        node = draft.add(
            Node(
                "entity",
                golden,
                column,
                type=kind.type,
                description=kind.description,
                personal=kind.personal,
                where=where("survivorship", "columns", column),
            )
        )
        if column == matching.key:
            draft.edge(f"entity:{name}.{column}", node, "copied", "the golden key", where())
        elif column in matching.survivors:
            _draw_survivor(draft, matching, column, matching.survivors[column], node)


def _draw_survivor(
    draft: Draft, matching: ResolvedMatching, column: str, rule: Survivor, node: str
) -> None:
    name = matching.name
    place = matching.written.where("survivorship", "columns", column)
    told = " ".join(
        [rule.take.replace("_", " "), *([", ".join(rule.sources)] if rule.sources else [])]
    )
    draft.edge(f"entity:{name}.{column}", node, "copied", told, place)
    deciding: list[str] = []
    if rule.take == "most_recent":
        deciding = [rule.by or matching.entity.changed_at or ""]
    elif rule.take == "most_complete":
        deciding = [other for other in matching.survivors if other != column]
    for other in filter(None, deciding):
        draft.edge(f"entity:{name}.{other}", node, "merge", told, place)


def _deciding(matching: ResolvedMatching) -> list[tuple[str, str, tuple[str | int, ...]]]:
    """Columns that decide which records are the same, each with how and where."""
    definition = matching.definition
    found: list[tuple[str, str, tuple[str | int, ...]]] = [
        (column, f"compared as {each.as_}", ("compare", column))
        for column, each in definition.compare.items()
    ]
    for key, lines in (("same", definition.same), ("block", definition.block)):
        words = "the same if equal" if key == "same" else "compared only if equal"
        for place, line in enumerate(lines):
            read = dict.fromkeys(parts[-1] for text in line.on for parts in columns_of(text))
            told = f"{words}: {', '.join(line.on)}"
            found += [(column, told, (key, place)) for column in read]
    if definition.where is not None:
        for parts in columns_of(definition.where):
            found.append((parts[-1], definition.where, ("where",)))
    return found
