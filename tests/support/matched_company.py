"""A company that knows its customers from three systems: a CRM, billing and a shop."""

from __future__ import annotations

import csv
from pathlib import Path

WORKSPACE = "name: Three systems\ntime_zone: Europe/Berlin\ncurrency: EUR\ncalendar: {from: 2020-01-01, to: 2027-12-31}\n"
SOURCES = """\
source: {name}
url: data/{name}
tables:
  customers: {{primary_key: id}}
"""
SHOP_TABLES = "  orders: {primary_key: order_no}\n  lines: {primary_key: [order_no, line]}\n"
MAPPING = """\
entity: customer
from: {name}.customers
priority: {priority}
columns:
  customer_id: {{expr: "'{name}:' || id"}}
  name:        {{from: name, clean: [trim, collapse_spaces]}}
  email:       {{from: email, clean: [trim, lower, empty_to_null]}}
  phone:       {{from: phone, clean: [empty_to_null]}}
  birth_date:  birth_date
  city:        {{from: city, clean: [empty_to_null]}}
  postal_code: {{from: postal_code, clean: [empty_to_null]}}
  segment:     {{from: segment, clean: [empty_to_null]}}
  parent_customer_id: {{expr: "'{name}:' || parent"}}
  updated_at:  updated_at
"""
ORDERS = """\
entity: order
from: shop.orders
columns: {order_id: order_no, customer_id: customer, order_date: day}
---
entity: order_line
from: shop.lines
columns:
  order_line_id: {expr: "order_no || '-' || line"}
  order_id: order_no
  product_id: sku
  quantity: quantity
  gross_amount: {expr: "cast(amount as decimal(18,2))"}
  net_amount: {expr: "cast(amount as decimal(18,2))"}
---
entity: product
from: shop.lines
columns: {product_id: sku, name: sku}
"""
MATCHING = """\
matching: customer
same:
  - email
  - [phone, birth_date]
survivorship:
  default: most_recent
  columns:
    name: longest
    phone: {take: source, sources: [billing, crm]}
    city: most_frequent
"""
COLUMNS = ("id", "name", "email", "phone", "birth_date", "city", "postal_code", "segment", "parent", "updated_at")  # fmt: skip
CUSTOMERS = {
    "crm": [
        ("1", "Anna Berger", "anna@example.com", "030 1", "1980-01-02", "Berlin", "10115", "Private", "", "2024-01-01"),
        ("2", "Bruno Carl", "bruno@example.com", "", "1975-05-05", "Köln", "50667", "Private", "", "2024-01-01"),
        ("3", "Cara Dorn", "", "040 3", "1990-09-09", "Hamburg", "20095", "Business", "1", "2024-01-01"),
    ],
    "billing": [
        ("A", "A. Berger", "anna@example.com", "030 9", "", "Potsdam", "14467", "", "", "2025-01-01"),
        ("B", "Cara Dorn-Emil", "cara@example.com", "040 3", "1990-09-09", "Bremen", "28195", "Very important", "", "2024-06-01"),
    ],
    "shop": [
        ("x", "anna berger", "anna@example.com", "", "1980-01-02", "Berlin", "", "", "", "2023-01-01"),
        ("y", "Dora Ernst", "dora@example.com", "", "", "Ulm", "89073", "", "x", "2024-01-01"),
    ],
}  # fmt: skip
LINES = [
    # order, customer, day, product, quantity, amount
    ("1", "crm:1", "2024-02-01", "A", "1", "10.00"),
    ("2", "shop:x", "2024-02-02", "A", "2", "20.00"),
    ("3", "billing:A", "2024-03-03", "B", "1", "40.00"),
    ("4", "billing:B", "2024-03-04", "B", "1", "80.00"),
    ("5", "crm:2", "2024-04-04", "A", "4", "160.00"),
    ("6", "shop:y", "2024-05-05", "C", "1", "320.00"),
    ("7", "crm:99", "2024-05-06", "C", "1", "640.00"),
]


def write(path: Path, name: str, text: str) -> None:
    """A file of the workspace."""
    (path / name).parent.mkdir(parents=True, exist_ok=True)
    (path / name).write_text(text, encoding="utf-8")


def write_table(
    path: Path, name: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]
) -> None:
    """A table of a source as CSV."""
    place = path / "data" / f"{name}.csv"
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([columns, *rows])


def write_company(
    path: Path,
    matching: str | None = MATCHING,
    customers: dict[str, list[tuple[str, ...]]] = CUSTOMERS,
) -> Path:
    """The workspace with its data."""
    write(path, "workspace.yaml", WORKSPACE)
    for priority, (name, rows) in enumerate(customers.items()):
        tables = SHOP_TABLES if name == "shop" else ""
        write(path, f"sources/{name}.yaml", SOURCES.format(name=name) + tables)
        write(path, f"mappings/{name}.yaml", MAPPING.format(name=name, priority=priority))
        write_table(path, f"{name}/customers", COLUMNS, rows)
    write(path, "mappings/orders.yaml", ORDERS)
    write_table(
        path, "shop/orders", ("order_no", "customer", "day"), [(o, c, d) for o, c, d, *_ in LINES]
    )
    write_table(path, "shop/lines", ("order_no", "line", "sku", "quantity", "amount"),
                [(o, "1", p, q, a) for o, _, _, p, q, a in LINES])  # fmt: skip
    if matching is not None:
        write(path, "matching/customer.yaml", matching)
    return path
