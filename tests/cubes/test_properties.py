"""What holds whatever is asked: totals are the sums of their parts, and filters split facts."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from conftest import Star

LEVELS = (
    "order_date.year", "order_date.month", "order_date.month_name", "order_date.is_weekend",
    "paid_date.month", "customer.country", "customer.city", "customer.since", "customer.score",
    "customer.vip", "product.category", "product.size",
)  # fmt: skip
STOCK_LEVELS = ("day.month", "day.date", "day.is_weekend", "store.name", "product.category")

conditions = st.sampled_from(
    [
        "customer.country = 'Germany'",
        "customer.country in ('France', '(empty)')",
        "customer.city like '%i%'",
        "customer.score > 4",
        "customer.vip",
        "order_date.month = '2025-01'",
        "order_date.date >= '2025-02-01'",
        "product.size <> 'small'",
        "paid_date.date is null",
        "product.category between 'A' and 'P'",
    ]
)
filters = st.recursive(
    conditions,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda two: f"({two[0]} and {two[1]})"),
        st.tuples(inner, inner).map(lambda two: f"({two[0]} or {two[1]})"),
        inner.map(lambda one: f"not ({one})"),
    ),
    max_leaves=4,
)


def axes(levels: tuple[str, ...]) -> st.SearchStrategy[tuple[str, str]]:
    """Some levels, dealt out to rows and columns."""
    chosen = st.lists(st.sampled_from(levels), unique=True, max_size=4)
    return st.tuples(chosen, st.integers(0, 4)).map(
        lambda dealt: (" ".join(dealt[0][: dealt[1]]), " ".join(dealt[0][dealt[1] :]))
    )


def totals_and_sums(found: list[tuple[Any, ...]], levels: int) -> tuple[Any, Any]:
    """The totals as they were sent, and what adding up the leaves gives; without empty figures."""
    totals: dict[Any, Any] = {}
    sums: dict[Any, Any] = defaultdict(lambda: [0, 0])
    masks = {row[-1] for row in found}
    for row in found:
        members, figures, mask = row[:levels], row[levels:-1], row[-1]
        totals[mask, members] = [figure or 0 for figure in figures]
        if mask == 0:
            for each in masks:
                kept = tuple(
                    None if each >> (levels - 1 - place) & 1 else member
                    for place, member in enumerate(members)
                )
                for place, figure in enumerate(figures):
                    sums[each, kept][place] += figure or 0
    return totals, dict(sums)


@settings(max_examples=60, deadline=None)
@given(axes(LEVELS), st.none() | filters)
def test_totals_of_additive_measures_are_the_sums_of_the_leaves(
    star: Star, asked: tuple[str, str], where: str | None
) -> None:
    found = star.ask("sales", "revenue lines", *asked, where=where, totals=True)
    levels = len(" ".join(asked).split())
    totals, sums = totals_and_sums(found, levels)
    if levels and not sums:
        sums = {key: [0, 0] for key in totals}
    assert totals == sums


@settings(max_examples=40, deadline=None)
@given(axes(("store.name", "product.category", "product.size")), st.sampled_from(
    [None, "day.month = '2025-01'", "store.name = 'South'", "product.name <> 'Lamp'"]
))  # fmt: skip
def test_totals_of_stocks_are_the_sums_of_the_leaves_but_for_time(
    star: Star, asked: tuple[str, str], where: str | None
) -> None:
    found = star.ask("stock", "pieces opening", *asked, where=where, totals=True)
    totals, sums = totals_and_sums(found, len(" ".join(asked).split()))
    assert totals == sums


@settings(max_examples=60, deadline=None)
@given(axes(LEVELS), filters)
def test_a_filter_and_its_opposite_share_all_facts(
    star: Star, asked: tuple[str, str], where: str
) -> None:
    def lines(text: str | None) -> dict[Any, int]:
        return {row[:-1]: row[-1] for row in star.ask("sales", "lines", *asked, where=text)}

    whole, inside, outside = lines(None), lines(where), lines(f"not ({where})")
    for members, count in whole.items():
        assert inside.get(members, 0) + outside.get(members, 0) == count


@settings(max_examples=40, deadline=None)
@given(axes(LEVELS), st.none() | filters, st.sampled_from(["buyers", "cost_share", "receipts"]))
def test_leaves_are_the_same_with_and_without_totals(
    star: Star, asked: tuple[str, str], where: str | None, measure: str
) -> None:
    plain = star.ask("sales", measure, *asked, where=where)
    totalled = star.ask("sales", measure, *asked, where=where, totals=True)
    assert [row[:-1] for row in totalled if row[-1] == 0] == plain


@settings(max_examples=15, deadline=None)
@given(axes(STOCK_LEVELS))
def test_every_total_is_what_asking_for_it_alone_gives(star: Star, asked: tuple[str, str]) -> None:
    rows, columns = (text.split() for text in asked)
    found = star.ask("stock", "pieces worth_per_piece", *asked, totals=True)
    for kept_rows in range(len(rows) + 1):
        for kept_columns in range(len(columns) + 1):
            kept = [*rows[:kept_rows], *columns[:kept_columns]]
            alone = star.ask("stock", "pieces worth_per_piece", " ".join(kept))
            names = rows + columns
            mask = sum(1 << (len(names) - 1 - i) for i, n in enumerate(names) if n not in kept)
            among = [
                (*(m for n, m in zip(names, row, strict=False) if n in kept), *row[-3:-1])
                for row in found
                if row[-1] == mask
            ]
            assert sorted(among, key=str) == sorted(alone, key=str)
