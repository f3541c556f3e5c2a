"""Whatever is changed, readers see what a warehouse made from scratch would show them.

And only what must be made again is made again: the plan says which tables, and nothing else is done.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass

import pytest
from rebuilt import contents, differences, from_scratch

from metadata import load_workspace
from pipelines.change.apply import apply
from pipelines.change.plan import make_plan
from pipelines.run import run
from pipelines.storage import Storage

MODEL, CUBE, VISITS = "model/own.yaml", "cubes/visits.yaml", "mappings/visit.yaml"
OWN_MODEL = """dimension: customer
attributes:
  town: {from: city, history: track}
  initial: {expr: "left(name, 1)", type: string}
  first_segment: {from: segment, history: fixed}
---
entity: visit
key: [visit_id]
changed_at: seen_at
columns:
  visit_id: {type: string}
  customer_id: {type: string, references: customer}
  seen_at: {type: timestamp}
  minutes: {type: integer}
  page_id: {type: string, references: page}
---
fact: visits
entity: visit
date: visit_date
dimensions:
  visit_date: {dimension: date, from: seen_at}
  customer: customer_id
  page: page_id
measures:
  minutes: {from: minutes, type: integer}
---
entity: page
key: [page_id]
columns:
  page_id: {type: string}
  title: {type: string}
---
dimension: page
entity: page
attributes:
  title: {}
"""
OWN_CUBE = """cube: visits
fact: visits
dimensions:
  visit_date: date
  customer: customer
  page: page
measures:
  minutes: {sum: minutes, format: integer}
  visits: {count: "*"}
  average: {ratio: [minutes, visits]}
rollups:
  by_town: {by: [customer.town], measures: [minutes, visits]}
"""
OWN_MAPPINGS = """entity: visit
from: shop.visits
columns:
  visit_id: id
  customer_id: customer
  seen_at: at
  minutes: minutes
  page_id: page
---
entity: page
from: shop.pages
columns:
  page_id: id
  title: title
"""
FACTS = {"fact_orders", "fact_sales", "fact_visits"}
SALES = {"rollup_sales_by_day", "rollup_sales_by_month_country_category"}


@dataclass(frozen=True)
class Edit:
    """Texts of a file that are replaced; a file is written where there is no old text."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Case:
    """A change, its class, what is done by it, and what may be done if keys turn out to change."""

    edits: tuple[Edit, ...]
    weight: str
    done: frozenset[str]
    possible: frozenset[str] = frozenset()
    read: frozenset[str] = frozenset()


def case(weight, done=(), possible=(), read=(), *edits):
    edits = tuple(Edit(*each) for each in edits)
    return Case(edits, weight, frozenset(done), frozenset(possible), frozenset(read))


TITLE = "  title: {}"
SEEN = "  visit_date: {dimension: date, from: seen_at}\n"
MINUTES = "  minutes: {from: minutes, type: integer}\n"
PAGES = "---\nentity: page\nfrom: shop.pages\ncolumns:\n  page_id: id\n  title: title\n"
CASES = {
    "an attribute from a column that has landed": case(
        "additive", ["customer", "dim_customer"], [], [],
        ("mappings/customer.yaml", "  city:", "  region:  country\n  city:"),
    ),
    "an attribute that is fixed from now on, and one that is no more": case(
        "backfill", ["dim_customer"], [], [],
        (MODEL, "segment, history: fixed}", "segment}\n  email: {history: fixed}"),
    ),
    "history that is kept no more": case(
        "backfill", ["dim_customer"], FACTS, [], (MODEL, "city, history: track}", "city}"),
    ),
    "a check that sets rows of members aside": case(
        "backfill",
        ["customer", "dim_customer", "rollup_visits_by_town", "rollup_sales_by_month_country_category"],
        [*FACTS, "rollup_sales_by_day"], [],
        ("mappings/customer.yaml", "  country: country",
         "  country: {from: country, check: {one_of: [Germany, France]}}"),
    ),
    "a filter of members": case(
        "backfill",
        ["customer", "dim_customer", "rollup_visits_by_town", "rollup_sales_by_month_country_category"],
        [*FACTS, "rollup_sales_by_day"], [],
        ("mappings/customer.yaml", "name <> 'TEST'", "name <> 'TEST' and country <> 'Italy'"),
    ),
    "a check that sets rows of a fact aside": case(
        "backfill", ["visit", "fact_visits", "rollup_visits_by_town"], [], [],
        (VISITS, "  minutes: minutes", "  minutes: {from: minutes, check: {at_least: 3}}"),
    ),
    "a column of an entity renamed": case(
        "breaking", ["visit"], [], [],
        (MODEL, "  minutes: {type: integer}", "  mins: {type: integer}"),
        (MODEL, "{from: minutes, type: integer}", "{from: mins, type: integer}"),
        (VISITS, "  minutes: minutes", "  mins: minutes"),
    ),
    "an attribute, a measure and a dimension renamed": case(
        "breaking", ["dim_customer", "rollup_visits_by_town", "fact_visits", "dim_webpage"], [], [],
        (MODEL, "  town: {from", "  place: {from"),
        (MODEL, "dimension: page", "dimension: webpage"),
        (MODEL, "  page: page_id\n", "  page: {dimension: webpage, from: page_id}\n"),
        (MODEL, MINUTES, "  mins: {from: minutes, type: integer}\n"),
        (CUBE, "  page: page", "  page: webpage"),
        (CUBE, "{sum: minutes,", "{sum: mins,"),
        (CUBE, "customer.town", "customer.place"),
    ),
    "a fact and its cube renamed": case(
        "breaking", ["fact_calls", "rollup_calls_by_town"], [], [],
        (MODEL, "fact: visits", "fact: calls"),
        (CUBE, "cube: visits\nfact: visits", "cube: calls\nfact: calls"),
    ),
    "a column of another type": case(
        "breaking", ["visit", "fact_visits", "rollup_visits_by_town"], [], [],
        (MODEL, "  minutes: {type: integer}", "  minutes: {type: double}"),
        (MODEL, "{from: minutes, type: integer}", "{from: minutes, type: double}"),
    ),
    "a measured column and a role": case(
        "additive", ["fact_visits"], [], [],
        (MODEL, MINUTES, MINUTES + "  hours: {expr: minutes / 60, type: double}\n"),
        (MODEL, SEEN, SEEN + "  seen_date: {dimension: date, from: seen_at}\n"),
    ),
    "an attribute less": case(
        "breaking", ["dim_customer"], [], [],
        (MODEL, '  initial: {expr: "left(name, 1)", type: string}\n', ""),
    ),
    "a rollup otherwise and one more": case(
        "backfill", ["rollup_visits_by_town", "rollup_visits_by_month"], [], [],
        (CUBE, "by: [customer.town]", "by: [customer.country]"),
        (CUBE, "rollups:\n", "rollups:\n  by_month: {by: [visit_date.month], measures: [visits]}\n"),
    ),
    "a join with a condition": case(
        "backfill", ["order_line", "fact_sales", *SALES], [], [],
        ("mappings/order.yaml", "on: {sku: sku}", "on: {sku: sku}, where: \"category <> 'Paper'\""),
    ),
    "a code that means something else": case(
        "backfill", ["customer", "dim_customer"], [], [],
        ("lookups/segments.yaml", "Very important", "VIP"),
    ),
    "a new source for an entity that is fed already": case(
        "backfill", ["page", "dim_page"], ["fact_visits", "rollup_visits_by_town"], ["web.more"],
        ("more/more.csv", "", "id,title\nabout,About\n"),
        ("sources/web.yaml", "", "source: web\nurl: more\ntables:\n  more: {primary_key: id}\n"),
        (VISITS, PAGES, PAGES + PAGES.replace("shop.pages", "web.more")),
    ),
    "a key that is written otherwise": case(
        "backfill", ["page", "dim_page"], ["fact_visits", "rollup_visits_by_town"], [],
        (VISITS, "  page_id: id", "  page_id: {from: id, clean: [upper]}"),
    ),
    "another time zone": case(
        "backfill",
        ["customer", "order", "order_line", "product", "visit", "page", "dim_customer", "dim_date",
         "dim_order", "dim_product", "dim_page", *FACTS, *SALES, "rollup_visits_by_town"], [], [],
        ("workspace.yaml", "Europe/Berlin", "Asia/Shanghai"),
    ),
    "another currency, and another fiscal year": case(
        "backfill", ["fact_sales", "fact_orders", "dim_date", *SALES], [], [],
        ("workspace.yaml", "currency: EUR", "currency: USD"),
        ("workspace.yaml", "fiscal_year_start: 1", "fiscal_year_start: 4"),
    ),
    "what the unknown member is called": case(
        "backfill",
        ["dim_customer", "rollup_visits_by_town", "rollup_sales_by_month_country_category"], [], [],
        (MODEL, "dimension: customer\n", "dimension: customer\nunknown: Nobody\n"),
    ),
    "a table that nothing needs any more": case(
        "breaking", ["fact_visits"], [], [],
        (MODEL, "---\ndimension: page\nentity: page\nattributes:\n  title: {}\n", ""),
        (MODEL, "  page: page_id\n", ""),
        (CUBE, "  page: page\n", ""),
    ),
    "words, an order of keys and a file": case(
        "metadata_only", [], [], [],
        (MODEL, "city, history: track}", "city, history: track, label: 城市}"),
        (VISITS, "entity: visit\nfrom: shop.visits", "# said otherwise\nfrom: shop.visits\nentity: visit"),
        (VISITS, PAGES, ""),
        ("mappings/page.yaml", "", PAGES.removeprefix("---\n")),
        ("quality/enough.yaml", "", "quality: enough\nof: dim_page\nrows: {least: 1}\n"),
        ("workspace.yaml", "fiscal_year_start: 1", "locale: zh\nfiscal_year_start: 1"),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def loaded(tmp_path_factory, starter_folder):
    """The starter company with a fact, a dimension and a cube of its own, and some history."""
    path = tmp_path_factory.mktemp("rebuilds") / "company"
    shutil.copytree(starter_folder, path)
    write(path, "data/visits.csv", "id,customer,at,minutes,page\n"
          "v1,1,2024-01-15 10:00:00,5,home\nv2,2,2024-03-01 23:30:00,7,shop\n"
          "v3,9,2024-03-01 00:30:00,2,home\nv4,1,2025-03-01 00:30:00,3,none\n")  # fmt: skip
    write(path, "data/pages.csv", "id,title\nhome,Home\nshop,Shop\n")
    both = "  visits: {primary_key: id}\n  pages: {primary_key: id}\n  products:\n"
    replace(path, "sources/shop.yaml", "  products:\n", both)
    for name, text in ((MODEL, OWN_MODEL), (CUBE, OWN_CUBE), (VISITS, OWN_MAPPINGS)):
        write(path, name, text)
    report = run(load_workspace(path))
    assert report.ok, [str(issue) for step in report.steps for issue in step.issues]
    return path


def write(path, name, text):
    (path / name).parent.mkdir(exist_ok=True)
    (path / name).write_text(text, encoding="utf-8")


def replace(path, name, old, new):
    text = (path / name).read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} does not stand once in {name}"
    write(path, name, text.replace(old, new))


@pytest.mark.parametrize("name", CASES)
def test_a_change_comes_out_as_if_made_from_scratch(name, loaded, tmp_path):
    changed, path = CASES[name], tmp_path / "company"
    shutil.copytree(loaded, path)
    for edit in changed.edits:
        (replace if edit.old else lambda p, n, _, new: write(p, n, new))(
            path, edit.file, edit.old, edit.new
        )
    repository = load_workspace(path)
    plan = make_plan(repository)
    assert plan.weight == changed.weight
    certain = {p.name for p in plan.doing("create", "rebuild", "update", "reshape")}
    assert certain == changed.done and set(plan.reads_again) <= changed.read

    report = apply(repository, plan, by="tester")
    assert report.ok, [str(issue) for step in report.steps for issue in step.issues]
    worked = [s for s in report.steps if s.status == "done" and s.name != "publish"]
    done = {s.name for s in worked if s.kind != "extract"} - {p.name for p in plan.doing("check")}
    assert changed.done <= done <= changed.done | changed.possible
    assert {s.name for s in worked if s.kind == "extract"} == changed.read
    assert make_plan(load_workspace(path)).empty

    fresh = from_scratch(repository, tmp_path / "fresh")
    ours = contents(repository, Storage.of(repository))
    assert not list(differences(ours, contents(repository, fresh)))
