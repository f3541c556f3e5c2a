"""A company of a few files in which every way of being left out happens, loaded twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from cubes import Cell
from metadata import Repository, load_workspace
from pipelines.explain import Explanation, explain
from pipelines.explain.values import FactRow, LeftOutRow, SourceRow
from pipelines.run import run

MODEL = """\
entity: buyer
key: buyer_id
changed_at: changed
columns: {buyer_id: string, name: {personal: true}, country: {required: true}, tier: string, changed: timestamp}
---
entity: deal
key: deal_id
columns:
  deal_id: string
  buyer_id: {references: buyer}
  day: {type: date, required: true}
  currency_code: {references: currency}
  kind: string
---
entity: item
key: item_id
columns:
  item_id: string
  deal_id: {required: true, references: deal}
  product: string
  quantity: integer
  amount: decimal(18,2)
---
entity: shelf
key: shelf_id
columns: {shelf_id: string, day: {type: date, required: true}, product: string, pieces: integer}
---
dimension: buyer
entity: buyer
caption: name
attributes:
  name:
  country: {history: track}
  tier: {history: track}
---
fact: items
entity: item
date: day
currency: deal_id.currency_code
where: coalesce(deal_id.kind, '') <> 'Test'
dimensions:
  day: {dimension: date, from: deal_id.day}
  buyer: deal_id.buyer_id
degenerate: {product: product, deal: deal_id}
measures:
  quantity: {from: quantity, type: integer}
  amount: {from: amount, convert: true, type: "decimal(18,2)"}
---
fact: whole_items
entity: item
date: day
dimensions:
  day: {dimension: date, from: deal_id.day}
  buyer: deal_id.buyer_id
degenerate: {product: product}
measures: {quantity: {from: quantity, type: integer}}
---
fact: shelves
kind: periodic_snapshot
entity: shelf
date: day
where: product <> 'Sample'
dimensions: {day: {dimension: date, from: day}}
degenerate: {product: product}
measures: {pieces: {from: pieces, type: integer}}
"""
CUBES = """\
cube: deals
fact: items
dimensions: {day: date, buyer: buyer}
measures:
  revenue: {sum: amount, format: currency, description: What buyers pay.}
  items: {count: "*"}
  deals: {count_distinct: deal}
  buyers: {count_distinct: buyer.buyer_id}
  average: {avg: amount}
  least: {min: amount}
  largest: {max: amount}
  pens: {sum: amount, where: "product = 'Pen'"}
  revenue_per_deal: {ratio: [revenue, deals]}
rollups:
  by_country: {by: [buyer.country], measures: [revenue, items]}
---
cube: pieces
fact: whole_items
dimensions: {day: date, buyer: buyer}
measures:
  items: {count: "*"}
  books: {count: "*", where: "product = 'Book'"}
---
cube: shelves
fact: shelves
dimensions: {day: date}
measures:
  pieces: {sum: pieces, semi_additive: {over: day, take: last}}
"""
MAPPINGS = """\
entity: buyer
from: shop.buyers
columns:
  buyer_id: id
  name: {from: name, clean: [trim]}
  country: {from: country, clean: [trim, upper], lookup: {DE: Germany, FR: France, AT: Austria}}
  tier: {from: tier, default: basic}
  changed: changed
---
entity: deal
from: shop.deals
columns:
  deal_id: id
  buyer_id: buyer
  day: day
  currency_code: currency
  kind: kind
---
entity: item
from: shop.items
join:
  deal: {table: shop.deals, on: {id: deal}}
columns:
  item_id: {expr: "deal || '-' || pos"}
  deal_id: deal
  product: {from: product, clean: [trim, title_case]}
  quantity: {from: qty, check: {at_least: 1}}
  amount: {from: amount, clean: [trim, {replace: {find: ",", with: "."}}]}
where: coalesce(deal.state, '') <> 'VOID'
keep: [pos, _row desc]
---
entity: item
from: shop.late_items
priority: 200
columns:
  item_id: {expr: "deal || '-' || pos"}
  deal_id: deal
  product: product
  quantity: qty
  amount: amount
---
entity: exchange_rate
from: shop.rates
columns: {currency_code: cur, rate_date: day, rate: rate}
---
entity: currency
from: shop.rates
columns: {currency_code: cur, name: cur}
---
entity: shelf
from: shop.shelves
columns:
  shelf_id: {expr: "day || product"}
  day: day
  product: product
  pieces: {from: pieces, check: {at_least: 0}}
"""
SOURCE = """\
source: shop
url: data
tables:
  buyers: {primary_key: id}
  deals: {primary_key: id}
  items:
  late_items: {primary_key: [deal, pos]}
  rates: {primary_key: [cur, day]}
  shelves: {primary_key: [day, product]}
"""
FILES = {
    "buyers": """\
id,name,country,tier,changed
B1, Anna ,de,gold,2024-01-01 00:00:00
B2,Bert,FR,,2024-01-01 00:00:00
B3,Cleo,DE,silver,2024-01-01 00:00:00
B4,Dora,XX,silver,2024-01-01 00:00:00
""",
    "deals": """\
id,buyer,day,currency,kind,state
D1,B1,2025-01-10,EUR,,
D2,B2,2025-01-20,USD,,
D3,B1,2025-02-05,EUR,,
D4,,2025-02-10,EUR,,
D5,B9,2025-02-11,EUR,,
D6,B4,2025-02-12,EUR,,
D7,B1,soon,EUR,,
D8,B1,2025-01-15,EUR,Test,
D9,B1,2025-01-16,EUR,,VOID
""",
    # Rows 1 and 2 are one line, told twice; the one that came later stays.
    "items": """\
deal,pos,product,qty,amount
D1,1, pen ,2," 10,00 "
D1,1,pen,2,"11,00"
D1,2,Book,1,20.00
D2,1,Pen,3,30.00
D3,1,Book,1,40.00
D4,1,Pen,1,1.00
D5,1,Pen,1,2.00
D6,1,Pen,1,3.00
D7,1,Pen,0,4.00
D1,3,Pen,0,5.00
D1,4,Pen,1,a lot
D1,5,Book,0,6.00
D8,1,Pen,1,7.00
D9,1,Pen,1,8.00
,6,Pen,1,9.00
D2,2,Pen,0,10.00
""",
    "late_items": "deal,pos,product,qty,amount\nD1,2,Book,1,99.00\nD3,2,Pen,1,50.00\n",
    "rates": "cur,day,rate\nUSD,2025-01-01,0.9\nUSD,2025-01-15,0.8\nEUR,2025-01-01,1\n",
    "shelves": """\
day,product,pieces
2025-01-31,Pen,5
2025-02-28,Pen,7
2025-02-28,Book,3
2025-02-28,Sample,100
2025-02-28,Ink,-1
2025-03-31,Ink,-2
""",
}


def write_company(root: Path) -> Path:
    """The company's workspace and its files."""
    texts = {
        "workspace.yaml": "name: Small\ntime_zone: Europe/Berlin\ncurrency: EUR\n",
        "sources/shop.yaml": SOURCE,
        "model/model.yaml": MODEL,
        "mappings/all.yaml": MAPPINGS,
        "cubes/deals.yaml": CUBES,
        **{f"data/{name}.csv": text for name, text in FILES.items()},
    }
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def load(root: Path) -> None:
    """Run the pipeline; nothing may fail."""
    report = run(load_workspace(root))
    assert report.ok, [str(issue) for step in report.steps for issue in step.issues]


@dataclass(frozen=True)
class Company:
    """A loaded company, its figures explained, and its raw files for statements by hand."""

    root: Path
    _known: dict[Any, Explanation] = field(default_factory=dict)

    @cached_property
    def repository(self) -> Repository:
        return load_workspace(self.root)

    def explain(self, cube: str, measure: str, **options: Any) -> Explanation:
        """An explanation; members are written as one text, such as `buyer.country=Germany`."""
        asked = (cube, measure, tuple(sorted(options.items())))
        if asked not in self._known:
            members = dict(each.split("=") for each in options.pop("at", "").split("; ") if each)
            cell = Cell(cube, measure, options.pop("where", None), members)
            self._known[asked] = explain(self.repository, cell, **{"limit": 100, **options})
        return self._known[asked]

    def by_hand(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of a statement over the raw files, each a table with the number of its rows."""
        with duckdb.connect() as connection:
            for name in FILES:
                path = self.root / "data" / f"{name}.csv"
                rows = connection.read_csv(str(path), header=True, all_varchar=True)
                connection.register(name, rows.project("row_number() over () as line, *"))
            return connection.execute(statement).fetchall()


def keys(found: Explanation) -> list[str]:
    """Keys of the shown fact rows, in order of name."""
    return sorted(str(next(iter(row.key.values()))) for row in found.facts.shown)


def fact(found: Explanation, key: str) -> FactRow:
    return next(row for row in found.facts.shown if key in row.key.values())


def source(found: Explanation, row: FactRow, reference: str = "") -> SourceRow:
    return found.sources[next(link.row for link in row.sources if link.reference == reference)]


def lines(found: Explanation, rows: tuple[LeftOutRow, ...]) -> dict[int, str]:
    """Row numbers in the batch and outcomes of left-out rows of the file of items."""
    placed = [(found.sources[row.row].landed, row.outcome) for row in rows]
    return {landed.row: outcome for landed, outcome in placed if landed.table == "items"}
