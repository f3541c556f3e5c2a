"""Workspaces written on the spot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[..., Path]


@pytest.fixture
def plain() -> dict[str, str]:
    """The files of the plain workspace."""
    return PLAIN


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a workspace from `{"sources/a.yaml": text}`; a plain one unless told otherwise."""

    def _write(files: dict[str, str] | None = None) -> Path:
        for name, text in {**PLAIN, **(files or {})}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return tmp_path

    return _write


PLAIN = {
    "workspace.yaml": "name: Plain Company\n",
    "sources/shop.yaml": """\
source: shop
url: data
tables:
  client: {primary_key: [id]}
  sale:   {primary_key: [id]}
""",
    "mappings/person.yaml": """\
entity: person
from: shop.client
columns:
  person_id: id
  name:      {from: full_name, clean: [trim, collapse_spaces]}
  city:      town
""",
    "mappings/purchase.yaml": """\
entity: purchase
from: shop.sale
columns:
  purchase_id: id
  person_id:   client_id
  bought_on:   day
  amount:      {expr: "quantity * price"}
""",
    "model/star.yaml": """\
entity: person
key: person_id
columns:
  person_id: string
  name: {personal: true}
  city: string
---
entity: purchase
key: purchase_id
columns:
  purchase_id: string
  person_id: {references: person}
  bought_on: date
  amount: decimal(18,2)
---
dimension: day
generated: calendar
attributes: {date: , month: , year: }
hierarchies: {calendar: [year, month, date]}
---
dimension: person
entity: person
attributes:
  name:
  city: {history: track}
---
fact: purchases
entity: purchase
date: bought_on
dimensions:
  bought_on: {dimension: day, from: bought_on}
  person: person_id
  city_of: {dimension: person, from: person_id}
measures:
  amount: amount
""",
    "cubes/purchases.yaml": """\
cube: purchases
fact: purchases
dimensions: {bought_on: day, person: person}
measures:
  revenue: {sum: amount, format: currency}
  sales:   {count: "*"}
  average: {ratio: [revenue, sales], format: currency}
""",
}
