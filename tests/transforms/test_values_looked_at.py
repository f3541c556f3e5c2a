"""A column that rules of others look at is made once, however often they mention it."""

from __future__ import annotations

import pytest
from sqlglot import exp

from metadata import load_workspace
from transforms.staging import judged_rows

MAPPING = """\
entity: customer
from: s.people
columns:
  customer_id: id
  country_code: {from: land, clean: [trim, country_code]}
  postal_code: {from: zip, clean: [{postal_code: {country_column: country_code}}]}
  phone: {from: tel, clean: [{phone: {country_column: country_code}}]}
  city: {from: ort, clean: [{default_from: {column: region}}]}
  region: {from: bezirk, clean: [{default_from: {column: country_code}}]}
"""


@pytest.fixture
def statement(tmp_path) -> exp.Select:
    for name, text in {
        "workspace.yaml": "name: Shop\n",
        "sources/s.yaml": "source: s\nurl: data\ntables:\n  people: {primary_key: id}\n",
        "mappings/m.yaml": MAPPING,
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    repository = load_workspace(tmp_path)
    landed = {"s.people": dict.fromkeys(("id", "land", "zip", "tel", "ort", "bezirk"), "VARCHAR")}
    return judged_rows(
        repository, repository.mappings, repository.entity("customer"), landed, elsewhere=True
    )


def test_the_statement_does_not_grow_with_the_rules_that_look(statement):
    """Every country's form of postal codes and telephone numbers asks for the country."""
    read = [c for c in statement.find_all(exp.Column) if c.name == "country_code__raw"]
    seen = [c for c in statement.find_all(exp.Column) if c.name == "country_code__seen"]
    assert 0 < len(read) < 20 < len(seen)
    assert len(statement.sql("duckdb")) < 400_000


def test_what_is_looked_at_stands_beneath_what_looks(statement):
    """The city looks at the region, and the region at the country."""
    layers = [each.alias for each in statement.find_all(exp.Subquery) if "seen_" in each.alias]
    assert layers.index("seen_region") < layers.index("seen_country_code")
