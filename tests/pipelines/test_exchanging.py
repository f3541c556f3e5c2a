"""Export and import on the command line; the figures of a document against those of the cubes."""

from __future__ import annotations

import json
import math
from decimal import Decimal

import duckdb
import pytest
import sqlglot
import yaml
from sqlglot import exp

from cubes import Engine, Query
from metadata.ossie.export import export_model
from metadata.ossie.importing import import_ossie
from pipelines.cli import run as rapport


def ask(capsys, *arguments):
    code = rapport([str(a) for a in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def loaded(starter):
    assert starter.load().ok
    return starter


def by_hand(company, sql):
    """Ask the newest published tables themselves."""
    file = max((company.path / "var" / "published").glob("*.duckdb"))
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_every_metric_gives_the_figure_of_its_measure(loaded):
    """Read by somebody who knows nothing but the document: datasets, relationships, expression."""
    repository = loaded.repository
    model = export_model(repository)
    asked = {}
    engine = Engine(repository)
    for metric in model.metrics:
        told = metric.own_data()
        table = engine.query(Query(told["cube"], (told["measure"],))).table
        asked[metric.name] = table.to_pylist()[0][told["measure"]]
    engine.close()
    file = next((loaded.path / "var" / "published").glob("*.duckdb"))
    tables = {d.name: d.source.rpartition(".")[2] for d in model.datasets}
    facts = [d.name for d in model.datasets if "fact" in d.own_data()]
    assert len(asked) > 20
    with duckdb.connect(str(file), read_only=True) as connection:
        for metric in model.metrics:
            tree = sqlglot.parse_one(metric.expression.dialects[0].expression)
            read = {column.table for column in tree.find_all(exp.Column)}
            (base,) = [name for name in facts if name in read]
            query = exp.select(tree).from_(f'{tables[base]} AS "{base}"')
            for way in model.relationships:
                if way.from_ == base and way.to in read:
                    on = f'"{base}".{way.from_columns[0]} = "{way.to}".{way.to_columns[0]}'
                    query = query.join(f'{tables[way.to]} AS "{way.to}"', on=on)
            found = connection.execute(query.sql(dialect="duckdb")).fetchone()[0]
            expected = asked[metric.name]
            if isinstance(expected, float):
                assert math.isclose(found, expected, rel_tol=1e-12), metric.name
            else:
                assert found == expected, metric.name


def test_figures_of_imported_metrics_against_sql_by_hand(loaded, tmp_path):
    theirs = """\
version: 0.2.0.dev0
name: shop
datasets:
  - name: order_lines
    source: shop.public.order_lines
    primary_key: [order_no, line]
    fields:
      - {name: sku, expression: {dialects: [{dialect: ANSI_SQL, expression: sku}]}}
      - {name: quantity, expression: {dialects: [{dialect: ANSI_SQL, expression: quantity}]}}
      - {name: price, expression: {dialects: [{dialect: ANSI_SQL, expression: price}]}}
  - name: products
    source: shop.public.products
    fields:
      - {name: sku, expression: {dialects: [{dialect: ANSI_SQL, expression: sku}]}}
      - {name: category, expression: {dialects: [{dialect: ANSI_SQL, expression: category}]}}
relationships:
  - {name: p, from: order_lines, to: products, from_columns: [sku], to_columns: [sku]}
metrics:
  - name: turnover
    expression: {dialects: [{dialect: ANSI_SQL, expression: "SUM(order_lines.quantity * order_lines.price)"}]}
  - name: doubled
    expression: {dialects: [{dialect: ANSI_SQL, expression: "2 * SUM(order_lines.quantity)"}]}
  - name: dear_lines
    expression: {dialects: [{dialect: ANSI_SQL, expression: "COUNT(CASE WHEN order_lines.price > 20 THEN 1 END)"}]}
  - name: price_per_piece
    expression: {dialects: [{dialect: ANSI_SQL, expression: "turnover / NULLIF(SUM(order_lines.quantity), 0)"}]}
  - name: coffee_share
    expression:
      dialects:
        - dialect: SNOWFLAKE
          expression: 100 * SUM(IFF(products.category = 'Coffee', order_lines.quantity, 0)) / NULLIFZERO(SUM(order_lines.quantity))
"""
    (tmp_path / "shop.yaml").write_text(theirs)
    category = by_hand(loaded, "SELECT min(category) FROM dim_product WHERE category <> 'Unknown'")[
        0
    ][0]
    (tmp_path / "shop.yaml").write_text(theirs.replace("Coffee", category))
    found = import_ossie(loaded.repository, tmp_path / "shop.yaml")
    assert not found.refused
    for name, text in found.files.items():
        loaded.write(name, text)
    assert loaded.load().ok
    engine = Engine(loaded.repository)
    names = tuple(m.measure for m in found.measures)
    row = engine.query(Query("order_lines", names)).table.to_pylist()[0]
    engine.close()
    (expected,) = by_hand(
        loaded,
        f"""SELECT sum(net_amount), 2 * sum(quantity),
            count(*) FILTER (WHERE net_amount / quantity > 20),
            sum(net_amount)::DOUBLE / sum(quantity),
            sum(quantity) FILTER (WHERE category = '{category}')::DOUBLE / sum(quantity)
            FROM fact_sales JOIN dim_product USING (product_key)""",
    )
    assert [row[n] for n in names][:3] == list(expected)[:3]
    assert [row[n] for n in names][3:] == pytest.approx(list(expected)[3:])
    assert isinstance(row["turnover"], Decimal)


class TestCommands:
    """One document on standard output, or files and a few words about them."""

    def test_export_ossie_to_the_screen_is_the_document_alone(self, starter, capsys):
        code, out, _ = ask(capsys, "export", "ossie", "-w", starter.path)
        assert code == 0
        shown = yaml.safe_load(out)
        code, out, _ = ask(capsys, "export", "ossie", "-w", starter.path, "--format", "json")
        assert json.loads(out) == shown
        assert shown["version"] == "0.2.0.dev0"

    @pytest.mark.parametrize("name", ["model.yaml", "model.json"])
    def test_export_ossie_to_a_file_and_back(self, starter, capsys, tmp_path, name):
        file = tmp_path / "out" / name
        code, out, _ = ask(capsys, "export", "ossie", "-w", starter.path, "--output", file)
        assert code == 0
        assert "metrics" in out
        assert (json.loads if name.endswith("json") else yaml.safe_load)(file.read_text())
        code, out, _ = ask(capsys, "import", "ossie", file, "-w", starter.path, "-f", "json")
        assert code == 0
        told = json.loads(out)
        assert told["not_drafted"] == []
        assert len(told["measures"]) > 20
        assert all(f.startswith(str(starter.path / "drafts")) for f in told["files"])
        # Drafts are looked at first: nothing has taken effect.
        code, out, _ = ask(capsys, "cubes", "-w", starter.path, "-f", "json")
        assert "sales_my_company" not in out

    def test_import_never_overwrites(self, starter, capsys, tmp_path):
        file = tmp_path / "model.yaml"
        ask(capsys, "export", "ossie", "-w", starter.path, "--output", file)
        assert ask(capsys, "import", "ossie", file, "-w", starter.path)[0] == 0
        drafts = {p: p.read_text() for p in (starter.path / "drafts").rglob("*.yaml")}
        gone, *kept = sorted(drafts)
        gone.unlink()
        for path in kept:
            path.write_text("mine")
        code, _, err = ask(capsys, "import", "ossie", file, "-w", starter.path)
        assert code == 1
        assert "already there" in err
        assert not gone.exists()
        assert {p.read_text() for p in kept} <= {"mine"}

    def test_import_into_the_workspace_takes_effect(self, starter, capsys, tmp_path):
        file = tmp_path / "model.yaml"
        ask(capsys, "export", "ossie", "-w", starter.path, "--output", file)
        code, out, _ = ask(
            capsys, "import", "ossie", file, "-w", starter.path, "--output", starter.path
        )
        assert code == 0
        assert "0 not" in out
        assert ask(capsys, "check", "-w", starter.path)[0] == 0

    def test_export_odcs(self, starter, capsys, tmp_path):
        code, out, _ = ask(capsys, "export", "odcs", "-w", starter.path)
        assert code == 0
        shown = [c["name"] for c in yaml.safe_load_all(out)]
        code, out, _ = ask(capsys, "export", "odcs", "-w", starter.path, "-f", "json")
        assert [c["name"] for c in json.loads(out)["contracts"]] == shown
        folder = tmp_path / "contracts"
        code, out, _ = ask(
            capsys, "export", "odcs", "-w", starter.path, "--output", folder, "-f", "json"
        )
        assert sorted(map(str, folder.iterdir())) == sorted(json.loads(out)["files"])
        code, out, _ = ask(capsys, "export", "odcs", "-w", starter.path, "--fact", "sales")
        assert yaml.safe_load(out)["name"] == "Sales"

    @pytest.mark.parametrize(
        ("command", "words"),
        [
            (("export", "odcs", "--fact", "sale"), "Did you mean 'sales'"),
            (("export", "odcs", "--fact", "usage"), "No mapping fills"),
            (("export", "ossie", "--spec-version", "7"), "spec-version"),
            (("export", "ossie", "--output", "/proc/none/x.yaml"), "cannot be written"),
            (("import", "ossie", "/nowhere.yaml"), "no file"),
        ],
    )
    def test_mistakes_are_one_message(self, starter, capsys, command, words):
        code, _, err = ask(capsys, *command, "-w", starter.path)
        assert code == 1
        assert words in err
