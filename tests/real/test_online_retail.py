"""Online Retail from one flat Parquet file: customers, products, orders and lines of one table.

Decisions, the same on both sides: rows that are equal in every column are genuine lines and all
count; an invoice beginning with C is a return; one beginning with A, or a line without price and
customer, is a correction and no sale. Lines without a customer stand with the unknown one.
"""

from __future__ import annotations

from decimal import Decimal

import pytest
from lineage_comparison import differences, read

from cubes import Cell
from pipelines.explain import explain

PORTUGAL = {"order.delivery_country": "Portugal", "order_date.month": "2010-03"}
KIND = """case when Invoice like 'C%' then 'Return'
          when Invoice like 'A%' or (Price = 0 and "Customer ID" is null) then 'Correction'
          else 'Sale' end"""
AMOUNT = "Quantity * cast(Price as decimal(18, 4))"
BOOKED = f"""
    (select *, {KIND} as kind, {AMOUNT} as amount, upper(trim(StockCode)) as product,
            cast("Customer ID" as bigint)::varchar as customer from lines) as booked
"""
REVENUE = "sum(amount) filter (kind <> 'Correction')"
PIECES = "sum(Quantity) filter (kind <> 'Correction')"


@pytest.fixture(scope="module")
def shop(load):
    return load("online_retail")


def test_what_loads_is_not_refused(shop):
    assert shop.complaints() == []


def test_the_grand_totals(shop, in_files):
    ours = shop.total(
        "revenue", "sold_revenue", "returned_revenue", "corrections", "quantity",
        "corrected_quantity", "lines", "orders", "returns", "buyers", "products_sold",
    )  # fmt: skip
    theirs = in_files(
        f"""
        select {REVENUE}, sum(amount) filter (kind = 'Sale'), sum(amount) filter (kind = 'Return'),
               sum(amount) filter (kind = 'Correction'), {PIECES},
               sum(Quantity) filter (kind = 'Correction'), count(*),
               count(distinct Invoice) filter (kind = 'Sale'),
               count(distinct Invoice) filter (kind = 'Return'),
               count(distinct customer) filter (kind = 'Sale'),
               count(distinct product) filter (kind = 'Sale') from {BOOKED}
        """
    )
    assert ours == theirs[()]
    assert ours[0] == Decimal("9676036.6540")
    assert ours[3] == Decimal("-136552.02"), "three bad debts; corrections of stock have no price"
    assert ours[6:10] == (525461, 20953, 4592, 4314)


def test_nothing_of_the_export_is_lost(shop, in_files):
    theirs = in_files(f"select sum({AMOUNT}) from lines")
    revenue, corrections = shop.total("revenue", "corrections")
    assert (revenue + corrections,) == theirs[()]


@pytest.mark.parametrize(
    ("levels", "sql"),
    [
        ("order_date.year", "year(InvoiceDate::date)"),
        ("order_date.month", "left(InvoiceDate, 7)"),
        ("order_date.date", "InvoiceDate::date"),
        ("order.delivery_country", "Country"),
        ("product.product_id", "product"),
        ("order_date.quarter order.delivery_country",
         "concat(year(InvoiceDate::date), '-Q', quarter(InvoiceDate::date)), Country"),
    ],
    ids=lambda text: text if "." in text and " " not in text else "",
)  # fmt: skip
def test_sales_by(shop, in_files, levels, sql):
    keys = len(levels.split())
    ours = shop.by(levels, "revenue", "quantity", "lines")
    theirs = in_files(
        f"select {sql}, {REVENUE}, {PIECES}, count(*) from {BOOKED}"
        f" group by {', '.join(str(n + 1) for n in range(keys))}",
        keys,
    )
    assert ours == theirs


def test_sales_by_country_of_the_customer(shop, in_files):
    """A customer's country is that of the newest line, 'Unspecified' being none."""
    ours = shop.by("customer.country", "revenue", "lines")
    theirs = in_files(
        f"""
        with newest as (
            select customer, arg_max(Country, InvoiceDate) as home from {BOOKED}
            where customer is not null group by 1
        )
        select case when customer is null then 'Unknown' when home = 'Unspecified' then '(empty)'
               else home end, {REVENUE}, count(*)
        from {BOOKED} left join newest using (customer) group by 1
        """,
        1,
    )
    assert ours == theirs


def test_sales_by_category(shop, in_files):
    ours = shop.by("product.category", "revenue", "corrections", "lines")
    theirs = in_files(
        f"""
        select case when product in ('POST', 'DOT', 'C2', 'C3') then 'Postage and carriage'
                    when product in ('AMAZONFEE', 'BANK CHARGES') then 'Fees'
                    when product = 'D' then 'Discounts' when product = 'B' then 'Bad debts'
                    when product = 'S' then 'Samples' when product like 'TEST%' then 'Tests'
                    when product like 'GIFT%' then 'Gift vouchers'
                    when product similar to '[0-9]{{5}}.*|DCGS.*|SP[0-9].*|PADS.*' then 'Goods'
                    else 'Manual entries' end,
               {REVENUE}, sum(amount) filter (kind = 'Correction'), count(*)
        from {BOOKED} group by 1
        """,
        1,
    )
    assert ours == theirs


def test_lines_without_a_customer_stand_with_the_unknown_one(shop, in_files):
    ours = shop.total("revenue", "lines", where="customer.name = 'Unknown'")
    theirs = in_files(f"select {REVENUE}, count(*) from {BOOKED} where customer is null")
    assert ours == theirs[()]
    assert ours[1] == 107927


def test_rows_that_are_equal_in_every_column_all_count(shop, in_files):
    theirs = in_files(
        """
        select sum(n - 1) from (
            select Invoice, StockCode, Description, Quantity, InvoiceDate, Price, "Customer ID",
                   Country, count(*) as n from lines group by all
        )
        """
    )
    assert theirs[()] == (6865,)
    [(lines, keys)] = shop.select("select count(*), count(distinct order_line_id) from fact_sales")
    assert lines == keys == 525461


def test_customers_and_products_are_merged_from_their_lines(shop, in_files):
    rows = shop.select(
        "select customer_id, customer_since from dim_customer where customer_key > 0"
    )
    theirs = in_files(
        'select cast("Customer ID" as bigint)::varchar, min(InvoiceDate)::date from lines'
        ' where "Customer ID" is not null group by 1',
        1,
    )
    assert {(customer,): (since,) for customer, since in rows} == theirs
    assert len(theirs) == 4383
    [(products,)] = shop.select("select count(*) from dim_product where product_key > 0")
    theirs = in_files("select count(distinct upper(trim(StockCode))) from lines")
    assert (products,) == theirs[()] == (4480,)


def test_a_product_is_named_by_its_newest_sale_and_not_by_a_remark(shop):
    rows = shop.select("select name from dim_product where product_id in ('85123A', '22423')")
    assert sorted(rows) == [("REGENCY CAKESTAND 3 TIER",), ("WHITE HANGING HEART T-LIGHT HOLDER",)]


def test_orders_are_merged_from_their_lines(shop, in_files):
    assert shop.total("orders", "customers", cube="orders") == (20953, 4314)
    assert shop.by("order.kind", "lines") == {
        ("Correction",): (3319,),
        ("Order",): (511936,),
        ("Return",): (10206,),
    }


def test_every_row_is_accounted_for(shop):
    assert shop.balances == {
        "customer<shop.invoice_lines": (525461, 4383, 0, 413151, 107927),
        "order<shop.invoice_lines": (525461, 28816, 0, 496645, 0),
        "order_line<shop.invoice_lines": (525461, 525461, 0, 0, 0),
        "product<shop.invoice_lines": (525461, 4480, 0, 520981, 0),
    }
    assert shop.refusals == []


def test_the_declared_lineage_is_what_the_statements_did(shop):
    repository = shop.engine.repository
    assert not differences(repository, read(repository, shop.statements))


class TestAFigureExplained:
    """Portugal in March 2010, down to the lines of the Parquet file."""

    def test_is_made_of_the_lines_of_the_file(self, shop, in_files):
        found = explain(
            shop.engine.repository, Cell("sales", "revenue", members=PORTUGAL), limit=500
        )
        ours = {}
        for row in found.facts.shown:
            own = found.sources[row.sources[0].row]
            ours[(own.landed.row,)] = (own.came["StockCode"], row.parts[0].value)
        theirs = in_files(
            f"""
            with numbered as (select row_number() over () as line, * from lines)
            select line, StockCode, {AMOUNT} from (select *, {KIND} as kind from numbered)
            where Country = 'Portugal' and left(InvoiceDate, 7) = '2010-03' and kind <> 'Correction'
            """,
            1,
        )
        assert ours == theirs
        assert len(ours) == found.facts.counted == 102
        assert found.value == sum(amount for _, amount in theirs.values()) == Decimal("2480.80")
        assert found.holds
        assert found.left_out.totals == ()

    def test_of_orders_tells_the_lines_that_were_merged_into_each(self, shop, in_files):
        """An invoice is one order; its dearest line speaks, and the others are merged into it."""
        found = explain(
            shop.engine.repository, Cell("orders", "orders", members=PORTUGAL), limit=500
        )
        theirs = in_files(
            f"""
            with numbered as (select row_number() over () as line, *, {KIND} as kind from lines),
                 ranked as (select *, row_number() over (
                     partition by Invoice order by Price desc, InvoiceDate, line desc) as place
                     from numbered where Country = 'Portugal' and left(InvoiceDate, 7) = '2010-03')
            select line, Invoice from ranked where place > 1 and kind = 'Sale'
            """,
            1,
        )
        merged = [row for row in found.left_out.rows if row.outcome == "merged"]
        ours = {
            (found.sources[row.row].landed.row,): (found.sources[row.row].came["Invoice"],)
            for row in merged
        }
        assert ours == theirs
        assert len(merged) == found.left_out.merged_into_cell == 96
        assert {t.outcome: (t.rows, t.would_be) for t in found.left_out.totals} == {
            "merged": (96, 98),
            "not_a_fact": (4, 6),
        }
        into = {found.sources[row.merged_into].id for row in merged}
        assert into == {row.sources[0].row for row in found.facts.shown}
        assert found.holds
