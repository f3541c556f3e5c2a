"""Which rollup answers, that it answers as the fact does, and why the others do not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cubes import Query, Top

if TYPE_CHECKING:
    from conftest import Star

# Asking for the number of buyers too keeps the engine on the fact.
FROM_FACT = "buyers"


@pytest.mark.parametrize(
    ("asked", "more", "rollup"),
    [
        (("revenue", "order_date.month", ""), {}, "by_month"),
        (("revenue cost cost_share", "order_date.month", ""), {"totals": True}, "by_month"),
        (("revenue lines", "customer.country", "order_date.month"), {"totals": True}, "by_month_country"),
        (("lines", "", ""), {"where": "order_date.month > '2025-01'"}, "by_month_country"),
        (("lines", "", ""), {"where": "customer.country = 'Nowhere'"}, "by_month_country"),
        (("lines revenue", "order_date.month", ""), {"where": "customer.country is null", "totals": True}, "by_month_country"),
        (("cost", "customer.country", ""), {"top": Top(2, "lines")}, "by_month_country"),
        (("cost_share", "customer.country", ""), {"limit": 2}, "by_month_country"),
    ],
)  # fmt: skip
def test_a_rollup_answers_as_the_fact_does(
    star: Star, asked: tuple[str, str, str], more: dict[str, Any], rollup: str
) -> None:
    measures, rows, columns = asked
    quick = star.result("sales", *asked, **more)
    slow = star.result("sales", f"{measures} {FROM_FACT}", rows, columns, **more)
    assert (quick.rollup, slow.rollup) == (rollup, None)
    assert quick.table.equals(slow.table.drop_columns([FROM_FACT]))


@pytest.mark.parametrize(
    ("query", "rollup", "why"),
    [
        (Query("sales", ("buyers",)), "by_month", "'buyers' is non-additive."),
        (Query("sales", ("revenue_per_buyer",)), "by_month", "'buyers' is non-additive."),
        (Query("sales", ("pieces",)), "by_month", "it does not hold the measure 'pieces'."),
        (
            Query("sales", ("revenue",), ("customer.city",)),
            "by_month",
            "it does not keep the level 'customer.city'.",
        ),
        (
            Query("sales", ("revenue",), where="customer.vip"),
            "by_month_country",
            "it does not keep the level 'customer.vip'.",
        ),
        (
            Query("sales", ("revenue",), ("order_date.month_name",)),
            "by_name",
            "it does not keep the level 'order_date.month_of_year'.",
        ),
        (
            Query("sales", ("pieces",), ("product.category",)),
            "not_built",
            "version 1 does not have it.",
        ),
    ],
)
def test_the_explanation_says_why_not(star: Star, query: Query, rollup: str, why: str) -> None:
    explained = star.engine.explain(query)
    assert explained.used == "fact_sales"
    assert f"Rollup '{rollup}' does not fit: {why}" in explained.notes


def test_the_explanation_says_which(star: Star) -> None:
    explained = star.engine.explain(Query("sales", ("revenue",)))
    assert explained.used == "rollup_sales_by_month"
    assert explained.notes == ("Rollup 'by_month' fits, with 4 rows.",)
    assert star.engine.explain(Query("stock", ("counts",))).notes == (
        "The cube 'stock' declares no rollup.",
    )
