"""Labels that facts carry themselves (degenerate dimensions) are levels by their bare names."""

from __future__ import annotations

import shutil

import pytest

from cubes import Top
from metadata import load_workspace
from metadata.errors import UserError


def test_they_group_total_and_cross_with_levels_of_dimensions(star):
    assert star.ask("sales", "revenue lines", "kind", totals=True) == star.by_hand(
        """select kind, sum(amount), count(*), grouping(kind) from fact_sales
        group by grouping sets ((kind), ()) order by 4, 1"""
    )
    assert star.ask("sales", "buyers", "product.category", "kind") == star.by_hand(
        """select category, kind, count(distinct person_id)
        from fact_sales join dim_product using (product_key) join dim_customer using (customer_key)
        group by all order by 1, 2"""
    )


def test_they_filter_and_choose_the_top(star):
    assert star.ask("sales", "lines", "receipt", where="kind = 'return'") == [("R7", 1)]
    assert star.ask("sales", "lines", where="kind <> 'return' and product.name = 'Pen'") == [(4,)]
    assert star.ask("sales", "revenue", "receipt", top=Top(2, "revenue")) == star.by_hand(
        "select receipt, sum(amount) from fact_sales group by 1 order by 2 desc limit 2"
    )


def test_their_members_are_those_of_the_facts(star):
    assert star.engine.members("sales", "kind") == ["return", "sale"]
    assert star.engine.members("sales", "kind", search="RET") == ["return"]


def test_a_name_that_does_not_exist_is_told(star):
    with pytest.raises(UserError) as caught:
        star.ask("sales", "revenue", "recipt")
    assert "Did you mean 'receipt'?" in str(caught.value)


def test_they_may_stand_in_rollups_and_defaults_but_not_under_a_measures_name(workspace, tmp_path):
    root = tmp_path / "own"
    shutil.copytree(workspace, root, ignore=shutil.ignore_patterns("var", "*.duckdb"))
    path = root / "cubes" / "more.yaml"
    path.write_text(
        "cube: kinds\nfact: sales\ndimensions: {product: product}\n"
        "measures: {lines: {count: '*'}, receipt: {sum: amount}}\n"
        "rollups: {by_kind: {by: [kind, product.name], measures: [lines]}}\n"
        "default: {rows: [kind]}\n"
    )
    cube = load_workspace(root, shipped=False).cubes["kinds"]
    assert "kind" in cube.levels and "receipt" not in cube.levels
    path.write_text(path.read_text().replace("rows: [kind]", "rows: [receipt]"))
    with pytest.raises(UserError, match="'receipt' is a measure of cube 'kinds'"):
        load_workspace(root, shipped=False)
