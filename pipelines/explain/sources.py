"""The source rows of an explanation: gathered from everywhere, each told once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pipelines.explain.tracing import Identity, JudgedRows, source_rows
from pipelines.explain.values import SourceRow


@dataclass
class Sources:
    """Source rows by id; a row that is met again brings the columns that were not followed yet."""

    rows: dict[str, SourceRow] = field(default_factory=dict)

    def follow(
        self, judged: JudgedRows, picked: Iterable[Identity], columns: Sequence[str]
    ) -> Mapping[Identity, str]:
        """Follow columns of judged rows; the id of each."""
        found = source_rows(judged, list(picked), columns)
        for row in found.values():
            known = self.rows.get(row.id)
            self.rows[row.id] = row if known is None else _both(known, row)
        return {identity: row.id for identity, row in found.items()}


def _both(known: SourceRow, again: SourceRow) -> SourceRow:
    followed = {value.column for value in known.values}
    aliases = {row.alias for row in known.joined}
    return replace(
        known,
        values=(*known.values, *(v for v in again.values if v.column not in followed)),
        joined=(*known.joined, *(j for j in again.joined if j.alias not in aliases)),
        survivors=tuple(dict.fromkeys((*known.survivors, *again.survivors))),
        merged=max(known.merged, again.merged),
        merged_rows=max(known.merged_rows, again.merged_rows, key=len),
    )
