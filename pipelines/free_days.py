"""Public holidays of the country that a workspace names, for its calendar."""

from __future__ import annotations

from datetime import date

import pyarrow as pa

from metadata import Repository


def holidays_of(repository: Repository) -> pa.Table:
    """Holidays of all years of the calendar: `date` and `name`; none where no country is named."""
    calendar = repository.workspace.calendar
    days: dict[date, str] = {}
    if calendar.holidays:
        # Only a calendar that is made anew needs it, and it is large.
        import holidays

        years = range(calendar.first.year, calendar.last.year + 1)
        days = dict(holidays.country_holidays(calendar.holidays, years=years))
    return pa.table(
        {
            "date": pa.array(list(days), pa.date32()),
            "name": pa.array(list(days.values()), pa.string()),
        }
    )
