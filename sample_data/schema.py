"""Every table of every source system of the sample company, in one place.

``TABLES["crm.customer"]`` says what the columns are, which of them are the key, what they refer
to, and which column tells of changes. The writers create the tables from it, the tests check the
rows against it, and whoever maps the sample into a warehouse reads it.
"""

from __future__ import annotations

from sample_data.schema_billing import BILLING_TABLES
from sample_data.schema_customers import CUSTOMER_TABLES
from sample_data.schema_files import FILE_TABLES
from sample_data.schema_service import SERVICE_TABLES
from sample_data.table import Column, Table

SOURCES = {
    "crm": "PostgreSQL: customers, contracts, marketing, selling and service",
    "billing": "SQLite or MariaDB: accounts, usage, invoices and payments",
    "sales": "CSV and Excel drops: orders, products, stores, stock and targets",
    "outside": "CSV and Parquet files bought from others: geography, rates, the market",
}

TABLES: dict[str, Table] = {
    table.full_name: table
    for table in CUSTOMER_TABLES + SERVICE_TABLES + BILLING_TABLES + FILE_TABLES
}


def tables_of(source: str) -> tuple[Table, ...]:
    """The tables of one source, in the order they are described."""
    return tuple(t for t in TABLES.values() if t.source == source)


def summary() -> str:
    """The schema on a page: one line for each table, one for its columns."""
    lines: list[str] = []
    for source, about in SOURCES.items():
        lines.append(f"## {source}: {about}")
        for table in tables_of(source):
            where = f" [{table.files}]" if table.files else ""
            lines.append(
                f"**{table.full_name}**{where} key ({', '.join(table.primary_key)}): "
                f"{table.description}"
            )
            lines.append("  " + ", ".join(_signature(c) for c in table.columns))
    return "\n".join(lines) + "\n"


def _signature(column: Column) -> str:
    arrow = "->" if column.enforced else "~>"
    target = f" {arrow} {column.references}" if column.references else ""
    return f"{column.name} {column.type}{'?' if column.nullable else ''}{target}"


__all__ = ["SOURCES", "TABLES", "Column", "Table", "summary", "tables_of"]
