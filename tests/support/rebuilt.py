"""A warehouse made from scratch over the same landing zone, and what differs from another one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb

from metadata import Repository
from pipelines import publish
from pipelines.plan import STAGES, plan_run
from pipelines.session import Session, new_run
from pipelines.storage import Storage

Contents = dict[str, Counter[str]]
"""The rows of each table as texts, without the surrogate keys, which are nobody's business."""


def from_scratch(repository: Repository, folder: Path) -> Storage:
    """Make the whole warehouse in another folder from what has landed."""
    fresh = Storage.of(repository).beside(folder)
    plan = plan_run(repository)
    with Session(repository, new_run(), total=len(plan.steps), storage=fresh) as session:
        for stage in STAGES[1:]:
            for _ in session.perform(plan.of_stage(stage)):
                pass
        assert not [str(i) for r in session.results.values() for i in r.issues]
    return fresh


def contents(repository: Repository, storage: Storage) -> Contents:
    """What readers see; keys are told as the natural key and the version that they point at."""
    pointer = publish.current(storage)
    assert pointer is not None
    with duckdb.connect(str(storage.published / str(pointer["file"])), read_only=True) as reader:
        named = reader.execute(
            "SELECT table_name, list(column_name) FROM duckdb_columns() WHERE NOT internal GROUP BY 1"
        )
        tables = {name: columns for name, columns in named.fetchall() if name[0] != "_"}
        return {
            name: Counter(
                text for (text,) in reader.execute(_as_texts(repository, name, columns)).fetchall()
            )
            for name, columns in tables.items()
        }


def differences(ours: Contents, theirs: Contents) -> Iterator[str]:
    """Tables that only one has, and rows of the others that only one has."""
    for name in sorted({*ours, *theirs}):
        if name not in ours or name not in theirs:
            yield f"{name} is not in both"
        elif ours[name] != theirs[name]:
            more, less = ours[name] - theirs[name], theirs[name] - ours[name]
            yield f"{name}: {list(more)[:2]} instead of {list(less)[:2]}"


def _as_texts(repository: Repository, name: str, columns: list[str]) -> str:
    dimensions = {d.table: d for d in repository.dimensions.values()}
    points = {}
    if name in dimensions:
        own = dimensions[name]
        points = {own.surrogate_key: None, "parent_key": own}
    elif name.startswith("closure_"):
        points = {c: dimensions[f"dim_{name[8:]}"] for c in columns if c.endswith("_key")}
    for fact in repository.facts.values():
        if fact.table == name:
            points = {role.key_column: role.dimension for role in fact.roles.values()}
    for bridge in repository.bridges.values():
        if bridge.table == name:
            points = {d.surrogate_key: d for d in (bridge.dimension, bridge.group)}
    told = []
    for column in sorted(columns):
        target = points.get(column, ...)
        if target is None:
            continue
        value = f't."{column}"'
        if target is not ...:
            since = "d.valid_from" if target.entity is not None else "NULL"
            value = (
                f"(SELECT d.\"{target.natural_key}\" || '@' || coalesce({since}, '1900-01-01')"
                f' FROM "{target.table}" d WHERE d."{target.surrogate_key}" = t."{column}")'
            )
        told.append(f"'{column}=' || coalesce(CAST({value} AS VARCHAR), '-')")
    return f"SELECT concat_ws('|', {', '.join(told)}) FROM \"{name}\" t"
