"""Members, explanations and golden statements; how long it takes to make one."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

import pytest

from cubes import Query, Sort, Top, open_workspace
from cubes.engine import _compile
from cubes.resolve import resolve
from metadata.errors import UserError

if TYPE_CHECKING:
    from conftest import Star


class TestMembers:
    def test_in_their_order_and_only_those_with_facts(self, star: Star) -> None:
        names = star.engine.members("sales", "customer.name")
        assert names == ["Anna", "Bert", "Cleo", "Unknown"]  # Dora never bought.
        assert star.engine.members("sales", "product.size") == ["small", "medium", "large"]
        assert star.engine.members("sales", "order_date.month_name")[:2] == ["January", "February"]

    def test_the_missing_one_has_its_name(self, star: Star) -> None:
        assert "(empty)" in star.engine.members("sales", "customer.country")
        assert star.engine.members("sales", "customer.country", search="EMPTY") == ["(empty)"]

    def test_found_by_part_of_the_name(self, star: Star) -> None:
        assert star.engine.members("sales", "customer.city", search="mun") == ["Munich"]
        assert star.engine.members("sales", "customer.city", search="%") == []
        assert star.engine.members("sales", "order_date.year", search="202") == [2025]

    def test_under_a_filter(self, star: Star) -> None:
        where = "product.category = 'Toys'"
        assert star.engine.members("sales", "customer.name", where=where) == ["Anna", "Bert"]

    def test_not_more_than_asked(self, star: Star) -> None:
        assert star.engine.members("sales", "customer.name", limit=1) == ["Anna"]
        days = star.engine.members("sales", "order_date.date", limit=2)
        assert days == [date(2025, 1, 10), date(2025, 1, 15)]
        with pytest.raises(UserError, match="'limit' must be 1 or more"):
            star.engine.members("sales", "customer.name", limit=0)

    def test_mistakes_are_told(self, star: Star) -> None:
        with pytest.raises(UserError, match="Did you mean 'sales'"):
            star.engine.members("sale", "customer.name")
        with pytest.raises(UserError, match="has no level 'nam'"):
            star.engine.members("sales", "customer.nam")


GOLDEN = {
    "plain": Query("sales", ("revenue", "cost_share"), ("customer.country",), where="order_date.year = 2025 and customer.country <> 'Germany'"),
    "totals": Query("sales", ("buyers", "toy_revenue"), ("product.category", "product.size"), ("order_date.month_name",), totals=True),
    "top": Query("sales", ("lines",), ("product.name",), ("order_date.month",), top=Top(2, "buyers"), limit=20),
    "top_with_totals": Query("sales", ("pieces",), ("customer.name",), totals=True, sort=(Sort("pieces", True),), top=Top(2, "pieces"), limit=5),
    "stock": Query("stock", ("pieces", "opening"), ("store.name",), ("day.month",), where="day.year = 2025 and product.name like 'P%'", totals=True),
    "rollup": Query("sales", ("revenue", "lines"), ("order_date.month",), totals=True),
}  # fmt: skip


@pytest.mark.parametrize("name", GOLDEN)
def test_statements(star: Star, golden: Callable[[str, str], None], name: str) -> None:
    golden(f"{name}.sql", star.engine.explain(GOLDEN[name]).sql + "\n")


@pytest.mark.parametrize("name", GOLDEN)
def test_what_is_explained_is_what_runs(star: Star, name: str) -> None:
    result = star.engine.query(GOLDEN[name])
    assert result.sql == star.engine.explain(GOLDEN[name]).sql
    by_hand = star.connection.cursor().sql(result.sql).fetchall()
    assert by_hand == [tuple(row.values()) for row in result.table.to_pylist()]


def test_statements_are_made_in_a_few_milliseconds(star: Star) -> None:
    taken = []
    with star.engine._database.reading() as reader:
        for _ in range(5):
            for query in GOLDEN.values():
                began = time.process_time()
                compiled = _compile(resolve(star.repository, query), reader.catalogue)
                compiled.statement.sql("duckdb")
                taken.append(time.process_time() - began)
    assert statistics.median(taken) < 0.010


def test_a_workspace_is_opened_by_its_folder(tmp_path: object) -> None:
    with pytest.raises(UserError):
        open_workspace(str(tmp_path))
