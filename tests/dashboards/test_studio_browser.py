"""The studio in a real browser: forms on a phone and in the dark, broken files mended, two at once."""

from __future__ import annotations

import json
import shutil

import pytest
from playwright.sync_api import Page, expect

from dashboards import data
from metadata.yaml_tree import parse_documents

pytestmark = pytest.mark.browser

EVERYWHERE = (
    "view=sources&at=shop",
    "view=sources&at=shop&part=customers&tab=reading",
    "view=mappings&at=customer%3Cshop.customers&part=email",
    "view=mappings&at=customer%3Cshop.customers&tab=rows",
    "view=lookups&at=segments",
    "view=model&at=dimension:customer",
    "view=model&at=fact:sales&tab=form",
    "view=cubes&at=cube:sales&tab=measures",
    "view=policies&at=quality:enough",
    "view=settings",
    "view=settings&at=portal:&tab=charts",
    "view=files&at=workspace.yaml",
    "view=changes",
)
UNNAMED = """() => [...document.querySelectorAll(
    '[data-testid=stMain] input:not([type=hidden]), [data-testid=stMain] textarea,'
    + '[data-testid=stMain] button'
  )].filter(each => each.offsetParent && !(
    each.getAttribute('aria-label') || each.labels?.length || each.textContent.trim()
    || each.getAttribute('aria-labelledby') || each.title || each.closest('[aria-label]')
  )).map(each => each.outerHTML.slice(0, 160))"""


@pytest.fixture(scope="module")
def shop(company, tmp_path_factory):
    """The loaded company with something of everything, to be edited."""
    root = tmp_path_factory.mktemp("browsed") / "shop"
    shutil.copytree(company, root)
    (root / "quality").mkdir()
    (root / "quality/enough.yaml").write_text(
        "# how many there must be\nquality: enough\nof: fact_sales\nrows: {least: 3}\n"
    )
    return root


@pytest.fixture(scope="module")
def address(shop, serve):
    with serve(shop) as found:
        yield found


def settled(page: Page) -> None:
    page.wait_for_selector("h1")
    page.wait_for_function(
        "!document.querySelector('[data-testid=stSkeleton], [data-testid=stSpinner],"
        " [data-test-script-state=running]')"
    )
    page.wait_for_timeout(250)


def saved(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved 1 file.").first).to_be_visible()


def test_every_form_fits_a_phone_in_the_dark_and_each_field_has_a_name(page_for, address):
    page = page_for("/studio", width=390, scheme="dark", address=address)
    for where in EVERYWHERE:
        page.goto(f"{address}/studio?{where}")
        settled(page)
        sizes = page.evaluate(
            "(main => [main.scrollWidth, main.clientWidth])"
            "(document.querySelector('[data-testid=stMain]'))"
        )
        assert sizes[0] <= sizes[1], f"{where} is wider than the screen"
        assert page.evaluate(UNNAMED) == [], where
        assert page.get_by_test_id("stException").count() == 0, where
        assert page.get_by_text("could not be shown").count() == 0, where
    assert page.errors == [] and page.foreign == []


def test_a_policy_is_edited_beside_its_yaml_and_saved_with_its_comments(page_for, address, shop):
    page = page_for("/studio?view=policies&at=quality:enough", width=1440, address=address)
    settled(page)
    least = page.get_by_role("textbox", name="Least")
    least.fill("x")
    least.press("Tab")
    expect(page.get_by_text("should be a valid integer").first).to_be_visible()
    least.fill("4")
    least.press("Tab")
    expect(page.get_by_text("should be a valid integer")).to_have_count(0)
    expect(page.get_by_role("textbox", name="Text of quality/enough.yaml")).to_have_value(
        "# how many there must be\nquality: enough\nof: fact_sales\nrows: {least: 4}\n"
    )
    page.get_by_role("button", name="Review").click()
    saved(page)
    assert "# how many there must be\n" in (shop / "quality/enough.yaml").read_text()
    assert "{least: 4}" in (shop / "quality/enough.yaml").read_text()


def test_of_two_people_the_second_is_told_and_nothing_is_overwritten(page_for, address, shop):
    file = shop / "mappings/product.yaml"
    where = "/studio?view=files&at=mappings/product.yaml"
    first, second = (page_for(where, width=1440, address=address) for _ in range(2))
    for page, line in ((first, "# hers\n"), (second, "# his\n")):
        settled(page)
        editor = page.get_by_role("textbox", name="mappings/product.yaml")
        text = file.read_text()
        editor.fill(text + line if page is first else line + text)
        expect(page.get_by_role("button", name="1 file edited")).to_be_visible()
    first.get_by_role("button", name="Review").click()
    saved(first)
    assert file.read_text().endswith("# hers\n")
    second.get_by_role("button", name="Review").click()
    expect(second.get_by_text("Somebody else changed what you are changing")).to_be_visible()
    expect(second.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    second.get_by_role("button", name="Bring both together").click()
    settled(second)
    assert "# his" not in file.read_text(), "nothing is written before it is saved"


def test_a_workspace_with_a_broken_file_is_served_and_mended(page_for, serve, empty):
    path = empty / "lookups/segments.yaml"
    whole = path.read_text()
    path.write_text(whole.replace("values:", "values: ["))
    with serve(empty) as address:
        page = page_for("/studio", width=1440, address=address)
        expect(page.get_by_text("lookups/segments.yaml is not valid YAML")).to_be_visible()
        page.get_by_role("button", name="Mend it").click()
        settled(page)
        expect(page.get_by_text("The file is not valid YAML.").first).to_be_visible()
        page.get_by_role("textbox", name="lookups/segments.yaml").fill(whole)
        expect(page.get_by_text("No problems in this file.")).to_be_visible()
        page.get_by_role("button", name="Review").click()
        saved(page)
        assert page.errors == []
    assert path.read_text() == whole


def test_settings_that_are_wrong_are_not_served(empty):
    """They say who may see what, so nothing is opened to anybody before they are mended."""
    (empty / "workspace.yaml").write_text("name: X\n  users: [\n")
    with pytest.raises(Exception, match="not valid YAML"):
        data.open_workspace(empty)


def test_what_can_be_bound_of_wrong_definitions_is_what_the_studio_begins_with(empty):
    (empty / "model").mkdir(exist_ok=True)
    (empty / "model/x.yaml").write_text("entity: thing\nkey: [\n")
    found = data.open_workspace(empty).repository
    assert found.workspace.name and "customer" in found.entities
    (content,) = parse_documents((empty / "workspace.yaml").read_text(), "workspace.yaml")
    assert found.workspace.name == content.content["name"]


def test_what_is_published_is_never_served_by_rules_that_cannot_be_read(company, tmp_path):
    """Among them could be those of who may see what."""
    root = tmp_path / "shop"
    shutil.copytree(company, root)
    pointer = root / "var/published/current.json"
    told = json.loads(pointer.read_text())
    pointer.write_text(json.dumps({k: v for k, v in told.items() if k != "metadata"}))
    (root / "access").mkdir(exist_ok=True)
    (root / "access/all.yaml").write_text("access: all\neverybody: [\n")
    with pytest.raises(Exception, match="not valid YAML"):
        data.open_workspace(root)
