"""Results as the API writes them: JSON, or an Arrow stream."""

from __future__ import annotations

import io
import json
import math
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from cubes.api_models import ColumnInfo, QueryAnswer
from cubes.engine import Result


def answer_text(result: Result) -> str:
    """The answer to a question as JSON."""
    columns = [
        ColumnInfo(
            name=column.name,
            label=column.label,
            kind=column.kind,
            type=str(column.type),
            format=column.format,
            additivity=column.additivity,
            polarity=column.polarity,
        )
        for column in result.columns
    ]
    rows = [{name: plain(value) for name, value in row.items()} for row in result.table.to_pylist()]
    answer = QueryAnswer(
        version=result.version,
        seconds=result.seconds,
        rollup=result.rollup,
        columns=columns,
        rows=rows,
        notes=list(result.notes),
    )
    return json.dumps(answer.model_dump(), ensure_ascii=False, allow_nan=False)


def plain(value: Any) -> Any:
    """A value as JSON knows it; a double prints every decimal of 15 digits as it was."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, bytes):
        return value.hex()
    return value


def arrow_bytes(table: pa.Table) -> bytes:
    """The table as an Arrow stream."""
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()
