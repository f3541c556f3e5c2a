"""Documents of others as drafts: what they mean here, what they cannot mean, and no traceback."""

from __future__ import annotations

import copy
import json
import shutil

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metadata import UserError, load_workspace
from metadata.loader import workspace_texts
from metadata.ossie.document import document_of
from metadata.ossie.export import export_model
from metadata.ossie.importing import import_ossie
from metadata.ossie.reading import read_ossie


def dialects(expression: str, dialect: str = "ANSI_SQL") -> dict:
    return {"dialects": [{"dialect": dialect, "expression": expression}]}


def dataset(name: str, *columns: str, source: str = "", **more) -> dict:
    fields = [{"name": c, "expression": dialects(c)} for c in columns]
    return {"name": name, "source": source or f"db.public.{name}", "fields": fields, **more}


def document(datasets: list[dict], metrics: dict, relationships=(), **more) -> dict:
    """A document of others, from metrics by name."""
    return {
        "version": "0.2.0.dev0",
        "name": "theirs",
        "datasets": copy.deepcopy(datasets),
        "relationships": [
            {"name": f"r{n}", "from": a, "to": b, "from_columns": [c], "to_columns": [d]}
            for n, (a, b, c, d) in enumerate(relationships)
        ],
        "metrics": [
            {"name": name, "expression": dialects(*([e] if isinstance(e, str) else e))}
            for name, e in metrics.items()
        ],
        **more,
    }


NORTHWIND = [
    dataset("order_details", "order_id", "product_id", "unit_price", "quantity", "discount",
            primary_key=["order_id", "product_id"]),
    dataset("orders", "order_id", "customer_id", "order_date", "shipped_date", "freight",
            "ship_country", primary_key=["order_id"]),
    dataset("customers", "customer_id", "company_name", "country", primary_key=["customer_id"]),
    dataset("products", "product_id", "product_name", "category_id", primary_key=["product_id"]),
    dataset("categories", "category_id", "category_name", primary_key=["category_id"]),
]  # fmt: skip
WAYS = [
    ("order_details", "orders", "order_id", "order_id"),
    ("order_details", "products", "product_id", "product_id"),
    ("orders", "customers", "customer_id", "customer_id"),
    ("products", "categories", "category_id", "category_id"),
]
NORTHWIND[0]["fields"].append(
    {"name": "line_total", "expression": dialects("unit_price * quantity * (1 - discount)")}
)


def drafted(found) -> dict:
    """The measures of all drafted cubes, as they are written."""
    cubes = [yaml.safe_load(t) for n, t in found.files.items() if n.startswith("cubes/")]
    return {name: said for cube in cubes for name, said in cube["measures"].items()}


def refusals(found) -> dict[str, str]:
    return {issue.what.split("'")[1]: issue.why for issue in found.refused}


@pytest.fixture
def bring(northwind, save):
    """Import metrics over Northwind's own tables."""

    def _bring(**metrics):
        return import_ossie(northwind, save(document(NORTHWIND, metrics, WAYS)))

    return _bring


class TestRoundTrip:
    """What we export comes back as the same measures."""

    def test_every_measure_is_the_same(self, company, save):
        found = import_ossie(company, save(document_of(export_model(company))))
        assert not found.refused
        back = {}
        drafts = {n: t for n, t in found.files.items() if n.startswith("cubes/")}
        assert len(drafts) == len(found.files)
        texts = {**workspace_texts(company.root), **found.files}
        loaded = load_workspace(company.root, texts=texts)
        for each in found.measures:
            back[each.metric] = loaded.cubes[each.cube].measures[each.measure]
        expected = {
            f"{cube.name}_{name}": measure
            for cube in company.cubes.values()
            for name, measure in cube.measures.items()
        }
        assert back == expected

    def test_a_changed_expression_counts_more_than_the_extension(self, northwind, save):
        content = document_of(export_model(northwind))
        metric = next(m for m in content["metrics"] if m["name"] == "sales_revenue")
        metric["expression"] = dialects("SUM(sales.gross_amount)")
        found = import_ossie(northwind, save(content))
        assert drafted(found)["sales_revenue"]["sum"] == "gross_amount"

    def test_extensions_may_be_objects_too(self, northwind, save):
        content = document_of(export_model(northwind))
        for metric in content["metrics"]:
            for each in metric["custom_extensions"]:
                assert isinstance(each["data"], str)
                each["data"] = json.loads(each["data"])
        found = import_ossie(northwind, save(content))
        assert drafted(found)["revenue"]["polarity"] == "higher_is_better"

    @pytest.mark.parametrize("data", ["{", "[]", '{"cube": 1}', '{"cube": "sales", "measure": "x",'
                                      ' "definition": {"sum": 3}}'])  # fmt: skip
    def test_an_extension_that_makes_no_sense_is_passed_over(self, northwind, save, data):
        content = document_of(export_model(northwind))
        for metric in content["metrics"]:
            metric["custom_extensions"] = [{"vendor_name": "RAPPORT", "data": data}]
        found = import_ossie(northwind, save(content))
        assert drafted(found)["sales_revenue"] == {
            "sum": "net_amount", "description": "What customers pay for goods and services, after"
            " discounts and returns, without tax.", "format": "currency",
        }  # fmt: skip

    def test_without_our_extensions_the_expressions_give_the_same_figures(self, company, save):
        """Only looks are lost, and that stocks are stocks."""
        content = json.loads(json.dumps(document_of(export_model(company))))

        def bare(value):
            if isinstance(value, list):
                return [bare(item) for item in value]
            if isinstance(value, dict):
                return {k: bare(v) for k, v in value.items() if k != "custom_extensions"}
            return value

        found = import_ossie(company, save(bare(content)))
        assert not found.refused
        remarks = {m.metric: " ".join(m.remarks) for m in found.measures}
        for cube in company.cubes.values():
            for name, measure in cube.measures.items():
                parts = [measure, *(cube.measures[p] for p in measure.ratio or ())]
                if not any(p.semi_additive for p in parts):
                    assert "the same as" in remarks[f"{cube.name}_{name}"], name


class TestMetrics:
    """What others write becomes a measure where a measure can say it."""

    @pytest.mark.parametrize(
        ("expression", "said"),
        [
            ("SUM(order_details.quantity)", {"sum": "quantity"}),
            ("SUM(quantity)", {"sum": "quantity"}),
            ('SUM("ORDER_DETAILS"."QUANTITY")', {"sum": "quantity"}),
            ("COUNT(*)", {"count": "*", "format": "integer"}),
            ("COUNT(order_details.order_id)", {"count": "*", "format": "integer"}),
            (
                "COUNT(CASE WHEN order_details.quantity > 5 THEN 1 END)",
                {"count": "*", "where": "quantity > 5", "format": "integer"},
            ),
            (
                "SUM(CASE WHEN customers.country = 'Germany' THEN order_details.quantity ELSE 0 END)",
                {"sum": "quantity", "where": "customer.country = 'Germany'"},
            ),
            (
                "SUM(order_details.quantity) FILTER (WHERE categories.category_name = 'Seafood')",
                {"sum": "quantity", "where": "product.category = 'Seafood'"},
            ),
            ("SUM(order_details.line_total)", {"sum": "net_amount", "format": "currency"}),
            ("AVG(order_details.line_total)", {"avg": "net_amount", "format": "currency"}),
            (
                "SUM(order_details.quantity * order_details.unit_price)",
                {"sum": "gross_amount", "format": "currency"},
            ),
            ("SUM(orders.freight)", {"sum": "freight_amount", "format": "currency"}),
            ("MAX(orders.order_date)", {"max": "order_date.date"}),
            (
                "COUNT(DISTINCT CASE WHEN order_details.quantity > 1 THEN customers.customer_id END)",
                {
                    "count_distinct": "customer.customer_id",
                    "where": "quantity > 1",
                    "format": "integer",
                },
            ),
            ("ROUND(COALESCE(SUM(order_details.quantity), 0), 2)", {"sum": "quantity"}),
        ],
    )
    def test_aggregates(self, bring, expression, said):
        found = bring(figure=expression)
        assert not found.refused
        assert drafted(found)["figure"] == said

    @pytest.mark.parametrize(
        "expression",
        [
            "units / lines",
            "SUM(order_details.quantity) / NULLIF(COUNT(order_details.order_id), 0)",
            "CAST(units AS DOUBLE) / COUNT(order_details.order_id)",
            "1.0 * units / lines",
            "CASE WHEN lines = 0 THEN NULL ELSE units / lines END",
            "CASE WHEN COUNT(order_details.order_id) = 0 THEN 0"
            " ELSE SUM(order_details.quantity) / COUNT(order_details.order_id) END",
        ],
    )
    def test_ratios_reuse_the_measures_that_are_there(self, bring, expression):
        found = bring(
            units="SUM(order_details.quantity)",
            lines="COUNT(order_details.order_id)",
            figure=expression,
        )
        if expression.startswith("CASE WHEN lines"):
            assert "figure" in refusals(found)
        else:
            assert drafted(found)["figure"] == {"ratio": ["units", "lines"]}
            assert set(drafted(found)) == {"units", "lines", "figure"}

    def test_a_share_of_a_hundred_becomes_a_fraction_and_says_so(self, bring):
        found = bring(
            discount_rate="100 * SUM(order_details.discount) / SUM(order_details.quantity)"
        )
        assert refusals(found)["discount_rate"]
        found = bring(net_share="100.0 * SUM(order_details.line_total) /"
                                " SUM(order_details.unit_price * order_details.quantity)")  # fmt: skip
        assert drafted(found)["net_share"] == {
            "ratio": ["sum_net_amount", "sum_gross_amount"], "format": "percent",
        }  # fmt: skip
        assert "multiplies by 100" in found.measures[0].remarks[0]

    def test_sums_of_sums_become_a_column_of_the_fact(self, bring):
        found = bring(
            given_away="SUM(order_details.unit_price * order_details.quantity)"
                " - SUM(order_details.line_total)",
            off_rate="1 - SUM(order_details.line_total)"
                     " / SUM(order_details.unit_price * order_details.quantity)",
        )  # fmt: skip
        model = yaml.safe_load(found.files["model/sales_additions.yaml"])
        column = "COALESCE(gross_amount, 0) - COALESCE(net_amount, 0)"
        assert model == {
            "fact": "sales",
            "measures": {"given_away": {"expr": column, "convert": True}},
        }
        measures = drafted(found)
        assert measures["given_away"] == {"sum": "given_away", "format": "currency"}
        assert measures["off_rate"]["ratio"] == ["given_away", "sum_gross_amount"]

    def test_a_column_that_the_fact_does_not_carry_is_added(self, bring):
        found = bring(
            priced="SUM(order_details.unit_price)",
            shipped="SUM(CASE WHEN orders.ship_country = 'USA' THEN orders.freight END)",
        )
        model = yaml.safe_load(found.files["model/sales_additions.yaml"])
        kind = "decimal(18,4)"
        assert model["measures"] == {"unit_price": {"from": "unit_price", "type": kind}}
        assert drafted(found)["priced"] == {"sum": "unit_price"}
        assert "where" in drafted(found)["shipped"]

    def test_a_fact_of_the_workspaces_own_is_not_extended_behind_its_back(self, write, save):
        repository = load_workspace(write())
        theirs = document(
            [dataset("purchases", "amount", "bought_on"), dataset("client", "id")],
            {"twice": "SUM(purchases.amount * 2)", "once": "SUM(purchases.amount)"},
        )
        found = import_ossie(repository, save(theirs))
        assert drafted(found) == {"once": {"sum": "amount"}}
        assert "model/star.yaml:27" in refusals(found)["twice"]
        assert "expr" in refusals(found)["twice"]

    @pytest.mark.parametrize(
        ("expression", "reason"),
        [
            ("MEDIAN(order_details.quantity)", "MEDIAN"),
            ("SUM(order_details.quantity) OVER (ORDER BY orders.order_date)", "window"),
            ("(SELECT MAX(x) FROM secrets)", "query"),
            ("order_details.quantity", "does not aggregate"),
            ("SUM(SUM(order_details.quantity))", "aggregates an aggregate"),
            ("SUM(DISTINCT order_details.quantity)", "distinct"),
            ("COUNT(DISTINCT order_details.order_id, order_details.product_id)", "combinations"),
            ("SUM(orders.freight) / SUM(order_details.quantity)", "two facts"),
            ("COUNT(DISTINCT customers.customer_id)", "members of dimension"),
            ("SUM(order_details.qantity)", "Did you mean 'quantity'"),
            ("SUM(elsewhere.quantity)", "no dataset 'elsewhere'"),
            ("SUM(order_details.line_total * order_details.line_total)", "amounts of money"),
            ("SUM(order_details.quantity", "no SQL expression"),
            ("SUM(order_details.quantity); DROP TABLE x", "no SQL expression"),
            ("SUM(CASE WHEN read_text('/etc/passwd') = 'x' THEN order_details.quantity END)",
             "may not call"),
            ("figure / SUM(order_details.quantity)", "refers to itself"),
            (("[Measures].[Quantity]", "MDX"), "MDX only"),
            ("SUM(customers.customer_id)", "members of dimension"),
            ("SUM(order_details.quantity) - COUNT(order_details.order_id)", "count"),
        ],
    )  # fmt: skip
    def test_what_cannot_be_said_is_told_with_its_place_and_reason(self, bring, expression, reason):
        found = bring(fine="SUM(order_details.quantity)", figure=expression)
        assert reason in refusals(found)["figure"]
        (issue,) = found.refused
        assert issue.where.file.endswith("theirs.yaml")
        assert issue.where.line > 1
        assert set(drafted(found)) == {"fine"}
        assert "figure" in next(t for n, t in found.files.items() if n.startswith("cubes/"))

    def test_rows_of_whom_nobody_can_tell(self, northwind, save):
        facts = [dataset("sales", "quantity"), dataset("stock", "quantity_on_hand")]
        found = import_ossie(northwind, save(document(facts, {"rows": "COUNT(*)"})))
        assert "does not say of which dataset" in refusals(found)["rows"]

    def test_a_named_count_of_another_dataset_is_counted_over_the_rows_that_point_there(
        self, bring
    ):
        found = bring(
            revenue="SUM(order_details.line_total)",
            order_count="COUNT(DISTINCT orders.order_id)",
            order_value="revenue / order_count",
        )
        measures = drafted(found)
        above, below = measures["order_value"]["ratio"]
        assert (above, measures[below]["count_distinct"]) == ("revenue", "order.order_id")
        remarks = {m.metric: m.remarks for m in found.measures}
        assert "occur in fact 'sales'" in remarks["order_value"][0]

    def test_a_column_that_may_be_money_says_that_it_is_not_converted(self, bring):
        found = bring(prices="SUM(order_details.unit_price)")
        assert "mark it 'convert'" in found.measures[0].remarks[0]

    def test_metrics_without_a_way_to_each_other_do_not_mix(self, northwind, save):
        metrics = {"odd": "SUM(CASE WHEN customers.country = 'x' THEN order_details.quantity END)"}
        found = import_ossie(northwind, save(document(NORTHWIND, metrics)))
        assert "No relationship" in refusals(found)["odd"]

    def test_fields_computed_from_one_another_in_a_circle(self, northwind, save):
        lines = dataset("order_details", "quantity")
        lines["fields"] += [
            {"name": "a", "expression": dialects("b + 1")},
            {"name": "b", "expression": dialects("a + 1")},
        ]
        found = import_ossie(northwind, save(document([lines], {"odd": "SUM(order_details.a)"})))
        assert "odd" in refusals(found)


class TestNames:
    """Datasets are known by name, by source, or by their columns."""

    def test_prefixes_and_plurals_and_camel_case(self, northwind, save):
        theirs = document(
            [
                dataset("FactSales", "ss_quantity", "ss_product_id"),
                dataset("DimProducts", "ProductID", "ProductName"),
            ],
            {
                "units": "SUM(FactSales.ss_quantity)",
                "chai": "SUM(CASE WHEN DimProducts.ProductName = 'Chai'"
                " THEN FactSales.ss_quantity END)",
            },
            [("FactSales", "DimProducts", "ss_product_id", "ProductID")],
        )
        found = import_ossie(northwind, save(theirs))
        assert drafted(found)["chai"] == {"sum": "quantity", "where": "product.name = 'Chai'"}

    def test_columns_alone_are_enough_when_most_of_them_are_known(self, northwind, save):
        theirs = document(
            [dataset("t1", "order_id", "product_id", "unit_price", "quantity", "zzz")],
            {"units": "SUM(t1.quantity)"},
        )
        found = import_ossie(northwind, save(theirs))
        assert drafted(found) == {"units": {"sum": "quantity"}}
        assert "80% of its columns" in found.matches[0].reason

    def test_keys_may_be_called_anything(self, northwind, save):
        """By the relationships it is plain what they tell apart."""
        theirs = document(
            [
                dataset("fct_sales", "quantity", "xx_sk"),
                dataset("products", "sk", "product_name", primary_key=["sk"]),
            ],
            {
                "kinds": "COUNT(DISTINCT fct_sales.xx_sk)",
                "spread": "SUM(fct_sales.quantity) / COUNT(DISTINCT products.sk)",
            },
            [("fct_sales", "products", "xx_sk", "sk")],
        )
        found = import_ossie(northwind, save(theirs))
        measures = drafted(found)
        assert measures["kinds"]["count_distinct"] == "product.product_id"
        assert measures["spread"]["ratio"] == ["sum_quantity", "kinds"]

    def test_a_dataset_may_be_told_what_it_is(self, northwind, save):
        """For names that nobody could guess, in the extension that is ours."""
        own = {
            "custom_extensions": [{"vendor_name": "RAPPORT", "data": '{"dimension": "product"}'}]
        }
        ways = [("order_details", "zz", "product_id", "a")]
        metrics = {"chai": "SUM(CASE WHEN zz.name = 'Chai' THEN order_details.quantity END)"}
        for more, known in (({}, False), (own, True)):
            datasets = [NORTHWIND[0], dataset("zz", "a", "b", "name", **more)]
            found = import_ossie(northwind, save(document(datasets, metrics, ways)))
            assert ("chai" in refusals(found)) is not known
        assert drafted(found)["chai"]["where"] == "product.name = 'Chai'"

    def test_a_dataset_that_nobody_knows(self, northwind, save):
        theirs = document([dataset("weather", "rain", "sun", "wind")], {"wet": "SUM(weather.rain)"})
        found = import_ossie(northwind, save(theirs))
        assert not found.files
        assert "weather" in refusals(found)["wet"]

    def test_a_role_is_found_by_the_column_that_points_there(self, northwind, save):
        ways = [*WAYS, ("orders", "calendar", "shipped_date", "day")]
        metrics = {"late": "SUM(CASE WHEN calendar.year = 2025 THEN orders.freight END)"}
        datasets = [*NORTHWIND, dataset("calendar", "day", "year")]
        found = import_ossie(northwind, save(document(datasets, metrics, ways)))
        assert drafted(found)["late"]["where"] == "shipping_date.year = 2025"

    def test_a_taken_cube_name_is_not_taken_again(self, northwind, save):
        theirs = document([dataset("sales", "quantity")], {"units": "SUM(sales.quantity)"})
        found = import_ossie(northwind, save(theirs))
        assert list(found.files) == ["cubes/sales_theirs.yaml"]


class TestDocuments:
    """A bad document is told in full, with file and line; a strange one is read as far as it goes."""

    @pytest.mark.parametrize(
        ("text", "line", "words"),
        [
            ("version: 0.2.0.dev0\nname: x\n", 1, "'datasets' is missing"),
            ("version: 0.2.0.dev0\nname: x\ndatasets:\n  - name: a\n", 4, "source"),
            ("version: 0.2.0.dev0\nname: x\ndatasets:\n  - {name: a, source: a}\nmetric: []\n", 5,
             "Unknown key 'metric'"),
            ("name: x\ndatasets: []\n", 1, "does not say its version"),
            ("version: 0.2.0.dev0\nontology: []\nname: x\n", 2, "ontology"),
            ("version: 0.2.0.dev0\nname: x\ndatasets:\n  - {name: a, source: a}\n"
             "  - {name: A, source: b}\n", 5, "defined twice"),
            ("version: 0.2.0.dev0\nname: x\ndatasets: [{name: a, source: a}]\nrelationships:\n"
             "  - {name: r, from: a, to: b, from_columns: [x], to_columns: [y, z]}\n", 5,
             "no dataset 'b'"),
            ("- a\n- b\n", 1, "mapping"),
            ("version: [\n", 2, "not valid YAML"),
            ("", 1, "empty"),
            ('{"version": "0.1.1", "semantic_model": [{"name": "a", "datasets": []}]}', 1,
             "datasets"),
        ],
    )  # fmt: skip
    def test_errors(self, northwind, save, text, line, words):
        with pytest.raises(UserError) as error:
            import_ossie(northwind, save(text))
        told = error.value.issues
        assert any(words in str(issue) for issue in told), told
        assert all(issue.where and issue.where.file.endswith("theirs.yaml") for issue in told)
        assert line in [issue.where.line for issue in told]

    def test_aliases_that_stand_for_billions(self, northwind, save):
        lines = ["version: 0.2.0.dev0", "a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
        for n in range(1, 10):
            lines.append(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]")
        with pytest.raises(UserError, match="aliases stand for too much"):
            import_ossie(northwind, save("\n".join(lines)))

    def test_there_is_no_such_file(self, northwind, tmp_path):
        with pytest.raises(UserError, match="no file"):
            import_ossie(northwind, tmp_path / "nowhere.yaml")

    def test_json_and_the_older_list_of_models_are_read_too(self, northwind, save):
        model = document(NORTHWIND, {"units": "SUM(order_details.quantity)"}, WAYS)
        del model["version"]
        listed = {"version": "0.1.1", "semantic_model": [model, {**model, "name": "second"}]}
        found = import_ossie(northwind, save(json.dumps(listed), "theirs.json"))
        assert [m.model for m in found.measures] == ["theirs", "second"]
        assert len(found.files) == 2

    def test_a_version_to_come_is_read_as_far_as_it_is_understood(self, northwind, save):
        theirs = document(NORTHWIND, {"units": "SUM(order_details.quantity)"}, WAYS)
        theirs |= {"version": "0.9.0", "filters": [1]}
        theirs["datasets"][0] = {**theirs["datasets"][0], "grain": "line"}
        found = import_ossie(northwind, save(theirs))
        assert drafted(found) == {"units": {"sum": "quantity"}}
        told = [note.what for note in found.notes]
        assert told[0] == "The version '0.9.0' is not known here."
        assert {"Unknown key 'filters'.", "Unknown key 'grain'."} <= set(told)

    @settings(
        max_examples=60, deadline=None, derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )  # fmt: skip
    @given(data=st.data())
    def test_a_damaged_document_is_never_a_traceback(self, northwind, save, data):
        content = json.loads(json.dumps(document(
            NORTHWIND, {"a": "SUM(order_details.quantity)", "b": "a / COUNT(orders.order_id)"}, WAYS
        )))  # fmt: skip
        for _ in range(data.draw(st.integers(1, 3))):
            node = content
            while isinstance(node, dict | list) and node:
                keys = sorted(node) if isinstance(node, dict) else range(len(node))
                key = data.draw(st.sampled_from(list(keys)))
                if not isinstance(node[key], dict | list) or data.draw(st.integers(0, 4)) == 0:
                    junk = st.one_of(
                        st.none(), st.booleans(), st.integers(), st.text(max_size=8),
                        st.just([]), st.just({}), st.just([{}]), st.just("SUM(a.b) OVER ()"),
                    )  # fmt: skip
                    node[key] = data.draw(junk)
                    break
                node = node[key]
        try:
            found = import_ossie(northwind, save(content))
        except UserError as error:
            assert all(issue.where for issue in error.issues)
        else:
            assert len(found.measures) + len(found.refused) == len(content.get("metrics") or [])


def test_drafts_pass_the_check_in_the_workspace_itself(northwind, save, tmp_path):
    metrics = {
        "given_away": "SUM(order_details.unit_price * order_details.quantity)"
        " - SUM(order_details.line_total)",
        "units": "SUM(order_details.quantity)",
    }
    found = import_ossie(northwind, save(document(NORTHWIND, metrics, WAYS)))
    root = tmp_path / "workspace"
    shutil.copytree(northwind.root, root)
    for name, text in found.files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    loaded = load_workspace(root)
    assert set(loaded.cubes["order_details"].measures) == {"given_away", "units"}


def test_one_model_without_the_list_is_read(save):
    """The released version has a list of models; some tools write the one model as it is."""
    found = read_ossie(
        save(
            "version: 0.1.1\nsemantic_model:\n  name: theirs\n  datasets:\n"
            "    - {name: orders, source: sales.orders}\n"
        )
    )
    assert [(read.model.name, str(read.where("datasets", 0, "name"))) for read in found] == [
        ("theirs", f"{found[0].where().file}:5")
    ]
