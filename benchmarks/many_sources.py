"""A workspace with many sources, to measure scanning, checking, planning and loading at size.

    python benchmarks/many_sources.py DIRECTORY [--sources 180] [--tables 20] [--rows 1000]

Every other source is a SQLite file, the rest are folders of CSV files, each with the same kinds of
tables. Mappings bring customers, products, orders and lines of all sources together. `--bare`
leaves `tables:` and the mappings out, as when sources are met for the first time.
"""

from __future__ import annotations

import argparse
import csv
import random
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

Value = str | int | None
Column = tuple[str, str, Callable[[random.Random, int, int], Value]]
"""Name, type in SQL, and how a value is made: of chance, its row (from 1) and the number of all."""

_VARIANTS = 6
"""So many companies are made up; sources are copies of them."""
_GIVEN = "Anna Jürgen Chloé Íñigo Marta Piotr Ольга 伟 Sofia Liam Emma Noah Mia Lucas Ella".split()
_FAMILY = "Meyer Dubois García Rossi Nowak Jansen Smith Öztürk 王 Larsson Novák Silva".split()
_STREETS = "Hauptstraße|Rue de la Paix|Calle Mayor|Via Roma|High Street|Kungsgatan".split("|")
_CITIES = "Berlin Paris Madrid Roma London Stockholm Wien Zürich Lisboa Praha".split()
_COUNTRIES = "DE FR ES IT GB SE AT CH PT CZ".split()
_WORDS = "quick delivery late order missing part asks offer price wrong address thanks".split()


def _serial(prefix: str = "") -> Callable[[random.Random, int, int], Value]:
    return lambda _, row, __: f"{prefix}{row:07d}" if prefix else row


def _refers(prefix: str = "") -> Callable[[random.Random, int, int], Value]:
    def made(chance: random.Random, _: int, rows: int) -> Value:
        row = chance.randint(1, rows)
        return f"{prefix}{row:07d}" if prefix else row

    return made


def _one_of(*values: str) -> Callable[[random.Random, int, int], Value]:
    return lambda chance, *_: chance.choice(values)


def _day(chance: random.Random, *_: int) -> Value:
    return (date(2021, 1, 1) + timedelta(chance.randint(0, 1800))).isoformat()


def _german_day(chance: random.Random, *_: int) -> Value:
    return f"{date(1950, 1, 1) + timedelta(chance.randint(0, 20000)):%d.%m.%Y}"


def _moment(chance: random.Random, *_: int) -> Value:
    return f"{_day(chance)} {chance.randint(0, 23):02d}:{chance.randint(0, 59):02d}:00"


def _amount(chance: random.Random, *_: int) -> Value:
    return f"{chance.randint(100, 99999) / 100:.2f}"


def _count(chance: random.Random, *_: int) -> Value:
    return chance.randint(1, 40)


def _name(chance: random.Random, *_: int) -> Value:
    return f"{chance.choice(_GIVEN)} {chance.choice(_FAMILY)}"


def _email(chance: random.Random, row: int, _: int) -> Value:
    return None if chance.random() < 0.1 else f"user{row}@example{chance.randint(1, 9)}.com"


def _phone(chance: random.Random, *_: int) -> Value:
    land, area, number = chance.choice((49, 33, 44)), chance.randint(100, 999), chance.random()
    return f"+{land} {area} {int(number * 1e6):06d}"


def _street(chance: random.Random, *_: int) -> Value:
    return f"{chance.choice(_STREETS)} {chance.randint(1, 200)}"


def _postal(chance: random.Random, *_: int) -> Value:
    return f"{chance.randint(1000, 99999):05d}"


def _text(chance: random.Random, *_: int) -> Value:
    return " ".join(chance.choices(_WORDS, k=chance.randint(3, 8)))


_STATUS = _one_of("OPEN", "PAID", "SENT", "CANCELLED")
_PERSON: list[Column] = [
    ("full_name", "VARCHAR(80)", _name), ("email", "VARCHAR(80)", _email),
    ("phone", "VARCHAR(40)", _phone), ("updated_at", "TIMESTAMP", _moment),
]  # fmt: skip
_MONEY: list[Column] = [
    ("amount", "DECIMAL(12,2)", _amount), ("currency", "CHAR(3)", _one_of("EUR", "GBP", "SEK")),
    ("status", "VARCHAR(12)", _STATUS), ("updated_at", "TIMESTAMP", _moment),
]  # fmt: skip
_PLACE: list[Column] = [
    ("street", "VARCHAR(80)", _street), ("postal_code", "VARCHAR(10)", _postal),
    ("city", "VARCHAR(40)", _one_of(*_CITIES)), ("country", "CHAR(2)", _one_of(*_COUNTRIES)),
]  # fmt: skip
_THING: list[Column] = [
    ("title", "VARCHAR(80)", _text), ("kind", "VARCHAR(20)", _one_of("A", "B", "C", "D")),
    ("valid_from", "DATE", _day), ("remark", "TEXT", _text),
]  # fmt: skip


def _key(name: str, prefix: str = "") -> Column:
    return (f"{name}_no", "CHAR(8)" if prefix else "INTEGER", _serial(prefix))


def _link(name: str, prefix: str = "") -> Column:
    return (f"{name}_no", "CHAR(8)" if prefix else "INTEGER", _refers(prefix))


TABLES: dict[str, list[Column]] = {
    "customer": [_key("customer", "C"), *_PERSON, *_PLACE, ("born", "VARCHAR(10)", _german_day)],
    "product": [_key("product", "P"), *_THING, ("list_price", "DECIMAL(12,2)", _amount)],
    "sales_order": [_key("order"), _link("customer", "C"), ("ordered_on", "DATE", _day), *_MONEY],
    "order_line": [_key("line"), _link("order"), _link("product", "P"),
                   ("quantity", "INTEGER", _count), *_MONEY],
    "contact": [_key("contact"), _link("customer", "C"), *_PERSON],
    "address": [_key("address"), _link("customer", "C"), *_PLACE],
    "employee": [_key("employee"), *_PERSON, ("hired_on", "DATE", _day)],
    "store": [_key("store"), *_PLACE, *_THING],
    "supplier": [_key("supplier"), *_PERSON, *_PLACE],
    "category": [_key("category"), *_THING],
    "price": [_key("price"), _link("product", "P"), ("valid_from", "DATE", _day), *_MONEY],
    "invoice": [_key("invoice"), _link("order"), ("issued_on", "DATE", _day), *_MONEY],
    "invoice_line": [_key("line"), _link("invoice"), ("quantity", "INTEGER", _count), *_MONEY],
    "payment": [_key("payment"), _link("invoice"), ("paid_on", "DATE", _day), *_MONEY],
    "shipment": [_key("shipment"), _link("order"), *_PLACE, ("sent_on", "DATE", _day)],
    "ticket": [_key("ticket"), _link("customer", "C"), *_THING],
    "campaign": [_key("campaign"), *_THING, ("budget", "DECIMAL(12,2)", _amount)],
    "response": [_key("response"), _link("campaign"), _link("customer", "C"),
                 ("answered_at", "TIMESTAMP", _moment)],
    "stock": [_key("stock"), _link("product", "P"), _link("store"), ("counted_on", "DATE", _day),
              ("quantity", "INTEGER", _count)],
    "code": [_key("code"), *_THING],
}  # fmt: skip

_MAPPINGS = """\
entity: customer
from: {s}.customer
columns:
  customer_id: {{expr: "'{s}-' || customer_no"}}
  name: {{from: full_name, clean: [trim, collapse_spaces]}}
  email: {{from: email, clean: [trim, lower], check: email, otherwise: "null"}}
  birth_date: {{from: born, format: "%d.%m.%Y"}}
  city: city
  country_code: country
---
entity: product
from: {s}.product
columns:
  product_id: {{expr: "'{s}-' || product_no"}}
  name: title
  category: kind
  list_price: list_price
---
entity: order
from: {s}.sales_order
columns:
  order_id: {{expr: "'{s}-' || order_no"}}
  customer_id: {{expr: "'{s}-' || customer_no"}}
  order_date: ordered_on
  status: status
---
entity: order_line
from: {s}.order_line
columns:
  order_line_id: {{expr: "'{s}-' || line_no"}}
  order_id: {{expr: "'{s}-' || order_no"}}
  product_id: {{expr: "'{s}-' || product_no"}}
  quantity: quantity
  net_amount: amount
"""


def write_workspace(
    root: Path, *, sources: int = 180, tables: int = 20, rows: int = 1000, bare: bool = False
) -> None:
    """Write a workspace with its data.

    Args:
        root: folder to make.
        sources: how many sources.
        tables: how many tables each has; beyond the twenty kinds they are repeated.
        rows: rows of each table.
        bare: whether to leave out what sources list and the mappings.
    """
    for folder in ("sources", "mappings", "data"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "workspace.yaml").write_text("name: Many sources\ncurrency: EUR\n")
    kinds = _kinds(tables)
    variants = [_company(kinds, rows, seed) for seed in range(min(_VARIANTS, sources))]
    made: dict[tuple[int, bool], Path] = {}
    for number in range(sources):
        name, is_database = f"s{number + 1:03d}", number % 2 == 0
        variant, target = number % len(variants), root / "data" / name
        first = made.setdefault((variant, is_database), target)
        if is_database:
            _copy_or(first, target, lambda path, v=variant: _write_sqlite(path, variants[v]))
            url = f"sqlite:///data/{name}"
        else:
            _copy_or(first, target, lambda path, v=variant: _write_csv(path, variants[v]))
            url = f"data/{name}"
        listed = (
            ""
            if bare
            else "tables:\n"
            + "".join(
                f"  {table}: {{primary_key: {columns[0][0]}}}\n" for table, columns in kinds.items()
            )
        )
        (root / "sources" / f"{name}.yaml").write_text(f"source: {name}\nurl: {url}\n{listed}")
        if not bare:
            (root / "mappings" / f"{name}.yaml").write_text(_MAPPINGS.format(s=name))


def _kinds(tables: int) -> dict[str, list[Column]]:
    names = list(TABLES)
    repeated = [
        (name if n < len(names) else f"{name}_{n // len(names) + 1}", TABLES[name])
        for n in range(tables)
        for name in [names[n % len(names)]]
    ]
    return dict(repeated)


Company = dict[str, tuple[list[Column], list[list[Value]]]]


def _company(kinds: dict[str, list[Column]], rows: int, seed: int) -> Company:
    chance = random.Random(seed)
    return {
        table: (columns, [[make(chance, row, rows) for _, _, make in columns]
                          for row in range(1, rows + 1)])
        for table, columns in kinds.items()
    }  # fmt: skip


def _copy_or(first: Path, target: Path, write: Callable[[Path], None]) -> None:
    if first == target:
        write(target)
    elif first.is_dir():
        shutil.copytree(first, target)
    else:
        shutil.copyfile(first, target)


def _write_sqlite(path: Path, company: Company) -> None:
    with closing(sqlite3.connect(path)) as database:
        for table, (columns, rows) in company.items():
            defined = ", ".join(
                f"{name} {kind}{' PRIMARY KEY' * (not position)}"
                for position, (name, kind, _) in enumerate(columns)
            )
            database.execute(f"CREATE TABLE {table} ({defined})")
            marks = ", ".join("?" * len(columns))
            database.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
        database.commit()


def _write_csv(folder: Path, company: Company) -> None:
    folder.mkdir(parents=True)
    for table, (columns, rows) in company.items():
        with (folder / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow([name for name, *_ in columns])
            writer.writerows(rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write a workspace as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("directory", type=Path)
    parser.add_argument("--sources", type=int, default=180)
    parser.add_argument("--tables", type=int, default=20)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--bare", action="store_true")
    given = parser.parse_args(arguments)
    write_workspace(
        given.directory,
        sources=given.sources,
        tables=given.tables,
        rows=given.rows,
        bare=given.bare,
    )


if __name__ == "__main__":
    main()
