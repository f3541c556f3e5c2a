"""The lineage graph: what is upstream and downstream, by value and by decision; names; its forms."""

from __future__ import annotations

from pathlib import Path

import pytest

from metadata import load_workspace
from metadata.errors import MetadataError, UserError
from metadata.lineage import LineageGraph, lineage_of
from metadata.lineage.mermaid import as_mermaid

WORKSPACE = {
    "mappings/person.yaml": """\
entity: person
from: shop.client
join:
  place: {table: shop.town, on: {code: town_code}, where: "kind = 'T'", order_by: since desc}
columns:
  person_id: id
  name:      {from: Full_Name, clean: [trim, collapse_spaces]}
  city:      {from: place.name, lookup: towns, check: {satisfies: "name <> city"}, otherwise: "null"}
where: status = 'A'
keep: updated desc
""",
    "lookups/towns.yaml": """\
lookup: towns
from: shop.town_code
key: code
value: meaning
where: live
""",
    "sources/shop.yaml": """\
source: shop
url: data
tables:
  client: {primary_key: [id]}
  sale:   {primary_key: [id], where: "amount > 0", deletes: {soft_delete: gone}}
  town:
  town_code:
""",
    "cubes/purchases.yaml": """\
cube: purchases
fact: purchases
dimensions: {bought_on: day, person: person}
measures:
  revenue: {sum: amount, format: currency}
  local:   {sum: amount, where: "person.city = 'Here'"}
  sales:   {count: "*"}
  average: {ratio: [revenue, sales], format: currency}
  people:  {count_distinct: person.person_id}
rollups:
  by_city: {by: [person.city], measures: [revenue, local]}
""",
    "portal.yaml": """\
portal: overview
title: Overview
tiles:
  average: {cube: purchases, measure: average, when: bought_on.month}
charts:
  cities: {title: Cities, cube: purchases, measures: [revenue], rows: [person.city]}
""",
}


@pytest.fixture
def graph(write) -> LineageGraph:
    return lineage_of(load_workspace(write(WORKSPACE), shipped=False))


def edge(graph: LineageGraph, source: str, target: str) -> tuple[str, str, str]:
    (found,) = [e for e in graph.into(target) if e.source == source]
    return found.how, found.rule, str(found.where)


def names(reach, *, direct: bool = False) -> set[str]:
    return {node.name for node in reach.found if not direct or node.id in reach.direct}


def test_every_edge_ends_at_nodes(graph):
    assert {end for e in graph.edges for end in (e.source, e.target)} <= set(graph.nodes)


class TestRules:
    def test_an_edge_tells_the_rules_and_where_they_are_written(self, graph):
        assert edge(graph, "source:shop.client.Full_Name", "entity:person.name") == (
            "cleansed", "trim, collapse_spaces", "mappings/person.yaml:7",
        )  # fmt: skip

    def test_an_expression_is_told_as_written(self, graph):
        how, rule, _ = edge(graph, "source:shop.sale.price", "entity:purchase.amount")
        assert how == "expression"
        assert rule.startswith("quantity * price, as decimal(18,2)")

    def test_a_join_lets_its_column_in_and_its_keys_decide(self, graph):
        into = {(e.source, e.how) for e in graph.into("entity:person.city")}
        assert into == {
            ("source:shop.town.name", "lookup"),
            ("lookup:towns", "lookup"),
            ("source:shop.town.code", "join"),
            ("source:shop.client.town_code", "join"),
            ("source:shop.town.kind", "join"),
            ("source:shop.town.since", "merge"),
            ("source:shop.client.Full_Name", "check"),
        }

    def test_a_lookup_is_made_of_its_table(self, graph):
        assert {(e.source, e.how) for e in graph.into("lookup:towns")} == {
            ("source:shop.town_code.meaning", "copied"),
            ("source:shop.town_code.code", "join"),
            ("source:shop.town_code.live", "filter"),
        }

    def test_filters_and_keys_decide_about_the_rows(self, graph):
        into = {(e.source, e.how) for e in graph.into("entity:person")}
        assert {
            ("source:shop.client.status", "filter"),
            ("source:shop.client.updated", "merge"),
            ("source:shop.client.id", "merge"),
            ("source:shop.client.id", "check"),
            ("source:shop.client", "rows"),
        } == into

    def test_the_source_filters_too(self, graph):
        into = {(e.source, e.how) for e in graph.into("source:shop.sale")}
        assert ("source:shop.sale.amount", "filter") in into
        assert ("source:shop.sale.gone", "filter") in into

    def test_columns_written_in_another_case_are_the_same(self, write):
        mapping = WORKSPACE["mappings/person.yaml"].replace("{from: place.name", "{from: FULL_name")
        graph = lineage_of(
            load_workspace(write({**WORKSPACE, "mappings/person.yaml": mapping}), shipped=False)
        )
        assert {e.source for e in graph.into("entity:person.city")} >= {
            "source:shop.client.Full_Name"
        }


class TestReach:
    def test_a_tile_is_made_of_source_columns(self, graph):
        reach = graph.upstream("tile.average")
        assert names(reach, direct=True) == {
            "purchases.average", "purchases.revenue", "purchases.sales", "fact_purchases",
            "fact_purchases.amount", "purchase", "purchase.amount", "shop.sale",
            "shop.sale.quantity", "shop.sale.price", "rollup_purchases_by_city.revenue",
        }  # fmt: skip
        assert {"dim_day.month", "fact_purchases.bought_on_key"} <= names(reach)

    def test_a_source_column_reaches_what_is_shown(self, graph):
        reach = graph.downstream("shop.sale.price")
        assert {"tile.average", "chart.cities", "purchases.local"} <= names(reach, direct=True)
        assert reach.distance["tile:tile.average"] == 5

    def test_a_filter_reaches_everything_in_the_rows_it_decides_about(self, graph):
        reach = graph.downstream("shop.client.status")
        assert names(reach, direct=True) == set()
        assert {"person.name", "dim_person.name", "dim_person.city", "chart.cities"} <= names(reach)

    def test_a_level_is_no_part_of_the_figures(self, graph):
        reach = graph.downstream("dim_person.name")
        assert names(reach) == {"purchases"}

    def test_depth_counts_steps(self, graph):
        assert names(graph.upstream("purchases.average", depth=1)) == {
            "purchases.revenue", "purchases.sales",
        }  # fmt: skip

    def test_a_table_is_asked_about_with_its_columns(self, graph):
        reach = graph.downstream("shop.sale", depth=1)
        assert names(reach, direct=True) == {
            "purchase", "purchase.purchase_id", "purchase.person_id", "purchase.bought_on",
            "purchase.amount",
        }  # fmt: skip

    def test_up_and_down_agree(self, graph):
        for each in (node for node in graph.nodes.values() if node.column is not None):
            for other in graph.upstream(each.id).found:
                assert each.id in graph.downstream(other.id).distance, (other.id, each.id)


class TestNames:
    @pytest.mark.parametrize(
        ("name", "found"),
        [
            ("shop.client.full_name", "source:shop.client.Full_Name"),
            ("shop.client", "source:shop.client"),
            ("person.name", "entity:person.name"),
            ("dim_person.city", "dimension:dim_person.city"),
            ("fact_purchases.person_key", "fact:fact_purchases.person_key"),
            (
                "rollup_purchases_by_city.person__city",
                "rollup:rollup_purchases_by_city.person__city",
            ),
            ("purchases.revenue", "measure:purchases.revenue"),
            ("purchases", "cube:purchases"),
            ("tile.average", "tile:tile.average"),
            ("chart:chart.cities", "chart:chart.cities"),
            ("lookup:towns", "lookup:towns"),
        ],
    )
    def test_a_name_means_a_node(self, graph, name, found):
        assert graph.find(name).id == found

    @pytest.mark.parametrize(
        ("name", "said"),
        [
            ("person.nmae", "Did you mean 'name'?"),
            ("dim_persn", "'dim_person"),
            ("purchases.revenu", "Did you mean 'revenue'?"),
            ("nonsense", "Names are table.column"),
            ("thing:person", "There is no kind 'thing'"),
            ("", "There is nothing called ''"),
        ],
    )
    def test_an_unknown_name_is_told(self, graph, name, said):
        with pytest.raises(UserError, match=".*") as error:
            graph.find(name)
        assert said in str(error.value)

    def test_a_name_of_several_things_is_told(self, write):
        cube = WORKSPACE["cubes/purchases.yaml"].replace("cube: purchases", "cube: person")
        files = {
            "cubes/purchases.yaml": cube.replace("revenue", "name"),
            "portal.yaml": "portal: p\ntitle: P\n",
        }
        graph = lineage_of(load_workspace(write({**WORKSPACE, **files}), shipped=False))
        with pytest.raises(UserError) as error:
            graph.find("person.name")
        assert "'entity:person.name' or 'measure:person.name'" in str(error.value)
        assert graph.find("measure:person.name").kind == "measure"

    def test_what_is_not_loaded_says_why(self, write):
        graph = lineage_of(load_workspace(write()))
        with pytest.raises(UserError, match="No mapping fills the entity"):
            graph.find("fact_sales")


class TestForms:
    def test_the_same_metadata_gives_the_same_graph(self, write, tmp_path):
        root = write(WORKSPACE)
        once, again = (lineage_of(load_workspace(root, shipped=False)) for _ in range(2))
        assert once.to_json() == again.to_json()
        kinds = [node.kind for node in once.nodes.values()]
        assert kinds.index("source") < kinds.index("entity") < kinds.index("measure")

    def test_tables_alone(self, graph):
        whole = graph.collapsed()
        assert {n.id for n in whole.nodes.values() if n.column is not None} == {
            "tile:tile.average", "chart:chart.cities",
        }  # fmt: skip
        (found,) = [e for e in whole.into("entity:purchase") if e.source == "source:shop.sale"]
        assert (found.direct, found.rule) == (True, "4 columns")

    def test_mermaid_holds_nothing_that_ends_a_label(self, graph):
        text = as_mermaid(graph.upstream("purchases.local").graph)
        assert text.startswith("flowchart LR\n")
        assert '["shop.client"]' in text
        assert text.count('"') == 2 * text.count('["')

    def test_a_wrong_portal_is_told_with_its_place(self, write):
        root = write({**WORKSPACE, "portal.yaml": "portal: p\ntitle: P\ntiles: {a: {cub: x}}\n"})
        with pytest.raises(MetadataError) as error:
            lineage_of(load_workspace(root, shipped=False))
        assert error.value.issues[0].where.line == 3

    @pytest.mark.parametrize("name", ["adventureworks", "northwind", "online_retail"])
    def test_real_workspaces_hang_together(self, name, monkeypatch):
        """Every loaded column that the metadata names has lineage; every edge has two ends."""
        monkeypatch.setenv("RAPPORT_DATA", "data")
        monkeypatch.setenv("NORTHWIND_URL", "postgresql://")
        root = Path(__file__).resolve().parents[1] / "workspaces" / name
        repository = load_workspace(root)
        graph = lineage_of(repository)
        assert {end for e in graph.edges for end in (e.source, e.target)} <= set(graph.nodes)
        for cube in repository.cubes.values():
            for measure in cube.measures:
                kinds = {
                    node.kind for node in graph.upstream(f"measure:{cube.name}.{measure}").found
                }
                assert {"source", "entity", "fact"} <= kinds
