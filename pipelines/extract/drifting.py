"""Whether a table still is what its rules were written for, before any of it is read again.

Each batch carries the types that its columns had in the source. What changed since is classed as
between two scans; a column that rules read and that is gone or holds something else stops the
table: what it delivered before stays in force, and the other tables load.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from metadata.errors import Issue, MetadataError, did_you_mean
from metadata.retyping import ColumnType, retyping
from metadata.uses import Use, told
from transforms.landing import TECHNICAL

_KEY = b"source_type"
Types = Mapping[str, ColumnType]


def with_types(schema: pa.Schema, types: Types) -> pa.Schema:
    """A schema whose columns say what type they have in the source."""
    return pa.schema([_noted(field, types.get(field.name)) for field in schema])


def _noted(field: pa.Field, kind: ColumnType | None) -> pa.Field:
    if kind is None:
        return field
    return field.with_metadata({_KEY: json.dumps([kind.type, kind.native])})


@dataclass(frozen=True)
class Landed:
    """What the landing zone holds of a table: its columns, and the types they had in the source."""

    columns: Mapping[str, str]
    """Names by lower-case name."""
    types: Types
    """By lower-case name, where they are known."""

    @classmethod
    def of(cls, files: Sequence[Path]) -> Landed:
        """What batches hold, the newest of which is the last."""
        columns: dict[str, str] = {}
        types: dict[str, ColumnType] = {}
        for schema in (pq.read_schema(file) for file in files if file.is_file()):
            for field in schema:
                if field.name not in TECHNICAL:
                    columns[field.name.lower()] = field.name
                    noted = (field.metadata or {}).get(_KEY)
                    if noted is not None:
                        types[field.name.lower()] = ColumnType(*json.loads(noted))
        return cls(columns, types)


def check_drift(
    table: str,
    uses: Sequence[Use],
    landed: Landed,
    columns: Sequence[str],
    types: Types,
    *,
    anew: bool,
) -> None:
    """Compare what is in the source now with what was read last.

    A column that never was there is a mistake in a mapping, and told by its step.

    Args:
        table: as source.table.
        uses: what reads its columns.
        landed: what was read before.
        columns: the columns that the source has now.
        types: their types, as far as the source has types of its own.
        anew: whether the whole table is read anew, so that other types do not meet earlier values.

    Raises:
        MetadataError: a column that is read has gone, or holds something else.
    """
    issues = [*_gone(table, uses, landed, columns)]
    if not anew:
        issues += _turned(table, uses, landed, types)
    if issues:
        raise MetadataError(issues)


def _gone(
    table: str, uses: Sequence[Use], landed: Landed, columns: Sequence[str]
) -> Iterator[Issue]:
    present = {name.lower() for name in columns}
    for folded, read in _by_column(uses).items():
        if folded not in present and folded in landed.columns:
            name = landed.columns[folded]
            yield Issue(
                f"{table} has no column '{name}' any more.",
                read[0].where,
                f"{told(read)} It was there when the table was last read.",
                f"Bring it back, or take it out of the rules. {did_you_mean(name, columns)}",
            )


def _turned(table: str, uses: Sequence[Use], landed: Landed, types: Types) -> Iterator[Issue]:
    now = {name.lower(): kind for name, kind in types.items()}
    for folded, read in _by_column(uses).items():
        minding = [use for use in read if use.role != "listed"]
        if not minding or folded not in landed.types or folded not in now:
            continue
        before, after = landed.types[folded], now[folded]
        turned = retyping(before, after)
        if turned in ("retyped", "narrowed"):
            yield Issue(
                f"{table}: column '{landed.columns[folded]}' was {before} and is {after} now.",
                minding[0].where,
                f"{told(minding)} They were written for what it was.",
                "Change it back, or see that the rules hold and read the table anew:"
                f" rapport run --full --select {table}",
            )


def _by_column(uses: Sequence[Use]) -> dict[str, list[Use]]:
    found: dict[str, list[Use]] = {}
    for use in uses:
        found.setdefault(use.column.lower(), []).append(use)
    return found
