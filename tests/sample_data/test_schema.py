"""The schema describes itself without holes."""

from __future__ import annotations

import pytest

from sample_data.schema import SOURCES, TABLES, summary, tables_of


@pytest.mark.parametrize("name", TABLES)
def test_every_table_is_whole(name):
    table = TABLES[name]
    assert table.source in SOURCES
    assert len({c.name for c in table.columns}) == len(table.columns)
    assert set(table.primary_key) <= {c.name for c in table.columns}
    assert all(c.description and c.arrow_type and c.sql_type is not None for c in table.columns)
    assert all(target in TABLES for target in table.foreign_keys.values())


def test_tables_of_databases_tell_of_changes():
    for source in ("crm", "billing"):
        assert all(table.cursor == "updated_at" for table in tables_of(source))


def test_tables_of_folders_name_their_files():
    for source in ("sales", "outside"):
        assert all(table.files for table in tables_of(source))


def test_summary_names_every_table():
    text = summary()
    assert all(f"**{name}**" in text for name in TABLES)
