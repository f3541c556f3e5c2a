"""Northwind from a real PostgreSQL: every figure is compared with SQL asked of the source itself.

Prices and discounts are REAL there; PostgreSQL shows a REAL as the shortest decimal that means it,
so `::numeric` is what the buyer was told, and both sides compute in decimals.
"""

from __future__ import annotations

from decimal import Decimal

import psycopg
import pytest
from lineage_comparison import differences, read

from cubes import Cell
from metadata import load_workspace
from pipelines.explain import explain
from pipelines.run import run

pytestmark = pytest.mark.servers

NET = "sum(d.quantity * d.unit_price::numeric * (1 - d.discount::numeric))"
GROSS = "sum(d.quantity * d.unit_price::numeric)"
LINES = """
    from order_details d join orders o using (order_id) join products p using (product_id)
    join categories using (category_id) join customers c using (customer_id)
    left join employees e using (employee_id)
"""


@pytest.fixture(scope="module")
def northwind(northwind_url, load):
    return load("northwind")


def test_what_loads_is_not_refused(northwind):
    assert northwind.complaints() == []


def test_the_grand_totals(northwind, in_postgres):
    ours = northwind.total(
        "revenue", "gross_revenue", "discount", "quantity", "lines", "orders", "buyers",
        "products_sold",
    )  # fmt: skip
    theirs = in_postgres(
        f"select {NET}, {GROSS}, {GROSS} - {NET}, sum(d.quantity), count(*),"
        " count(distinct order_id), count(distinct customer_id), count(distinct product_id)"
        f" {LINES}"
    )
    assert ours == theirs[()]
    assert ours[0] == Decimal("1265793.0395")
    assert ours[4:] == (2155, 830, 89, 77)


@pytest.mark.parametrize(
    ("levels", "sql"),
    [
        ("order_date.year", "extract(year from o.order_date)::int"),
        ("order_date.month", "to_char(o.order_date, 'YYYY-MM')"),
        ("customer.country", "c.country"),
        ("customer.name", "regexp_replace(c.company_name, ' +', ' ', 'g')"),
        ("product.category", "category_name"),
        ("product.name", "p.product_name"),
        ("employee.name", "concat_ws(' ', e.first_name, e.last_name)"),
        ("order.delivery_country", "o.ship_country"),
        ("product.category customer.country", "category_name, c.country"),
        ("order_date.year product.category", "extract(year from o.order_date)::int, category_name"),
    ],
)
def test_sales_by(northwind, in_postgres, levels, sql):
    keys = len(levels.split())
    ours = northwind.by(levels, "revenue", "quantity", "lines")
    theirs = in_postgres(
        f"select {sql}, {NET}, sum(d.quantity), count(*) {LINES}"
        f" group by {', '.join(str(n + 1) for n in range(keys))}",
        keys,
    )
    assert ours == theirs


def test_sales_by_what_the_workspace_added(northwind, in_postgres):
    ours = northwind.by("product.supplier_country product.supplier", "revenue")
    theirs = in_postgres(
        f"select s.country, s.company_name, {NET} {LINES}"
        " join suppliers s using (supplier_id) group by 1, 2",
        2,
    )
    assert ours == theirs


def test_orders_and_their_delivery(northwind, in_postgres):
    ours = northwind.by(
        "order.delivery_method", "orders", "freight", "shipped_orders", "late_shipments",
        cube="orders",
    )  # fmt: skip
    theirs = in_postgres(
        """
        select s.company_name, count(*), sum(o.freight::numeric), count(o.shipped_date),
               count(*) filter (where o.shipped_date > o.required_date)
        from orders o join shippers s on s.shipper_id = o.ship_via group by 1
        """,
        1,
    )
    assert ours == theirs
    assert northwind.total("orders", "shipped_orders", cube="orders") == (830, 809)


def test_the_stock(northwind, in_postgres):
    ours = northwind.by("product.category", "on_hand", "on_order", "below_reorder", cube="stock")
    theirs = in_postgres(
        """
        select category_name, sum(units_in_stock), sum(units_on_order),
               sum((units_in_stock < reorder_level)::int)
        from products join categories using (category_id) group by 1
        """,
        1,
    )
    assert ours == theirs


def test_customers_who_never_bought_are_there_too(northwind):
    [(customers,)] = northwind.select("select count(*) from dim_customer where customer_key > 0")
    assert customers == 91
    assert northwind.total("buyers") == (89,)
    [(codes,)] = northwind.select(
        "select count(*) from dim_customer where customer_key > 0 and country_code is null"
    )
    assert codes == 0, "every country has its code"


def test_a_manager_answers_for_everybody_below(northwind, in_postgres):
    rows = northwind.select(
        """
        select a.name, sum(f.net_amount) from fact_sales f
        join closure_employee c on c.descendant_key = f.employee_key
        join dim_employee a on a.employee_key = c.ancestor_key group by a.name
        """
    )
    theirs = in_postgres(
        f"""
        with recursive tree as (
            select employee_id as boss, employee_id as worker from employees
            union all
            select boss, e.employee_id from tree join employees e on e.reports_to = worker
        )
        select concat_ws(' ', first_name, last_name), {NET} from order_details d
        join orders o using (order_id) join tree on worker = o.employee_id
        join employees on employees.employee_id = boss group by 1
        """,
        1,
    )
    ours = {(name,): (amount,) for name, amount in rows}
    assert ours == theirs
    assert ours[("Andrew Fuller",)] == northwind.total("revenue"), "everybody reports to him"


def test_every_row_is_accounted_for(northwind):
    assert northwind.balances == {
        "contact<northwind.customers": (91, 91, 0, 0, 0),
        "customer<northwind.customers": (91, 91, 0, 0, 0),
        "employee<northwind.employees": (9, 9, 0, 0, 0),
        "order<northwind.orders": (830, 830, 0, 0, 0),
        "order_line<northwind.order_details": (2155, 2155, 0, 0, 0),
        "product<northwind.products": (77, 77, 0, 0, 0),
        "stock<northwind.products": (77, 77, 0, 0, 0),
        "territory<northwind.territories": (53, 53, 0, 0, 0),
    }
    assert northwind.refusals == []


def test_a_new_order_arrives_with_the_next_run(northwind, northwind_url, in_postgres):
    """Last of all, because it changes the source."""
    with psycopg.connect(northwind_url, autocommit=True) as source:
        source.execute(
            "insert into orders (order_id, customer_id, employee_id, order_date, ship_via, freight)"
            " values (11078, 'FISSA', 2, '1998-05-07', 1, 3.25)"
        )
        source.execute("insert into order_details values (11078, 1, 18, 7, 0.05)")
    before = northwind.total("revenue", "lines", "buyers")
    report = run(load_workspace(northwind.engine.repository.root))
    assert report.ok
    assert {s.status for s in report.steps if s.name == "northwind.products"} == {"unchanged"}
    after = northwind.total("revenue", "lines", "buyers")
    assert after == (before[0] + Decimal("119.70"), before[1] + 1, before[2] + 1)
    theirs = in_postgres(f"select {NET}, count(*), count(distinct customer_id) {LINES}")
    assert after == theirs[()]


def test_the_declared_lineage_is_what_the_statements_did(northwind):
    repository = northwind.engine.repository
    assert not differences(repository, read(repository, northwind.statements))


def test_a_figure_is_explained_down_to_the_rows_of_the_database(northwind, in_postgres):
    members = {"customer.country": "Germany", "order_date.year": 1997}
    cell = Cell("sales", "revenue", members=members)
    found = explain(northwind.engine.repository, cell, limit=1000)
    theirs = in_postgres(
        "select d.order_id::text, d.product_id::text,"
        " d.quantity * d.unit_price::numeric * (1 - d.discount::numeric)"
        " from order_details d join orders o using (order_id) join customers c using (customer_id)"
        " where c.country = 'Germany' and extract(year from o.order_date) = 1997",
        2,
    )
    ours = {}
    for row in found.facts.shown:
        line = found.sources[row.sources[0].row]
        ours[tuple(line.landed.key.values())] = (row.parts[0].value,)
        customer = next(member for member in row.members if member.role == "customer")
        behind = found.sources[customer.row]
        assert behind.landed.key == {"customer_id": customer.natural_key}
        assert behind.came["country"] == "Germany"
    assert ours == theirs
    assert found.facts.counted == len(theirs) > 100
    assert found.holds


def test_an_average_is_explained_from_the_database_too(northwind, in_postgres):
    cell = Cell("sales", "average_order_value", where="customer.country = 'Austria'")
    found = explain(northwind.engine.repository, cell, limit=3)
    theirs = in_postgres(
        f"select {NET} / count(distinct order_id), count(*) {LINES} where c.country = 'Austria'"
    )
    assert (pytest.approx(float(found.value)), found.facts.counted) == (
        float(theirs[()][0]),
        theirs[()][1],
    )
    assert found.holds
