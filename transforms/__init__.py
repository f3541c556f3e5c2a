"""Rules → statements: pure functions from resolved metadata to SQL expressions.

Statements name two databases, `staging` and `warehouse`; none writes to both.
"""

from transforms.accounting import (
    OUTCOMES,
    balance_query,
    landed_query,
    quarantine_entity,
    quarantine_table,
    warning_query,
)
from transforms.audits import audits
from transforms.bridges import load_bridge
from transforms.calendar import HOLIDAYS, load_calendar
from transforms.dimensions import keys_query, latest_version, load_dimension, replayed_name
from transforms.facts import load_fact, read_by_fact
from transforms.landing import landed_name, landed_view
from transforms.reshaping import drop_columns, drop_tables, rename_columns, rename_table
from transforms.rollups import build_rollup, can_build, rollup_table
from transforms.staging import empty_entity, stage_entity
from transforms.statements import STAGING, WAREHOUSE, Audit, Columns, Statement

__all__ = [
    "HOLIDAYS",
    "OUTCOMES",
    "STAGING",
    "WAREHOUSE",
    "Audit",
    "Columns",
    "Statement",
    "audits",
    "balance_query",
    "build_rollup",
    "can_build",
    "drop_columns",
    "drop_tables",
    "empty_entity",
    "keys_query",
    "landed_name",
    "landed_query",
    "landed_view",
    "latest_version",
    "load_bridge",
    "load_calendar",
    "load_dimension",
    "load_fact",
    "quarantine_entity",
    "quarantine_table",
    "read_by_fact",
    "rename_columns",
    "rename_table",
    "replayed_name",
    "rollup_table",
    "stage_entity",
    "warning_query",
]
