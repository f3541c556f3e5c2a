"""The pages in a real browser: figures, drilling, links, the phone, the dark."""

from __future__ import annotations

import json
import re
import urllib.request

import pytest
from playwright.sync_api import Page, expect

from cubes import Query
from dashboards.wording import Figures

pytestmark = pytest.mark.browser

PIVOT = "/explore?cube=sales&measures=revenue,margin_rate&rows=customer.country"


def _settled(page: Page) -> None:
    page.wait_for_function(
        "!document.querySelector('[data-testid=stSkeleton], [data-test-script-state=running]')"
    )
    page.wait_for_timeout(250)


def _pivot(page: Page) -> dict[str, list[str]]:
    page.wait_for_selector("table.grid td")
    _settled(page)
    rows = page.eval_on_selector_all(
        "table.grid tbody tr, table.grid tfoot tr",
        "rows => rows.map(row => [...row.children].map(cell => cell.innerText.trim()))",
    )
    return {label: cells for label, *cells in rows}


def test_the_portal_shows_the_engines_figures_and_draws_charts(page_for, ask):
    page = page_for("/")
    expect(page.get_by_test_id("stMetric").first).to_be_visible()
    table = ask(Query("sales", ("revenue",), where="order_date.month = '2025-02'")).table
    revenue = Figures().short(table.column("revenue").to_pylist()[0], "currency")
    tile = page.get_by_test_id("stMetric").filter(has_text="Revenue").first
    expect(tile.get_by_test_id("stMetricValue")).to_have_text(revenue)
    expect(tile.get_by_test_id("stMetricDelta")).to_contain_text("\u2212")
    page.wait_for_selector('[data-testid="stEChartsChart"] canvas')
    _settled(page)
    assert page.errors == []
    assert page.foreign == [], "nothing is fetched from elsewhere"


def test_opening_and_drilling_keep_the_totals(page_for):
    page = page_for(PIVOT)
    before = _pivot(page)
    page.get_by_role("button", name="Open Germany").click()
    expect(page.locator("table.grid")).to_contain_text("Hamburg")
    opened = _pivot(page)
    assert {label: opened[label] for label in before} == before
    page.get_by_role("button", name="Germany", exact=True).click()
    expect(page.get_by_role("button", name="All", exact=True)).to_be_visible()
    drilled = _pivot(page)
    assert drilled["Total"] == before["Germany"]
    assert drilled["Hamburg"] == opened["Hamburg"]
    page.get_by_role("button", name="All", exact=True).click()
    expect(page.locator("table.grid")).to_contain_text("France")
    assert _pivot(page) == before


def test_a_copied_link_reproduces_the_view(page_for):
    page = page_for(PIVOT)
    _pivot(page)
    page.get_by_role("button", name="Open Germany").click()
    expect(page.locator("table.grid")).to_contain_text("Hamburg")
    page.locator("table.grid").get_by_role("button", name="Revenue").click()
    expect(page).to_have_url(re.compile("sort=-revenue"))
    shown = _pivot(page)
    address = page.url.partition("/explore")[2]
    copy = page_for("/explore" + address)
    assert list(_pivot(copy).items()) == list(shown.items())


def test_the_keyboard_reaches_every_row(page_for):
    page = page_for(PIVOT)
    _pivot(page)
    grid = page.locator("table.grid")
    grid.get_by_role("button", name="Germany", exact=True).focus()
    page.keyboard.press("ArrowRight")
    expect(grid).to_contain_text("Hamburg")
    _settled(page)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("drill="))


def test_names_from_data_are_shown_as_text(page_for):
    alarms = []
    page = page_for(PIVOT)
    page.on("dialog", lambda dialog: (alarms.append(dialog.message), dialog.dismiss()))
    assert "<img src=x onerror=alert(1)>" in _pivot(page)
    page.get_by_role("button", name="<img src=x onerror=alert(1)>", exact=True).click()
    # While the page is made anew, Streamlit shows what was there beside what comes.
    expect(page.get_by_role("button", name="All", exact=True).first).to_be_visible()
    _settled(page)
    expect(page.get_by_role("button", name="All", exact=True)).to_have_count(1)
    assert alarms == [] and page.locator("img[src=x]").count() == 0


@pytest.mark.parametrize("path", ["/", PIVOT + "&columns=order_date.year", "/loads"])
def test_a_phone_never_scrolls_sideways(page_for, path):
    page = page_for(path, width=390)
    page.wait_for_selector("h1")
    _settled(page)
    page.wait_for_timeout(800)
    widths = page.evaluate(
        "[document.documentElement, document.querySelector('[data-testid=stMain]')]"
        ".map(each => each.scrollWidth)"
    )
    assert max(widths) <= 390


def test_the_dark_is_dark_and_the_light_is_light(page_for):
    def brightness(scheme: str) -> float:
        page = page_for(PIVOT, scheme=scheme)
        _pivot(page)
        script = "getComputedStyle(document.querySelector({})).backgroundColor"
        colours = [
            page.evaluate(script.format("'.stApp'")),
            page.locator("table.grid tbody th").first.evaluate(
                "cell => getComputedStyle(cell).backgroundColor"
            ),
        ]
        numbers = [int(n) for colour in colours for n in re.findall(r"\d+", colour)[:3]]
        return sum(numbers) / len(numbers)

    assert brightness("dark") < 60 < 200 < brightness("light")


def test_an_empty_page_fills_by_itself_when_the_first_load_is_done(page_for, serve, empty, loader):
    with serve(empty) as address:
        page = page_for("/", address=address)
        expect(page.get_by_text("There is no data here yet")).to_be_visible()
        assert loader(empty).ok
        expect(page.get_by_test_id("stMetric").first).to_be_visible()


def test_pages_and_api_share_one_port(site):
    with urllib.request.urlopen(f"{site}/api/health", timeout=10) as answer:
        assert json.load(answer)["status"] == "ok"
