"""What the generated date dimension can hold."""

from __future__ import annotations

from collections.abc import Mapping

CALENDAR_COLUMNS: Mapping[str, str] = {
    "date": "date",
    "year": "integer",
    "half_year": "string",
    "quarter": "string",
    "quarter_of_year": "integer",
    "month": "string",
    "month_of_year": "integer",
    "month_name": "string",
    "week": "string",
    "week_of_year": "integer",
    "iso_year": "integer",
    "day_of_month": "integer",
    "day_of_year": "integer",
    "day_of_week": "integer",
    "day_name": "string",
    "is_weekend": "boolean",
    "is_holiday": "boolean",
    "holiday": "string",
    "is_working_day": "boolean",
    "fiscal_year": "string",
    "fiscal_quarter": "string",
    "fiscal_month": "integer",
}
"""Column name and type. `quarter` is '2025-Q1', `month` '2025-01', `week` '2025-W03' (ISO 8601),
`fiscal_year` 'FY2025' (named by the calendar year in which it ends), `fiscal_quarter` 'FY2025-Q1',
`fiscal_month` 1 to 12; `day_of_week` runs from Monday 1 to Sunday 7."""
