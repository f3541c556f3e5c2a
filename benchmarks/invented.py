"""Schemas that were made up for trials, with what their columns mean: read, and filled with rows.

A schema is a YAML file that describes each column by a recipe for its values and, behind `>`, the
entity's columns that it should fill: `KDNR: serial 10001 > customer.customer_id`. The same seed
makes the same rows.
"""

from __future__ import annotations

import csv
import random
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from metadata.yaml_tree import read_documents

SCHEMAS = Path(__file__).resolve().parent.parent / "tests" / "schemas"
Pair = tuple[str, str, str, str]
"""Source table, source column, entity, entity column."""

_FIRST = (
    "Anna Ben Clara David Emma Felix Greta Henry Ida Jonas Karin Liam Maya Noah Olga Paul".split()
)
_LAST = (
    "Adler Brown Carter Dietz Evans Fischer Grant Huber Irving Jansen Keller Lopez Meyer".split()
)
_FIRMS = (
    "Nordwind Alpha Delta Summit Harbor Vector Granite Cedar Lumen Orchard Pioneer Quarry".split()
)
_FORMS = "GmbH Ltd Inc AG LLC Corp".split()
_CITIES = "Berlin Hamburg Boston Austin Lyon Milano Zürich Wien Leeds Porto Denver Seattle".split()
_STREETS = "Main Street,Oak Avenue,Bahnhofstraße,Hauptstraße,Mill Lane,Station Road".split(",")
_THINGS = "Desk Lamp Chair Router Cable Printer Filter Pump Valve Jacket Kettle Monitor".split()
_ADJECTIVES = "Red Small Solid Classic Smart Heavy Light Portable Nordic Premium".split()
_SAID = (
    "please call back;item arrived broken;cannot sign in;wrong amount on invoice;slow since Monday"
)
_CN_LAST, _CN_FIRST = "王李张刘陈杨赵黄", "伟芳娜敏静磊洋艳勇军"
_CN_FIRMS, _CN_THINGS = "华星东方瑞丰天成中泰金桥", "智能控制器,数据采集器,管理软件,传感器,服务套餐"


@dataclass(frozen=True)
class Schema:
    """A made-up source: its rows by table, and what its columns mean."""

    name: str
    format: str
    tables: Mapping[str, list[dict[str, Any]]]
    keys: Mapping[str, tuple[str, ...]]
    """Declared primary keys."""
    references: Mapping[str, Mapping[str, tuple[str, str]]]
    """Declared references: of a table's columns the table and column they refer to."""
    truth: frozenset[Pair]

    def write(self, folder: Path) -> str:
        """Write the source; its address as `url:` of a source would hold it."""
        folder.mkdir(parents=True, exist_ok=True)
        if self.format == "csv":
            for table, rows in self.tables.items():
                with (folder / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
                    writer = csv.DictWriter(file, list(rows[0]))
                    writer.writeheader()
                    writer.writerows(rows)
            return str(folder)
        path = folder / f"{self.name}.sqlite"
        path.unlink(missing_ok=True)
        with sqlite3.connect(path) as connection:
            for table, rows in self.tables.items():
                connection.execute(self._definition(table, rows))
                marks = ", ".join("?" for _ in rows[0])
                values = [tuple(map(_stored, row.values())) for row in rows]
                connection.executemany(f'insert into "{table}" values ({marks})', values)
        connection.close()
        return f"sqlite:///{path}"

    def _definition(self, table: str, rows: Sequence[Mapping[str, Any]]) -> str:
        parts = [f'"{name}" {_sql_type(name, rows)}' for name in rows[0]]
        if table in self.keys:
            parts.append(f"primary key ({', '.join(_quoted(k) for k in self.keys[table])})")
        for column, (other, key) in self.references.get(table, {}).items():
            parts.append(f'foreign key ("{column}") references "{other}" ("{key}")')
        return f'create table "{table}" ({", ".join(parts)})'


def schemas() -> Iterator[Schema]:
    """All made-up schemas, in order of name."""
    for path in sorted(SCHEMAS.glob("*.yaml")):
        for document in read_documents(path, path.name):
            yield read_schema(document.content)


def read_schema(content: Mapping[str, Any]) -> Schema:
    """A schema with its rows made."""
    made = _Maker(random.Random(content["schema"]))
    truth: set[Pair] = set()
    references: dict[str, dict[str, tuple[str, str]]] = {}
    recipes: dict[str, dict[str, str]] = {}
    for table, about in content["tables"].items():
        recipes[table] = {}
        for column, line in about["columns"].items():
            recipe, _, meant = str(line).partition(">")
            recipes[table][column] = recipe.strip()
            for target in filter(None, (each.strip() for each in meant.split(","))):
                entity, _, name = target.partition(".")
                truth.add((table, column, entity, name))
            words = recipe.split()
            if words[0] == "ref":
                other, _, key = words[1].partition(".")
                references.setdefault(table, {})[column] = (other, key)
    rows = {t: int(about["rows"]) for t, about in content["tables"].items()}
    # What is referred to is made first; a table that refers to itself draws from what it has.
    keys = {t: tuple(about.get("key", ())) for t, about in content["tables"].items()}
    for table in content["tables"]:
        made.table(table, recipes, rows, keys)
    declares = content.get("declares", [])
    return Schema(
        content["schema"],
        content["format"],
        {table: made.rows[table] for table in content["tables"]},
        {t: tuple(a["key"]) for t, a in content["tables"].items() if "keys" in declares},
        references if "references" in declares else {},
        frozenset(truth),
    )


class _Maker:
    def __init__(self, chance: random.Random) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self._chance = chance
        self._lines: dict[tuple[str, Any], int] = {}

    def table(
        self,
        table: str,
        recipes: Mapping[str, Mapping[str, str]],
        rows: Mapping[str, int],
        keys: Mapping[str, tuple[str, ...]],
    ) -> None:
        if table in self.rows:
            return
        self.rows[table] = []
        for recipe in recipes[table].values():
            words = recipe.split()
            other = words[1].partition(".")[0] if words[0] in ("ref", "each") else table
            if other != table:
                self.table(other, recipes, rows, keys)
        makers = {name: self._maker(table, recipe) for name, recipe in recipes[table].items()}
        for number in range(rows[table]):
            row: dict[str, Any] = {}
            self.rows[table].append(row)
            for name, make in makers.items():
                row[name] = make(number, row)
        if keys[table]:
            by_key = {tuple(row[k] for k in keys[table]): row for row in self.rows[table]}
            self.rows[table] = list(by_key.values())

    def _maker(self, table: str, recipe: str) -> Callable[[int, dict[str, Any]], Any]:
        recipe, _, by = recipe.partition(" of ")
        optional = recipe.endswith(" ?")
        kind, _, rest = recipe.removesuffix(" ?").partition(" ")
        known: dict[Any, Any] = {}

        def make(number: int, row: dict[str, Any]) -> Any:
            if optional and self._chance.random() < 0.3:
                return None
            if by:
                if row[by] not in known:
                    known[row[by]] = self._value(kind, rest, number, row, table)
                return known[row[by]]
            return self._value(kind, rest, number, row, table)

        return make

    def _value(self, kind: str, rest: str, number: int, row: dict[str, Any], table: str) -> Any:
        pick = self._chance.choice
        kind, _, form = kind.partition(":")
        match kind:
            case "serial":
                return int(rest) + number
            case "line":
                return self._next_line(table, row[rest])
            case "code":
                return self._code(rest, number)
            case "digits":
                return self._digits(int(rest), number)
            case "group":
                count, pattern = rest.split(" ")
                return self._code(pattern, self._chance.randrange(int(count)))
            case "ref":
                other, _, key = rest.partition(".")
                rows = [r for r in self.rows[other] if key in r]
                return pick(rows)[key] if rows else None
            case "each":
                other, _, key = rest.partition(".")
                return self.rows[other][number][key]
            case "int":
                low, high = map(int, rest.split())
                return self._chance.randint(low, high)
            case "dec":
                low, high = map(float, rest.split())
                return round(self._chance.uniform(low, high), 2)
            case "one_of":
                return pick(rest.split(","))
            case "flag":
                return pick((True, False))
            case "date" | "moment":
                return self._moment(kind, form, rest)
            case _:
                return self._text(kind, rest, number)

    def _next_line(self, table: str, document: Any) -> int:
        self._lines[table, document] = self._lines.get((table, document), 0) + 1
        return self._lines[table, document]

    def _moment(self, kind: str, form: str, rest: str) -> Any:
        low, high = (date.fromisoformat(day) for day in rest.split())
        day = low + timedelta(days=self._chance.randint(0, (high - low).days))
        if kind == "moment":
            seconds = self._chance.randint(0, 86399)
            return datetime(day.year, day.month, day.day) + timedelta(seconds=seconds)
        return day.strftime(form) if form else day

    def _digits(self, length: int, number: int) -> str:
        """Digits; long ones are numbers of things and do not occur twice."""
        if length < 6:
            return str(self._chance.randrange(10 ** (length - 1), 10**length))
        return "".join(self._chance.choices("0123456789", k=length - 5)) + f"{10000 + number}"

    def _code(self, pattern: str, number: int) -> str:
        width = pattern.count("#")
        digits = iter(f"{number * 7 + 11:0{width}d}"[-width:])
        return "".join(next(digits) if char == "#" else char for char in pattern)

    def _text(self, kind: str, rest: str, number: int) -> str:
        pick = self._chance.choice
        match kind:
            case "first":
                return pick(_FIRST)
            case "last":
                return pick(_LAST)
            case "name":
                return f"{pick(_FIRST)} {pick(_LAST)}"
            case "company":
                return f"{pick(_FIRMS)} {pick(_LAST)} {pick(_FORMS)}"
            case "street":
                return f"{pick(_STREETS)} {self._chance.randint(1, 200)}"
            case "city":
                return pick(_CITIES)
            case "phone":
                return (
                    f"+49 {self._chance.randint(30, 999)} {self._chance.randint(100000, 9999999)}"
                )
            case "phone_cn":
                return f"13{self._chance.randint(100000000, 999999999)}"
            case "email":
                return f"{pick(_FIRST)}.{pick(_LAST)}{number}@example.com".lower()
            case "url":
                return f"https://www.{pick(_FIRMS)}{number}.example.com".lower()
            case "thing":
                return f"{pick(_ADJECTIVES)} {pick(_THINGS)} {self._chance.randint(1, 400)}"
            case "words":
                n = self._chance.randrange(int(rest))
                return f"{_ADJECTIVES[n % 10]} {_THINGS[n % 12]}"
            case "sentence":
                return pick(_SAID.split(";")) + f" {self._chance.randint(1, 9999)}"
            case "person_cn":
                return pick(_CN_LAST) + pick(_CN_FIRST) + pick(_CN_FIRST)
            case "company_cn":
                start = self._chance.randrange(0, len(_CN_FIRMS), 2)
                return f"{_CN_FIRMS[start : start + 2]}{pick(_CN_FIRST)}{pick(_CN_FIRST)}有限公司"
            case "street_cn":
                return f"人民路{self._chance.randint(1, 900)}号"
            case "thing_cn":
                return f"{pick(_CN_THINGS.split(','))}{self._chance.randint(1, 400)}"
            case "sentence_cn":
                return f"客户希望尽快安排第{self._chance.randint(1, 9999)}次会面"
            case _:
                raise ValueError(f"There is no recipe '{kind}'.")


def _stored(value: Any) -> Any:
    return str(value) if isinstance(value, date) else value


def _quoted(name: str) -> str:
    return f'"{name}"'


def _sql_type(name: str, rows: Sequence[Mapping[str, Any]]) -> str:
    value = next((row[name] for row in rows if row[name] is not None), "")
    match value:
        case bool():
            return "BOOLEAN"
        case int():
            return "INTEGER"
        case float():
            return "DECIMAL(12,2)"
        case datetime():
            return "TIMESTAMP"
        case date():
            return "DATE"
        case _:
            return "VARCHAR(120)"
