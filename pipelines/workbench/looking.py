"""What the landing zone holds of a table: its columns, what their values are like, some rows."""

from __future__ import annotations

from sqlglot import exp

from metadata.scan import ScannedColumn
from metadata.workbench import LandedColumn, LandedTable
from pipelines.extract.source_types import landing_type
from pipelines.scan.judging import is_judged, profile_of
from pipelines.scan.profile import Profiler, Sample
from pipelines.workbench.samples import Landed, Samples
from transforms import STAGING
from transforms.statements import column, table

_LONGEST = 200
_ROWS = 20


def told_of(samples: Samples, found: Landed, *, profile: bool) -> LandedTable:
    """A landed table in words and figures."""
    names = list(found.columns)
    query = exp.select(*(column(name) for name in names)).from_(table(found.sample, STAGING))
    rows = samples.arrow(query)
    columns = [
        ScannedColumn(name=field.name, type=landing_type(field.type), native_type=kind)
        for field, kind in zip(rows.schema, found.columns.values(), strict=True)
    ]
    told = [LandedColumn(name=each.name, type=each.native_type) for each in columns]
    if profile:
        profiler = Profiler()
        try:
            judged = tuple(is_judged(each.type) for each in columns)
            (values,) = profiler.look([Sample(rows, judged)])
        finally:
            profiler.close()
        told = [
            each.model_copy(update={"profile": profile_of(found.name, scanned, value)})
            for each, scanned, value in zip(told, columns, values, strict=True)
        ]
    shown = [
        tuple(None if value is None else str(value)[:_LONGEST] for value in row.values())
        for row in rows.slice(0, _ROWS).to_pylist()
    ]
    return LandedTable(
        table=found.name, rows=found.rows, batches=found.batches, newest=found.newest,
        looked_at=found.looked_at, columns=tuple(told), sample=tuple(shown),
    )  # fmt: skip
