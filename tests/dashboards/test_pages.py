"""The pages run as Streamlit runs them, without a browser."""

from __future__ import annotations

from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from cubes import Query
from dashboards import data, loads, server
from dashboards.wording import Figures
from metadata import load_workspace
from pipelines.run import run


def _app(**address) -> AppTest:
    app = AppTest.from_file(str(server.SHELL), default_timeout=60)
    for name, value in address.items():
        app.query_params[name] = value
    return app.run()


def _page(name: str, **address) -> AppTest:
    """One page by itself, without the frame around it."""
    app = AppTest.from_string(f"from dashboards import {name}\n{name}.page()", default_timeout=60)
    for key, value in address.items():
        app.query_params[key] = value
    return app.run()


def test_the_portal_shows_the_engines_figures(workspace, ask):
    app = _app()
    assert not app.exception
    shown = {metric.label: metric for metric in app.metric}
    table = ask(
        Query("sales", ("revenue", "margin_rate", "orders"), where="order_date.month = '2025-02'")
    ).table
    figures = Figures()
    for label, name, kind in (
        ("Revenue", "revenue", "currency"),
        ("Margin rate", "margin_rate", "percent"),
        ("Orders", "orders", "integer"),
    ):
        assert shown[label].value == figures.short(table.column(name).to_pylist()[0], kind)
    assert shown["Revenue"].delta.startswith("\u221298.7%"), "the sign says it, not only the colour"
    assert app.selectbox[0].value == "2025-02"


def test_the_portals_period_stands_in_the_address(workspace):
    app = _app(month="2024-02", span="year")
    assert app.selectbox[0].value == "2024-02"
    app.selectbox[0].select("2025-02").run()
    assert "month" not in app.query_params, "the latest month is what a bare link shows"
    assert app.query_params["span"] == "year"


def test_an_address_with_nonsense_shows_the_latest_month(workspace):
    app = _app(month="never", span="decade")
    assert not app.exception and app.selectbox[0].value == "2025-02"


def test_before_the_first_load_every_page_says_how_to_begin(empty):
    data.open_workspace(empty)
    app = _app()
    assert not app.exception and not app.metric
    assert any("There is no data here yet" in m.value for m in app.markdown)
    assert any("`rapport run`" in m.value for m in app.markdown)


def test_a_failure_is_explained_without_its_inside(workspace, monkeypatch):
    def fail(query):
        raise RuntimeError("secret detail")

    monkeypatch.setattr(data, "ask", fail)
    app = _app()
    assert app.error and "could not be shown" in app.error[0].value
    assert not app.exception
    assert not any("secret" in str(element) for element in app)


@pytest.mark.parametrize("show", ["table", "chart", "sql"])
def test_explore_shows_what_the_address_asks(workspace, show):
    app = _page("explore", cube="sales", measures="revenue,orders", rows="customer.country",
                show=show)  # fmt: skip
    assert not app.exception and app.title[0].value == "Sales"
    assert app.multiselect(key="explore_measures").value == ["revenue", "orders"]
    assert bool(app.code) == (show == "sql")


def test_explores_controls_write_the_address(workspace):
    app = _page("explore", cube="sales", measures="revenue", rows="customer.country")
    app.multiselect(key="explore_columns").select("order_date.year").run()
    app.toggle(key="explore_totals").set_value(False).run()
    assert app.query_params["columns"] == "order_date.year"
    assert app.query_params["totals"] == "no"
    app.selectbox(key="explore_cube").select("orders").run()
    assert app.query_params["cube"] == "orders" and "columns" not in app.query_params


def test_explore_finds_nothing_and_says_what_to_do(workspace):
    address = {"only.customer.country": "Atlantis"}
    app = _page("explore", cube="sales", measures="revenue", rows="customer.country", **address)
    assert not app.exception
    assert any("Nothing matches" in m.value for m in app.markdown)


def test_loads_tells_where_every_row_went(workspace):
    app = _page("loads")
    shown = {metric.label: metric.value for metric in app.metric}
    balances = workspace.operations.balances()
    assert shown["Rows taken in"] == f"{sum(b.landed for b in balances):,}"
    assert shown["Rows refused"] == str(sum(b.quarantined for b in balances)) != "0"
    frames = [frame.value for frame in app.dataframe]
    assert any("Why" in frame.columns and len(frame) == 1 for frame in frames)


def test_loads_before_the_first_run(empty):
    data.open_workspace(empty)
    app = _page("loads")
    assert not app.exception and any("Nothing was loaded yet" in m.value for m in app.markdown)


def test_loads_tells_a_failed_run_and_what_still_stands(empty):
    orders = empty / "data" / "orders.csv"
    kept = orders.read_bytes()
    assert run(load_workspace(empty)).ok
    orders.unlink()
    assert not run(load_workspace(empty)).ok
    data.open_workspace(empty)
    app = _page("loads")
    assert not app.exception
    assert "The latest load failed" in app.error[0].value and "version 1" in app.error[0].value
    assert app.warning, "what to mend is listed"
    orders.write_bytes(kept)


def test_loads_tells_which_tables_are_late_and_when_others_are_due(empty, monkeypatch):
    rules = empty / "maintenance" / "rules.yaml"
    rules.parent.mkdir()
    rules.write_text(
        "maintenance: soon\nof: shop.orders\nfresh: 26 hours\n---\n"
        "maintenance: in_time\nof: shop.products\nfresh: 7 days\n"
    )
    assert run(load_workspace(empty)).ok
    data.open_workspace(empty)
    in_three_days = loads._now() + timedelta(days=3)
    monkeypatch.setattr(loads, "_now", lambda: in_three_days)
    app = _page("loads")
    assert not app.exception
    (frame,) = [f.value for f in app.dataframe if "Due" in f.value.columns]
    states = dict(zip(frame["Source table"], frame["State"], strict=True))
    due = dict(zip(frame["Source table"], frame["Due"], strict=True))
    assert next(iter(states.items())) == ("shop.orders", "✕ late")
    assert (states["shop.products"], states["shop.customers"]) == ("✓ read", "✓ read")
    assert due["shop.products"] and not due["shop.customers"]
    assert "1 source table is late" in app.warning[0].value
    assert "maintenance/rules.yaml:3" in app.warning[1].value
