"""Columns as people name them in spreadsheets: with dots, spaces and signs."""

from __future__ import annotations

import pytest

from cubes import Query, open_workspace
from metadata import MetadataError, load_workspace
from metadata.lineage import lineage_of
from metadata.model.mapping import EntityMapping
from pipelines.run import run

PRICES = """\
Artikel-Nr.,user.name,Letzte Änderung,Preis €,Gr.-Nr.
1,Ann,2024-01-01,"1,50",G1
1,Bob,2024-02-01,"2,50",G1
2,Cid,2024-01-01,"4,00",G2
"""
GROUPS = "Gr.-Nr.,Bez.\nG1,Screws\nG2,Nuts\n"
MAPPING = """\
entity: product
from: s.prices
join:
  g: {table: s.groups, on: {Gr.-Nr.: Gr.-Nr.}}
columns:
  product_id: Artikel-Nr.
  name: .user.name
  brand: {expr: upper("user.name")}
  category: g.Bez.
  list_price: {from: Preis €, clean: [{number: {decimal: ","}}]}
where: '"Artikel-Nr." is not null'
keep: [Letzte Änderung desc, Artikel-Nr.]
"""


@pytest.fixture
def shop(tmp_path):
    for name, text in {
        "workspace.yaml": "name: Shop\n",
        "sources/s.yaml": "source: s\nurl: data\ntables:\n"
        "  prices: {primary_key: [Artikel-Nr., user.name]}\n  groups: {primary_key: Gr.-Nr.}\n",
        "mappings/m.yaml": MAPPING,
        "data/prices.csv": PRICES,
        "data/groups.csv": GROUPS,
        "model/m.yaml": "fact: listed\nentity: product\ndate: day\n"
        "dimensions: {day: {dimension: date, from: launched_on}, product: product_id}\n"
        "measures: {list_price: {from: list_price}}\n",
        "cubes/c.yaml": "cube: listed\nfact: listed\ndimensions: {product: product}\n"
        "measures: {price: {sum: list_price}}\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_they_are_read_joined_filtered_and_sorted_by(shop):
    report = run(load_workspace(shop))
    assert report.ok, [str(issue) for step in report.steps for issue in step.issues]
    engine = open_workspace(shop)
    try:
        levels = ("product.product_id", "product.name", "product.brand", "product.category")
        rows = engine.query(Query("listed", ("price",), levels)).table.to_pylist()
    finally:
        engine.close()
    found = {tuple(str(row[name]) for name in (*levels, "price")) for row in rows}
    assert found == {
        ("1", "Bob", "BOB", "Screws", "2.5000"),
        ("2", "Cid", "CID", "Nuts", "4.0000"),
    }


def test_their_lineage_leads_to_them(shop):
    graph = lineage_of(load_workspace(shop))
    edges = {(e.source, e.target, e.how) for e in graph.edges}
    into = {source for source, target, _ in edges if target.endswith("product.brand")}
    assert any(source.endswith("s.prices.user.name") for source in into), into


@pytest.mark.parametrize("written", ["addres.city", "user.name"])
def test_what_looks_like_a_join_that_is_not_there_is_told_with_the_way_out(shop, written):
    text = MAPPING.replace(".user.name", written)
    (shop / "mappings/m.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(MetadataError) as refused:
        load_workspace(shop)
    [issue] = refused.value.issues
    alias = written.partition(".")[0]
    assert (issue.what, str(issue.where)) == (
        f"There is no join '{alias}'.",
        "mappings/m.yaml:7",
    )
    assert issue.why == f"A column whose own name holds a dot is written '.{written}'."


def test_a_mapping_keeps_what_it_was_given():
    """The text of a definition is shown and saved elsewhere, so it is not to be changed."""
    given = {"entity": "e", "from": "s.t", "columns": {"a": "Nr."}, "keep": ["Nr. desc"]}
    mapping = EntityMapping.model_validate(given)
    assert (mapping.columns["a"].from_, mapping.keep) == (".Nr.", (".Nr. desc",))
    assert given == {"entity": "e", "from": "s.t", "columns": {"a": "Nr."}, "keep": ["Nr. desc"]}
