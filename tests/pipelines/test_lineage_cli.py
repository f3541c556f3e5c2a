"""`rapport lineage`: a tree with the rules, one JSON document, a flowchart."""

from __future__ import annotations

import json

from pipelines.cli import run as rapport


def ask(capsys, *arguments):
    code = rapport([str(a) for a in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_measure_is_followed_to_its_source_with_the_rules(starter, capsys):
    code, out, _ = ask(capsys, "lineage", "sales.revenue", "--up", "-w", starter.path)
    assert code == 0
    assert "sales.revenue  measure" in out
    assert "fact_sales.net_amount  aggregated: sum of net_amount" in out
    assert "shop.order_lines.price  expression: cast(quantity as integer)" in out
    assert "mappings/order.yaml:23" in out
    assert "Goes into" not in out


def test_depth_ends_the_tree(starter, capsys):
    _, out, _ = ask(capsys, "lineage", "tile.revenue", "--up", "--depth", "2", "-w", starter.path)
    assert "├── fact_sales.net_amount" in out
    assert "order_line.net_amount" not in out


def test_decisions_are_followed_when_asked_for(starter, capsys):
    arguments = ("lineage", "customer.name", "--up", "-w", starter.path)
    _, values, _ = ask(capsys, *arguments)
    _, everything, _ = ask(capsys, *arguments, "--decisions", "--depth", "3")
    assert "── shop.customers.customer_id" not in values
    assert "── rows of customer" in everything
    assert "── shop.customers.customer_id" in everything


def test_a_filter_is_followed_to_the_tiles(starter, capsys):
    arguments = ("lineage", "shop.customers.since", "--down", "-w", starter.path)
    _, out, _ = ask(capsys, *arguments, "--decisions")
    assert "── dim_customer.segment" in out
    assert "── tile.buyers" in out


def test_a_source_column_is_followed_to_the_portal(starter, capsys):
    code, out, _ = ask(capsys, "lineage", "shop.customers.segment", "--down", "-w", starter.path)
    assert code == 0
    assert "lookup: trim, upper, lookup segments, otherwise unknown" in out
    assert "dim_customer.segment  copied: track" in out
    assert "chart.revenue_by_segment" in out


def test_one_json_document_both_ways(starter, capsys):
    code, out, err = ask(
        capsys, "lineage", "dim_customer.email", "-w", starter.path, "--format", "json"
    )
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["node"]["id"] == "dimension:dim_customer.email"
    assert found["node"]["personal"] is True
    upstream = {node["name"]: node for node in found["upstream"]["nodes"]}
    assert upstream["shop.customers.email"]["reached"] == "values"
    assert upstream["shop.customers.email"]["steps"] == 2
    (cleansed,) = [e for e in found["upstream"]["edges"] if e["how"] == "cleansed"]
    assert cleansed["rule"] == "trim, lower, check email, otherwise null"
    assert (cleansed["file"], cleansed["line"]) == ("mappings/customer.yaml", 15)
    assert {n["kind"] for n in found["downstream"]["nodes"]} == {"dimension", "cube"}


def test_a_filter_reaches_the_figures_but_not_by_value(starter, capsys):
    _, out, _ = ask(
        capsys, "lineage", "shop.customers.name", "--down", "-w", starter.path, "-f", "json"
    )
    nodes = json.loads(out)["downstream"]["nodes"]
    reached = {node["name"]: node["reached"] for node in nodes}
    assert reached["dim_customer.name"] == "values"
    assert reached["dim_customer.segment"] == "decisions"


def test_a_whole_table_is_told_by_tables(starter, capsys):
    code, out, _ = ask(capsys, "lineage", "order_line", "-w", starter.path)
    assert code == 0
    assert "shop.order_lines  rows: 8 columns" in out
    assert "fact_sales" in out


def test_a_flowchart(starter, capsys):
    code, out, _ = ask(capsys, "lineage", "sales.margin_rate", "-w", starter.path, "-f", "mermaid")
    assert code == 0
    assert out.startswith("flowchart LR\n")
    assert "-->|ratio|" in out


def test_names_are_mended(starter, capsys):
    code, out, err = ask(capsys, "lineage", "customer.emial", "-w", starter.path, "-f", "json")
    assert code == 1
    assert json.loads(out)["issues"][0]["fix"] == "Did you mean 'email'?"
    assert "There is nothing called 'customer.emial'." in err


def test_what_is_not_loaded_is_told_with_the_reason(starter, capsys):
    code, _, err = ask(capsys, "lineage", "fact_billing", "-w", starter.path)
    assert code == 1
    assert "'fact_billing' is not loaded here." in err
