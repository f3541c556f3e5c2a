"""What is written and would come to nothing, or fail only while loading or on a page, is refused.

One sound workspace; each case changes one thing in it and tells the line where that is refused.
"""

from __future__ import annotations

import pytest

from metadata.loader import check_workspace
from metadata.portal import check_portal
from pipelines.dry_run import refused_by_engine

SOUND = {
    "workspace.yaml": "name: Shop\ncurrency: EUR\n",
    "sources/s.yaml": """\
source: s
url: sqlite:///shop.sqlite
tables:
  client: {primary_key: id}
  sale: {primary_key: id, columns: [id, client, day, price, count, tag]}
---
source: f
url: files
tables:
  note: {path: notes/*.csv}
""",
    "lookups/l.yaml": """\
lookup: tags
values: {A: Active}
---
lookup: names
from: s.client
key: id
value: name
where: id <> '0'
""",
    "model/m.yaml": """\
entity: person
key: id
changed_at: seen
columns:
  id: string
  name: string
  city: string
  boss: {references: person}
  born: date
  seen: timestamp
  rank: integer
---
entity: buy
key: id
columns:
  id: string
  person: {references: person}
  day: date
  amount: decimal(18,2)
  tag: string
  coin: string
---
entity: link
key: [person, other]
columns:
  person: {references: person}
  other: {references: person}
  share: decimal(9,4)
---
dimension: day
generated: calendar
attributes: {date: , month: , year: }
hierarchies: {calendar: [year, month, date]}
---
dimension: person
entity: person
parent: boss
attributes:
  name: {sort_by: rank}
  city:
  rank:
  born:
---
dimension: group
entity: person
attributes:
  name:
---
bridge: linked
entity: link
dimension: person
dimension_key: person
group: group
group_key: other
weight: share
---
fact: buys
entity: buy
date: day
currency: coin
dimensions:
  day: {dimension: day, from: day}
  person: {dimension: person, from: person}
degenerate:
  tag: tag
measures:
  amount: {from: amount, convert: true}
  double: {expr: amount * 2}
  first: {from: day, type: date}
""",
    "mappings/m.yaml": """\
entity: person
from: s.client
columns: {id: id, name: name, city: city, boss: boss, born: born, seen: seen, rank: rank}
---
entity: buy
from: s.sale
keep: [day desc]
join:
  who: {table: s.client, on: {id: client}, order_by: [seen desc]}
columns:
  id: id
  person: client
  day: day
  amount: price
  tag: {from: tag, lookup: tags}
  coin: {value: EUR}
---
entity: link
from: f.note
columns: {person: a, other: b, share: c}
""",
    "cubes/c.yaml": """\
cube: buys
fact: buys
dimensions: {day: day, person: person}
measures:
  revenue: {sum: amount, format: currency}
  sales: {count: "*", where: person.city = 'A'}
  earliest: {min: first}
  each: {ratio: [revenue, sales]}
  open: {sum: amount, semi_additive: {over: day}}
rollups:
  city: {by: [person.city], measures: [revenue]}
default: {measures: [revenue], rows: [person.city]}
""",
    "quality/q.yaml": """\
quality: filled
of: person
holds: name <> ''
""",
}


def checked(file="", old="", new=""):
    """The places where a change of one file is refused, by `check` in all its parts."""
    texts = dict(SOUND)
    if file:
        assert texts[file].count(old) >= 1, old
        texts[file] = texts[file].replace(old, new, 1)
    found = check_workspace(".", shipped=False, texts=texts)
    issues = found.issues
    if not issues:
        assert found.repository is not None
        issues = refused_by_engine(found.repository)
    assert all(issue.where and issue.where.line and issue.what for issue in issues)
    return [(issue.where.file, issue.where.line) for issue in issues]


def test_it_is_sound():
    assert checked() == []


CASES = {
    "workspace.yaml": [
        ("currency: EUR", "currency: EUX", 2),
        ("currency: EUR", "storage: {path: ''}", 2),
        ("currency: EUR", "users: {ada: {password: scrypt$}}", 2),
        ("currency: EUR", "lineage: {openlineage: 'ftp://x/y'}", 2),
        ("currency: EUR", "schedule: {cron: '0 25 * * *'}", 2),
        ("currency: EUR", "calendar: {from: 2025-01-01, to: 2024-01-01}", 2),
    ],
    "sources/s.yaml": [
        ("client: {primary_key: id}", "client: {primary_key: id, where: drop table x}", 4),
        ("client: {primary_key: id}", "client: {primary_key: id, where: person.id > 1}", 4),
        ("client: {primary_key: id}", "client: {primary_key: id, delimiter: ;}", 4),
        ("client: {primary_key: id}", "client: {primary_key: id, sheet: A}", 4),
        ("client: {primary_key: id}", "client: {primary_key: id, path: a.csv}", 4),
        ("columns: [id, client, day, price, count, tag]", "columns: []", 5),
        ("url: files", "url: files\nschema: public", 9),
        ("url: sqlite:///shop.sqlite", "url: postgrs://x/y", 2),
        ("url: sqlite:///shop.sqlite", "url: https://x.example/y", 2),
        ("client: {primary_key: id}", "client: {primary_key: id, deletes: {soft_delete: ''}}", 4),
        ("notes/*.csv", "/etc/*.csv", 10),
        ("notes/*.csv", "a**b/x.csv", 10),
        ("{path: notes/*.csv}", "{path: ''}", 10),
        ("{path: notes/*.csv}", "{path: a.csv, delimiter: ab}", 10),
        ("{path: notes/*.csv}", "{path: a.csv, sheet: A}", 10),
        ("{path: notes/*.csv}", "{path: a.parquet, encoding: utf-8}", 10),
        ("{path: notes/*.csv}", "{path: a.json, header_row: 2}", 10),
    ],
    "lookups/l.yaml": [
        ("values: {A: Active}", "values: {}", 1),
        ("values: {A: Active}", "values: {A: Active}\nkey: id", 1),
        ("value: name\n", "", 4),
        ("where: id <> '0'", "where: client.id <> '0'", 8),
        ("where: id <> '0'", "where: sum(id) > 0", 8),
        ("from: s.client", "from: s.clients", 5),
        ("key: id", "key: ''", 6),
    ],
    "mappings/m.yaml": [
        ("keep: [day desc]", "keep: [day descending]", 7),
        ("keep: [day desc]", "keep: ['day; drop table x']", 7),
        ("keep: [day desc]", "keep: ['coalesce(day, id)']", 7),
        ("keep: [day desc]", "keep: [whom.seen]", 7),
        ("order_by: [seen desc]", "order_by: [seen downwards first, 'lower(seen)']", 9),
        ("order_by: [seen desc]", "where: landed.id > 3", 9),
        ("  who: {", "  landed: {", 9),
        ("on: {id: client}", "on: {'': client}", 9),
        ("day: day\n  amount", "day: {expr: price > 3}\n  amount", 13),
        ("day: day\n  amount", "day: {expr: \"'tomorrow'\"}\n  amount", 13),
        ("amount: price", "amount: {expr: \"'much'\"}", 14),
        ("amount: price", "amount: net_price", 14),
        ("amount: price", 'amount: {expr: "price * rate"}', 14),
        ("amount: price", 'amount: {from: price, lookup: {}}', 14),
        ("amount: price", 'amount: ""', 14),
        ("amount: price", "amount: {from: price, check: {satisfies: amount > day}}", 14),
        ("amount: price", "amount: {from: price, check: {required_if: \"amount > 'x'\"}}", 14),
        ("amount: price", "amount: {from: price, check: {required_if: day}}", 14),
    ],
    "model/m.yaml": [
        ("changed_at: seen", "changed_at: rank", 3),
        ("born: date\n", "born: {type: date, references: person}\n", 9),
        ("{references: person}\n  day: date", "{references: link}\n  day: date", 17),
        ("key: id\nchanged", "key: []\nchanged", 2),
        ("generated: calendar\nattributes: {date: ,", "generated: calendar\nattributes: {date: {from: x},", 30),
        ("[year, month, date]", "[year, year]", 33),
        ("[year, month, date]", "[]", 33),
        ("parent: boss", "parent: id", 37),
        ("parent: boss", "parent: born", 37),
        ("  born:\n", "  born: {type: string}\n", 42),
        ("  born:\n", "  born: {from: born, expr: born}\n", 42),
        ("  born:\n", "  id: {expr: upper(id), type: string}\n", 42),
        ("dimension: person\ndimension_key", "dimension: persons\ndimension_key", 51),
        ("dimension: person\ndimension_key", "dimension: day\ndimension_key", 51),
        ("weight: share", "weight: other", 55),
        ("group_key: other", "group_key: none", 54),
        ("currency: coin", "currency: day", 60),
        ("{dimension: day, from: day}", "{dimension: day, from: tag}", 62),
        ("{dimension: person, from: person}", "{dimension: person, from: day}", 63),
        ("double: {expr: amount * 2}", "double: {from: day}", 68),
        ("double: {expr: amount * 2}", "double: {expr: amount * 2, type: date}", 68),
        ("double: {expr: amount * 2}", "double: {expr: tag * 2}", 68),
        ("double: {expr: amount * 2}", "double: {expr: \"case when amount > 'x' then 1 end\"}", 68),
    ],
    "cubes/c.yaml": [
        ("{sum: amount, format: currency}", "{sum: tag}", 5),
        ("{sum: amount, format: currency}", "{sum: first}", 5),
        ("{min: first}", "{avg: tag}", 7),
        ("person.city = 'A'", "person.city = 3", 6),
        ("person.city = 'A'", "person.rank = 'high'", 6),
        ("person.city = 'A'", "day.date = 'soon'", 6),
        ("person.city = 'A'", "person.cty = 'A'", 6),
        ("person.city = 'A'", "person.born", 6),
        ("{min: first}", "{min: first, format: percent}", 7),
        ("[revenue, sales]", "[earliest, sales]", 8),
        ("[revenue, sales]", "[revenue, saels]", 8),
        ("over: day", "over: person", 9),
        ("by: [person.city]", "by: []", 11),
        ("by: [person.city]", "by: [person.city, person.city]", 11),
        ("measures: [revenue]}\ndefault", "measures: []}\ndefault", 11),
        ("rows: [person.city]", "rows: [person.town]", 12),
        ("rows: [person.city]", "rows: [person.city, person.city]", 12),
        ("rows: [person.city]", "rows: [person.city], columns: [person.city]", 12),
        ("format: currency", "format: money", 5),
    ],
    "quality/q.yaml": [
        ("holds: name <> ''", "holds: name > 3", 1),
        ("holds: name <> ''", "holds: rank > 'x'", 1),
        ("holds: name <> ''", "holds: born", 3),
        ("holds: name <> ''", "holds: (select true)", 3),
        ("holds: name <> ''", "newest: {column: name, within: 2 days}", 3),
        ("holds: name <> ''", "newest: {column: born, within: 0 days}", 3),
        ("holds: name <> ''", "holds: name", 3),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("file", "old", "new", "line"),
    [(file, *case) for file, cases in CASES.items() for case in cases],
    ids=[f"{file}: {case[1]}"[:70] for file, cases in CASES.items() for case in cases],
)
def test_it_is_refused_at_its_line(file, old, new, line):
    assert set(checked(file, old, new)) == {(file, line)}


def portal(text):
    repository = check_workspace(".", shipped=False, texts=SOUND).repository
    head = "portal: overview\ntitle: Shop\n"
    return [(i.where.file, i.where.line) for i in check_portal(head + text, repository)]


@pytest.mark.parametrize(
    "line",
    [
        "tiles: {a: {cube: buys, measure: revenue, when: day.month}}",
        "charts: {a: {title: A, cube: buys, measures: [revenue], kind: trend, when: day.month,"
        " compare: prior_year}}",
        "charts: {a: {title: A, cube: buys, measures: [revenue], rows: [person.city], top: 5}}",
        "charts: {a: {title: A, cube: buys, measures: [revenue], kind: stacked, when: day.month,"
        " columns: [person.city]}}",
    ],
)
def test_a_portal_that_can_be_drawn(line):
    assert portal(line) == []


@pytest.mark.parametrize(
    "line",
    [
        "tiles: {a: {cube: buy, measure: revenue}}",
        "tiles: {a: {cube: buys, measure: revenu}}",
        "tiles: {a: {cube: buys, measure: earliest}}",
        "tiles: {a: {cube: buys, measure: revenue, when: day.date}}",
        "tiles: {a: {cube: buys, measure: revenue, when: person.city}}",
        "charts: {a: {title: A, cube: buys, measures: [revenue], kind: trend}}",
        "charts: {a: {title: A, cube: buys, measures: [revenue], kind: stacked}}",
        "charts: {a: {title: A, cube: buys, measures: [revenue]}}",
        "charts: {a: {title: A, cube: buys, measures: [], rows: [person.city]}}",
        "charts: {a: {title: A, cube: buys, measures: [revenue], rows: [person.town]}}",
        "charts: {a: {title: A, cube: buys, measures: [revenue], rows: [person.city],"
        " compare: prior_year}}",
    ],
)
def test_a_portal_that_cannot(line):
    assert set(portal(line)) == {("portal.yaml", 3)}


def test_a_secret_in_the_wrong_place_is_not_repeated():
    texts = SOUND | {"workspace.yaml": "name: Shop\nusers: {ada: {password: open-sesame}}\n"}
    issues = check_workspace(".", shipped=False, texts=texts).issues
    assert issues and not any("sesame" in str(issue) for issue in issues)


def test_columns_with_spaces_can_be_sorted_by():
    assert checked("mappings/m.yaml", "order_by: [seen desc]", "order_by: [Last Seen desc]") == []
