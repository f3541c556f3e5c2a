"""The ledger of injected dirt: what was done to which value, so that a cleansing can be judged."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sample_data.schema import TABLES

SCHEMA = pa.schema(
    [
        (name, pa.string())
        for name in ("source", "table", "key", "column", "kind", "original_value", "injected_value")
    ]
)

KINDS = {
    "duplicate": "a second record of a customer; original_value is the true one",
    "repeated_row": "the same row delivered twice",
    "unlinked_account": "an account without customer_ref; original_value is the customer",
    "cross_system_difference": "billing spells it unlike the CRM",
    "broken_email": "not an e-mail address",
    "broken_phone": "not a telephone number",
    "mixed_date_format": "dd/mm/yyyy where ISO is the rule",
    "encoding": "a file in cp1252 where UTF-8 is the rule",
    "unknown_code": "a code its lookup does not know",
    "orphan": "a reference to a row that does not exist",
    "late_row": "delivered long after it happened",
    "out_of_order": "a step dated before the one it follows",
    "impossible_value": "a value that cannot be",
    "full_width_digits": "digits of the East Asian full-width kind",
    "trailing_blanks": "blanks around the value",
    "letter_case": "all capitals or none",
    "wrong_total": "a total that is not the sum of its lines",
    "test_row": "a record somebody made to test the system",
    "soft_delete": "marked as deleted",
    "hard_delete": "deleted without trace",
}


def as_text(value: object) -> str | None:
    """A value as the ledger writes it, whatever its type."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


class Ledger:
    """Collects entries and writes them to Parquet, a row group for each flush."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._part = path.with_suffix(".part")
        self._writer: pq.ParquetWriter | None = None
        self._entries: list[tuple[str | None, ...]] = []
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._keys: defaultdict[str, set[str]] = defaultdict(set)
        self._examples: dict[tuple[str, str, str], tuple[str | None, str | None]] = {}

    def enter(
        self,
        name: str,
        key: Sequence[object],
        column: str,
        kind: str,
        original: object,
        injected: object,
    ) -> None:
        """One injected value; ``key`` is the primary key of the row as it stands in the data."""
        if kind not in KINDS:
            raise ValueError(f"the ledger knows no {kind!r}")
        table = TABLES[name]
        text = "|".join(as_text(part) or "" for part in key)
        before, after = as_text(original), as_text(injected)
        self._keys[name].add(text)
        self._entries.append((table.source, table.name, text, column, kind, before, after))
        what = (name, column, kind)
        self._counts[what] += 1
        self._examples.setdefault(what, (before, after))

    @property
    def entries(self) -> int:
        """How many entries there are by now."""
        return sum(self._counts.values())

    def carry_over(self, earlier: pa.Table) -> None:
        """Begin with the entries of an earlier ledger."""
        for row in earlier.to_pylist():
            key = row["key"].split("|")
            self.enter(
                f"{row['source']}.{row['table']}",
                key,
                row["column"],
                row["kind"],
                row["original_value"],
                row["injected_value"],
            )

    def keys(self, name: str) -> set[str]:
        """The keys of a table that the ledger speaks of."""
        return self._keys[name]

    def flush(self) -> None:
        """Write what has been collected."""
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._part, SCHEMA)
        columns = zip(*self._entries, strict=True) if self._entries else [[] for _ in SCHEMA]
        arrays = [pa.array(list(c), pa.string()) for c in columns]
        self._writer.write_table(pa.table(arrays, schema=SCHEMA))
        self._entries.clear()

    def close(self) -> None:
        """Write the rest, put the ledger in its place and a readable summary beside it."""
        self.flush()
        if self._writer is not None:
            self._writer.close()
        self._part.replace(self.path)
        self.path.with_suffix(".md").write_text(self._summary(), encoding="utf-8")

    def _summary(self) -> str:
        lines = [
            "# Injected dirt",
            "",
            f"{self.entries:,} entries.",
            "",
            "| table | column | kind | rows | example |",
            "|---|---|---|---|---|",
        ]
        for what in sorted(self._counts):
            before, after = self._examples[what]
            lines.append(
                f"| {' | '.join(what)} | {self._counts[what]:,} | `{before}` to `{after}` |"
            )
        lines += ["", *(f"- **{kind}**: {meaning}" for kind, meaning in KINDS.items())]
        return "\n".join(lines) + "\n"


def read_ledger(path: Path) -> pa.Table:
    """All entries written so far."""
    return pq.read_table(path)
