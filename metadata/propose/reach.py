"""Columns of other tables that can be joined to the table that drives a mapping.

Three ways lead there: a reference followed (an order's carrier), a table that shares the key (the
profile of a customer), and a table that belongs to the row (the address of a customer), of which a
join takes one row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from metadata.propose.columns import Known
from metadata.propose.matching import Candidate, Setting
from metadata.propose.names import Token, Tokens
from metadata.propose.structure import KnownTable, Reference

_DEEPEST = 4
_COST = {"reference": 0.5, "same key": 0.15, "belongs": 1.3}
_DRIVER_COST = 1.2
"""What it costs to pass through a table that is an entity of its own."""
_LEAST_SURE = 0.4
_NUMBER = frozenset(("number", "code"))
_LABELS = frozenset(("name", "description", "title"))
_SATELLITES = frozenset(
    ("address", "email", "phone", "mobile", "location", "profile", "detail", "place", "personal")
)
"""Tables of such things say something about what they belong to."""
_FEW_COLUMNS = 5


@dataclass(frozen=True)
class Step:
    """A table reached, by what was followed to it."""

    table: KnownTable
    path: tuple[Reference, ...]
    cost: float
    role: Tokens
    """What the column that was followed calls it."""


def joined_candidates(setting: Setting, table: KnownTable) -> list[Candidate]:
    """Every column that can be joined, with what it is called from there."""
    found: list[Candidate] = []
    for step in _steps(setting, table):
        if step.table.table.rows == 0:
            continue
        if step.table.name in setting.drivers and not _same_key(setting, step, table):
            # What entities of their own have is reached in the star through the reference.
            continue
        found += _candidates(setting, step, table)
    return found


def _steps(setting: Setting, table: KnownTable) -> Iterator[Step]:
    """Tables in the order of what it costs to reach them, each once."""
    queue = [Step(table, (), 0.0, ())]
    reached = {table.name}
    while queue:
        queue.sort(key=lambda s: (s.cost, len(s.path), s.table.name))
        step = queue.pop(0)
        if step.path:
            if step.table.name in reached:
                continue
            reached.add(step.table.name)
            yield step
        if len(step.path) < _DEEPEST:
            queue += _onwards(setting, step, table)


def _onwards(setting: Setting, step: Step, start: KnownTable) -> Iterator[Step]:
    structure = setting.structure
    through = _DRIVER_COST if step.path and step.table.name in setting.drivers else 0.0
    for reference in structure.from_table(step.table.name):
        if reference.sure < _LEAST_SURE or reference.to == reference.table:
            continue
        shared = structure.extensions.get(step.table.name) == reference
        cost = step.cost + through + _COST["same key" if shared else "reference"]
        cost += 1.5 * (1.0 - reference.sure)
        role = () if shared else _role(structure.tables[reference.table], reference)
        path = (*step.path, reference)
        yield Step(structure.tables[reference.to], path, cost, role)
    if step.path and not all(_keeps_key(setting, r) for r in step.path):
        return
    for reference in structure.to_table(step.table.name):
        other = structure.tables[reference.table]
        shared = structure.extensions.get(other.name) == reference
        if reference.sure < _LEAST_SURE or other.name == start.name:
            continue
        if len(reference.columns) > 1 and not shared:
            continue
        if other.name in setting.drivers or not (shared or _belongs(other)):
            continue
        cost = step.cost + _COST["same key" if shared else "belongs"]
        backwards = Reference(
            step.table.name, reference.keys, other.name, reference.columns, reference.sure
        )
        yield Step(other, (*step.path, backwards), cost + 1.5 * (1.0 - reference.sure), ())


def _keeps_key(setting: Setting, reference: Reference) -> bool:
    """Whether the row reached is still the one it began with."""
    return setting.structure.extensions.get(reference.table) == reference


def _belongs(table: KnownTable) -> bool:
    """Whether rows of a table only tell more about the row that they refer to."""
    content = [c for c in table.columns if not c.technical]
    return bool(table.context & _SATELLITES) or len(content) <= _FEW_COLUMNS


def is_history(table: KnownTable) -> bool:
    """Whether a table holds what was at other times too."""
    return "history" in table.context or "change" in table.context


def _same_key(setting: Setting, step: Step, table: KnownTable) -> bool:
    extended = setting.structure.extensions.get(step.table.name)
    return extended is not None and extended.to == table.name


def _role(table: KnownTable, reference: Reference) -> Tokens:
    column = table.column(reference.columns[0])
    return tuple(t for t in column.tokens if not t & _NUMBER) if column else ()


def _candidates(setting: Setting, step: Step, table: KnownTable) -> Iterator[Candidate]:
    joining = {key for r in step.path if r.to == step.table.name for key in r.keys}
    label = _label(step.table)
    context = table.context
    if any(name[-1] & _SATELLITES for name in step.table.names):
        context |= _SATELLITES
    shared = not step.role
    if shared:
        context |= step.table.context
    # What is found by its whole key is one episode.
    past = is_history(step.table) and set(step.table.key) != set(step.path[-1].keys)
    for column in step.table.columns:
        if column.technical or column.name in joining:
            continue
        if past and setting.structure.of_column(step.table.name, column.name) is None:
            # Its days are those of an episode, not of the row that it belongs to.
            continue
        names = tuple(_names(step, column, label is not None and column.name == label.name))
        yield Candidate(column, names, context, step.path, step.cost)


def _names(step: Step, column: Known, is_label: bool) -> Iterator[Tokens]:
    """What a joined column may be called: by its table, by the role in which it is joined."""
    if not step.role:
        yield column.tokens
        return
    tables = [*step.table.names, step.role]
    if is_label:
        # The name of a category is the category.
        yield from tables
    for table in tables:
        yield _merged(table, column.tokens)
    if any(name[-1] & _SATELLITES for name in step.table.names):
        yield column.tokens


def _merged(first: Tokens, second: Tokens) -> Tokens:
    """Both, without what the second repeats."""
    said: Token = frozenset(meaning for token in first for meaning in token)
    return (*first, *(token for token in second if not token & said))


def _label(table: KnownTable) -> Known | None:
    """The column that says what a row is called: by its name, else the only text."""
    texts = [c for c in table.columns if c.form == "text" and c.name not in table.key]
    own = table.context | _LABELS | frozenset(("company",))
    for column in texts:
        if any(t & _LABELS for t in column.tokens) and all(t & own for t in column.tokens):
            return column
    return texts[0] if len(texts) == 1 else None
