"""The declared lineage is what the statements of the sample company's pipeline really do."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import sqlglot
from lineage_comparison import Comparison, differences, read, recorded
from sqlglot import exp
from sqlglot.lineage import lineage as sqlglot_lineage
from statement_lineage import StatementLineage

import sample_data
from metadata import Repository, load_workspace
from metadata.lineage import LineageGraph, lineage_of
from pipelines.run import run
from sample_data import generate


@pytest.fixture(scope="module")
def sample(tmp_path_factory) -> tuple[Repository, list[exp.Expr]]:
    """The sample company, small, with its CRM in SQLite; and what ran to load it."""
    folder = tmp_path_factory.mktemp("sample")
    url = f"sqlite:///{folder}/data/crm.sqlite"
    (folder / "data").mkdir()
    generate(folder, scale=0.02, seed=42, crm_url=url)
    shutil.copytree(Path(sample_data.__file__).parent / "workspace", folder, dirs_exist_ok=True)
    crm = folder / "sources" / "crm.yaml"
    crm.write_text(crm.read_text().replace("embedded-postgresql:data/crm", url))
    repository = load_workspace(folder)
    with recorded() as statements:
        report = run(repository)
    assert report.ok
    return repository, statements


@pytest.fixture(scope="module")
def real(sample) -> StatementLineage:
    return read(*sample)


def test_the_declared_lineage_is_what_the_statements_did(sample, real):
    assert not differences(sample[0], real)


class TestTheWitness:
    """What would not notice a fault proves nothing."""

    @pytest.mark.parametrize(
        ("target", "how"),
        [
            ("entity:customer.email", "cleansed"),
            ("entity:customer.segment", "lookup"),
            ("entity:customer.city", "join"),
            ("entity:order_line", "filter"),
            ("dimension:dim_customer.industry", "join"),
            ("fact:fact_sales.net_amount", "converted"),
            ("fact:fact_sales.customer_key", "key"),
            ("bridge:bridge_customer_industry", "join"),
            ("rollup:rollup_sales_by_day.revenue", "aggregated"),
        ],
    )
    def test_it_misses_an_edge_that_is_left_out(self, sample, real, target, how):
        graph = lineage_of(sample[0])
        gone = [edge for edge in graph.into(target) if edge.how == how]
        assert gone
        # Where one column is read for several reasons, all of them must go.
        sources = {edge.source for edge in gone}
        nodes = {target, *(column.id for column in graph.columns(target))}
        kept = [e for e in graph.edges if not (e.target in nodes and e.source in sources)]
        less = LineageGraph(graph.nodes, tuple(kept))
        found = list(Comparison(sample[0], less, real).undeclared())
        assert found
        assert all(line.startswith(target.partition(".")[0]) for line in found)

    def test_it_finds_an_edge_that_is_made_up(self, sample, real):
        graph = lineage_of(sample[0])
        (true,) = [e for e in graph.into("dimension:dim_customer.segment") if e.direct]
        false = type(true)("entity:customer.city", true.target, "copied")
        more = LineageGraph(graph.nodes, (*graph.edges, false))
        found = list(Comparison(sample[0], more, real).unread())
        assert found == [
            "dimension:dim_customer.segment does not read entity:customer.city (copied: )"
        ]

    def test_it_reads_values_as_the_parser_s_own_lineage_does(self, sample):
        """`sqlglot.lineage` follows values alone; a statement with joins, lookups and ranks."""
        create = next(s for s in sample[1] if "judged_order_line" in s.sql())
        reader = StatementLineage(lambda name: False)
        for statement in sample[1]:
            reader.read(statement)
            if statement is create:
                break
        ours = reader.relations["judged_order_line"].values
        schema = {name: dict.fromkeys(r.columns, "VARCHAR") for name, r in reader.relations.items()}
        query = create.expression.copy()
        for table in query.find_all(exp.Table):
            table.set("db", None)
        for column in ("order_id", "net_amount", "discount_amount"):
            root = sqlglot_lineage(column, query.copy(), schema=schema, dialect="duckdb")
            theirs = {
                (node.source.name, node.name.rpartition(".")[2].strip('"'))
                for node in root.walk()
                if isinstance(node.source, exp.Table)
            }
            assert ours[column] == theirs

    @pytest.mark.parametrize(
        ("query", "values", "decisions"),
        [
            ("SELECT a + b AS c FROM t WHERE d > 1", {("t", "a"), ("t", "b")}, {("t", "d")}),
            ("SELECT max(a) AS c FROM t GROUP BY b", {("t", "a")}, {("t", "b")}),
            (
                "SELECT u.x AS c FROM t JOIN (SELECT a AS y, b AS x FROM t WHERE d) AS u ON u.y = t.c",
                {("t", "b")},
                {("t", "a"), ("t", "c"), ("t", "d")},
            ),
            ("WITH u AS (SELECT * FROM t) SELECT b AS c FROM u", {("t", "b")}, set()),
            ("SELECT a AS c FROM t UNION ALL SELECT d FROM t", {("t", "a"), ("t", "d")}, set()),
            (
                "SELECT c FROM (SELECT a AS c, row_number() OVER (PARTITION BY b ORDER BY d) AS r"
                " FROM t) AS s WHERE r = 1",
                {("t", "a")},
                {("t", "b"), ("t", "d")},
            ),
        ],
    )
    def test_it_reads_a_statement(self, query, values, decisions):
        reader = StatementLineage(lambda name: False)
        reader.read(sqlglot.parse_one("CREATE TABLE t AS SELECT 1 AS a, 2 AS b, 3 AS c, 4 AS d"))
        found = reader.read_query(sqlglot.parse_one(query, dialect="duckdb"))
        assert found.values["c"] == values
        assert found.decisions == decisions
