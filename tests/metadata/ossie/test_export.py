"""The model as an Ossie document: valid, complete, always the same, and honest about stocks."""

from __future__ import annotations

import json

import jsonschema
import pytest
import sqlglot
from sqlglot import exp

from metadata.ossie.document import Document, ModelList, document_of
from metadata.ossie.export import export_model


def test_it_is_valid_against_the_schema_of_either_version(company):
    model = export_model(company)
    for version, kind in (("0.2.0.dev0", Document), ("0.1.1", ModelList)):
        content = json.loads(json.dumps(document_of(model, version)))
        jsonschema.validate(content, kind.model_json_schema(by_alias=True))
        assert content["version"] == version
        assert kind.model_validate(content)


def test_the_released_version_knows_no_data_types(northwind):
    model = export_model(northwind)
    assert "datatype" in json.dumps(document_of(model))
    assert "datatype" not in json.dumps(document_of(model, "0.1.1"))


def test_the_same_model_gives_the_same_document(company):
    assert document_of(export_model(company)) == document_of(export_model(company))


def test_nothing_loaded_is_left_out(company):
    model = export_model(company)
    told = [each.own_data() for each in model.datasets]
    assert {t["fact"] for t in told if "fact" in t} == set(company.facts)
    assert {t["dimension"] for t in told if "dimension" in t} == set(company.dimensions)
    assert {t["bridge"] for t in told if "bridge" in t} == set(company.bridges)
    exported = {(m.own_data()["cube"], m.own_data()["measure"]) for m in model.metrics}
    assert exported == {(c.name, m) for c in company.cubes.values() for m in c.measures}


def test_names_are_told_apart_and_every_reference_leads_somewhere(company):
    model = export_model(company)
    fields = {d.name: {f.name for f in d.fields} for d in model.datasets}
    for names in (
        list(fields),
        [m.name for m in model.metrics],
        [r.name for r in model.relationships],
    ):
        assert len({name.lower() for name in names}) == len(names)
    for each in model.datasets:
        for key in (each.primary_key, *(each.unique_keys or ())):
            assert set(key) <= fields[each.name]
    for each in model.relationships:
        assert set(each.from_columns) <= fields[each.from_]
        assert set(each.to_columns) <= fields[each.to]
    for metric in model.metrics:
        tree = sqlglot.parse_one(metric.expression.dialects[0].expression)
        for column in tree.find_all(exp.Column):
            assert column.name in fields[column.table], metric.name


def test_between_two_datasets_there_is_one_way_at_most(company):
    """A date that is ordered and a date that is shipped are two datasets on one table."""
    pairs = [(r.from_, r.to) for r in export_model(company).relationships]
    assert len(set(pairs)) == len(pairs)


def test_every_metric_says_whose_rows_it_aggregates(company):
    """Distinct customers of the sales are not all customers: the fact must be in the expression."""
    model = export_model(company)
    facts = {d.name: d.own_data()["fact"] for d in model.datasets if "fact" in d.own_data()}
    for metric in model.metrics:
        tree = sqlglot.parse_one(metric.expression.dialects[0].expression)
        read = {facts[c.table] for c in tree.find_all(exp.Column) if c.table in facts}
        assert read == {company.cubes[metric.own_data()["cube"]].fact.name}


def test_stocks_warn_of_being_added_up_over_time_and_so_do_their_ratios(whole):
    metrics = {m.name: m for m in export_model(whole).metrics}
    stock = metrics["stock_on_hand"]
    assert stock.own_data()["additivity"] == "semi_additive"
    assert "never the sum of the days" in stock.ai_context.instructions
    assert "never the sum of the days" in metrics["market_customer_share"].ai_context.instructions
    assert metrics["market_customer_share"].own_data()["stock"]["take"] == "last"
    assert metrics["sales_revenue"].ai_context.instructions is None
    assert "stock" not in metrics["sales_revenue"].own_data()


@pytest.mark.parametrize(
    ("metric", "expression"),
    [
        ("sales_revenue", "SUM(sales.net_amount)"),
        ("sales_lines", "COUNT(sales.order_line_id)"),
        ("sales_sold_revenue", "SUM(CASE WHEN sales.line_kind = 'Sale' THEN sales.net_amount END)"),
        (
            "sales_buyers",
            "COUNT(DISTINCT CASE WHEN (sales.line_kind = 'Sale') AND sales.customer_key <> -1"
            " THEN customer.customer_id END)",
        ),
        (
            "sales_margin_rate",
            "CAST(SUM(sales.margin_amount) AS DOUBLE) / NULLIF(SUM(sales.net_amount), 0)",
        ),
    ],
)
def test_measures_are_standard_sql(whole, metric, expression):
    found = next(m for m in export_model(whole).metrics if m.name == metric)
    assert found.expression.dialects[0].expression == expression


def test_personal_data_are_marked_and_no_password_is_told(whole, tmp_path):
    model = export_model(whole)
    customer = model.dataset("customer")
    assert customer.field("email").own_data()["personal"] is True
    assert "Personal" in customer.field("email").ai_context.instructions
    assert "personal" not in customer.field("segment").own_data()
    assert "all" in whole.sources
    assert "data" not in [d.source for d in model.datasets]


def test_history_and_hierarchies_stand_in_our_extension(whole):
    customer = export_model(whole).dataset("customer")
    assert customer.field("segment").own_data()["history"] == "track"
    assert customer.unique_keys == (("customer_id", "valid_from"),)
    date = export_model(whole).dataset("order_date")
    assert date.own_data()["hierarchies"]["calendar"]["levels"][0] == "year"
    assert date.field("year").dimension.is_time is True
