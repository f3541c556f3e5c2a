"""The studio as Streamlit runs it: browse, edit, try, review, save, apply; alone and with others."""

from __future__ import annotations

import json
import shutil

import pytest
from streamlit.testing.v1 import AppTest

from cubes import Query
from dashboards import data
from dashboards.guard import USER_HEADER
from dashboards.studio import state, tasks
from dashboards.studio.client import close_all
from dashboards.studio.outline import outline
from metadata.applied import state_in_force
from metadata.workfiles import Edit, open_file, save

CUSTOMER = "mappings/customer.yaml"
AT = "customer<shop.customers"


@pytest.fixture(scope="module", autouse=True)
def _benches():
    yield
    close_all()


@pytest.fixture
def shop(company, tmp_path):
    """The loaded company, to be edited."""
    root = tmp_path / "shop"
    shutil.copytree(company, root)
    data.open_workspace(root)
    return root


def studio(**address) -> AppTest:
    app = AppTest.from_string("from dashboards.studio import page\npage.page()", default_timeout=90)
    for name, value in address.items():
        app.query_params[name] = value
    return app.run()


def mapping(part="name", **more) -> AppTest:
    return studio(view="mappings", at=AT, part=part, **more)


def add_rule(app, name, kind="clean"):
    next(s for s in app.selectbox if s.key.startswith("add|") and s.key.endswith(kind)).select(
        name
    ).run()
    return app


def draft_of(app):
    return app.session_state[state._DRAFT]


def text(app, file=CUSTOMER):
    return draft_of(app).files[file].text


def lines_changed(before, after):
    old, new = before.splitlines(), after.splitlines()
    return [line for line in old if line not in new], [line for line in new if line not in old]


def said(app):
    """Everything that is written on the page."""
    kinds = ("markdown", "caption", "warning", "error", "info", "success", "title", "subheader")
    texts = [element.value for kind in kinds for element in getattr(app, kind)]
    return "\n".join([*texts, *(html.body if hasattr(html, "body") else html.proto.body
                                for html in app.get("html"))])  # fmt: skip


def button(app, label):
    return next(b for b in app.button if b.label == label)


class TestEditing:
    def test_a_rule_added_is_tried_on_real_rows_before_it_is_saved(self, shop):
        saved = (shop / CUSTOMER).read_text()
        app = add_rule(mapping(), "upper")
        assert not app.exception
        gone, new = lines_changed(saved, text(app))
        assert gone == ["  name:  {from: name, clean: [trim, collapse_spaces]}"]
        assert new == ["  name:  {from: name, clean: [trim, collapse_spaces, upper]}"]
        shown = said(app)
        assert "ANNA BERGER" in shown and "Anna Berger" in shown and "values changed" in shown
        assert (shop / CUSTOMER).read_text() == saved, "nothing is written before it is saved"

    def test_a_rule_that_needs_something_asks_for_it_first(self, shop):
        app = add_rule(mapping(), "replace")
        assert not draft_of(app).files and button(app, "Add").disabled
        find = next(t for t in app.text_input if t.label == "Find *")
        find.set_value("Berger").run()
        put = next(t for t in app.text_input if t.label == "With")
        put.set_value("Bergmann").run()
        button(app, "Add").click().run()
        assert "{replace: {find: Berger, with: Bergmann}}" in text(app)
        assert "Anna Bergmann" in said(app)

    def test_rules_are_moved_and_taken_out(self, shop):
        app = mapping()
        next(b for b in app.button if b.key.endswith("|0|trim|down")).click().run()
        assert "clean: [collapse_spaces, trim]" in text(app)
        next(b for b in app.button if b.key.endswith("|0|collapse_spaces|out")).click().run()
        assert "name:  {from: name, clean: trim}" in text(app) or "clean: [trim]" in text(app)

    def test_a_check_that_refuses_rows_says_how_many_and_why(self, shop):
        app = mapping("email")
        next(s for s in app.selectbox if "otherwise" in s.key).select("quarantine").run()
        assert "otherwise" not in text(app).split("email:")[1].split("\n")[0]
        shown = said(app)
        assert "1 more rows refused" in shown and "It is not an e-mail address." in shown

    def test_what_is_wrong_is_told_with_its_line_and_kept_from_being_applied(self, shop):
        app = mapping("customer_since")
        spot = next(s for s in app.selectbox if s.label == "Source column")
        spot.select("since").run()
        app = studio(view="files", at=CUSTOMER, draft=_broken(app))
        assert any("frm" in e.value and "Line" in e.value for e in app.error)
        app = studio(view="changes", draft=draft_of(app).number)
        assert button(app, "Save").disabled and button(app, "Save and apply").disabled
        app.checkbox(key="save_anyway").check().run()
        assert not button(app, "Save").disabled, "a person may save half a work"
        assert "Show the plan" not in [b.label for b in app.button]

    def test_edits_are_taken_back_and_made_again(self, shop):
        app = add_rule(add_rule(mapping(), "upper"), "strip_accents")
        app.button(key="undo").click().run()
        assert "upper]" in text(app)
        app.button(key="undo").click().run()
        assert not draft_of(app).files and app.button(key="undo").disabled
        app.button(key="redo").click().run()
        assert "upper]" in text(app)

    def test_an_origin_is_changed_and_changed_back(self, shop):
        app = mapping("city")
        origin = next(c for c in app.segmented_control if c.label == "Where the value comes from")
        origin.set_value("expr").run()
        assert "city:    {expr: city, clean: [trim, empty_to_null]}" in text(app)
        origin = next(c for c in app.segmented_control if c.label == "Where the value comes from")
        origin.set_value("from").run()
        assert not draft_of(app).files

    def test_the_statement_stands_beside(self, shop):
        app = mapping()
        app.segmented_control(key="effect_show").set_value("SQL").run()
        assert any("regexp_replace" in code.value.lower() for code in app.code)

    def test_whole_rows_show_what_changes(self, shop):
        app = add_rule(mapping(), "upper")
        app = studio(view="mappings", at=AT, tab="rows", draft=draft_of(app).number)
        assert "ANNA BERGER" in said(app) and not app.exception

    def test_a_column_is_added_and_left_out_again(self, shop):
        app = mapping()
        free = next(s for s in app.selectbox if s.label == "Fill another column")
        free.select(free.options[0].split(" ")[0]).run()
        name = app.query_params["part"]
        name = name[0] if isinstance(name, list) else name
        assert f'  {name}: {{value: ""}}' in text(app)
        next(b for b in app.button if b.key.startswith("take_out|")).click().run()
        assert not draft_of(app).files

    def test_a_new_mapping_is_begun_with_what_bears_the_same_name(self, shop):
        app = studio(view="mappings")
        app.selectbox(key="new_mapping_table").select("shop.customers").run()
        assert any("has not been scanned" in c.value for c in app.caption)
        app.selectbox(key="new_mapping_entity").select("product").run()
        button(app, "Begin").click().run()
        (file,) = draft_of(app).files
        made = outline({file: text(app, file)}).find("mapping", "product<shop.customers")
        assert "name" in made.content["columns"] and file.startswith("mappings/product")

    @pytest.mark.parametrize("rule", ["<b>", "no such", "*x*"])
    def test_an_unknown_rule_is_shown_and_may_be_taken_out(self, shop, rule):
        path = shop / CUSTOMER
        path.write_text(path.read_text().replace("[trim, collapse_spaces]", f'[trim, "{rule}"]'))
        app = mapping()
        assert not app.exception and app.error
        next(b for b in app.button if "|clean|1|" in b.key and b.key.endswith("|out")).click().run()
        assert rule not in text(app).split("name:")[1].split("\n")[0]


def _broken(app):
    """A draft with a misspelt key, as somebody types it."""
    draft = draft_of(app)
    file = open_file(state.root(), CUSTOMER)
    number = draft.number
    wrong = file.text.replace("{from: since", "{frm: since")
    state.drafts().keep(draft.with_text(CUSTOMER, file, wrong), draft)
    return number


class TestModel:
    def test_a_shipped_dimension_is_extended_by_what_differs_only(self, shop):
        app = studio(view="model", at="dimension:customer", part="attributes.city")
        history = next(s for s in app.selectbox if s.label == "When the value changes")
        assert history.value == "track"
        history.select("overwrite").run()
        assert text(app, "model/customer.yaml") == (
            "dimension: customer\nattributes:\n  city: {history: overwrite}\n"
        ) or json.loads(json.dumps(_content(text(app, "model/customer.yaml")))) == {
            "dimension": "customer", "attributes": {"city": {"history": "overwrite"}},
        }  # fmt: skip
        button(app, "As shipped").click().run()
        assert _content(text(app, "model/customer.yaml")) == {"dimension": "customer"}

    def test_a_figure_is_added_to_a_cube(self, shop):
        app = studio(view="cubes", at="cube:sales", tab="measures")
        app.text_input(
            key=next(t.key for t in app.text_input if t.key.startswith("new|"))
        ).set_value("top_price").run()
        next(
            b for b in app.button if b.key.endswith("|add") and b.key.startswith("new|")
        ).click().run()
        kind = next(s for s in app.selectbox if s.label == "How it is computed")
        kind.select("max").run()
        file = next(iter(draft_of(app).files))
        measure = _content(text(app, file))["measures"]["top_price"]
        assert list(measure) == ["max"] and not app.error

    def test_levels_of_a_hierarchy_are_ordered(self, shop):
        app = studio(view="model", at="dimension:customer", tab="hierarchies")
        levels = next(m for m in app.multiselect if m.label.startswith("Levels"))
        levels.set_value(list(reversed(levels.value))).run()
        assert not app.exception and draft_of(app).files

    @pytest.mark.parametrize("view", ["sources", "mappings", "lookups", "model", "cubes", "files"])
    def test_every_view_is_drawn(self, shop, view):
        app = studio(view=view)
        assert not app.exception and not app.error

    @pytest.mark.parametrize(
        "at",
        [
            "dimension:date",
            "fact:sales",
            "entity:customer",
            "bridge:customer_industry",
            "cube:sales",
        ],
    )
    @pytest.mark.parametrize("tab", ["form", "text"])
    def test_every_kind_of_definition_is_drawn(self, shop, at, tab):
        app = studio(view="cubes" if at.startswith("cube") else "model", at=at, tab=tab)
        assert not app.exception and not app.error

    def test_what_is_gone_says_so(self, shop):
        for view in ("sources", "mappings", "lookups", "model", "cubes", "files"):
            app = studio(view=view, at="entity:nix")
            assert not app.exception
            assert any("There is no" in info.value for info in app.info), view


def _content(text):
    (entry,) = outline(
        {
            "model/x.yaml": text,
        }
    ).of("dimension") or outline({"cubes/x.yaml": text}).of("cube")
    return entry.content


class TestSources:
    def test_a_table_is_shown_with_its_profile_and_rows(self, shop):
        app = studio(view="sources", at="shop", part="customers")
        assert not app.exception and any("looked at" in c.value for c in app.caption)
        app = studio(view="sources", at="shop", part="customers", tab="rows")
        assert list(app.dataframe[0].value.columns)[:2] == ["customer_id", "name"]

    def test_how_a_table_is_read_is_edited(self, shop):
        app = studio(view="sources", at="shop", part="products", tab="reading")
        app.multiselect(key=next(m.key for m in app.multiselect if m.label == "Key")).set_value(
            ["sku", "name"]
        ).run()
        assert "    primary_key: [sku, name]" in text(app, "sources/shop.yaml")
        gone, _ = lines_changed(
            (shop / "sources/shop.yaml").read_text(), text(app, "sources/shop.yaml")
        )
        assert gone == ["    primary_key: sku"]

    def test_a_password_in_a_file_is_not_shown(self, shop):
        path = shop / "sources/other.yaml"
        path.write_text("source: other\nurl: postgresql://u:s3cret@db/x\ntables: {a: }\n")
        for address in ({}, {"at": "other"}, {"at": "other", "tab": "settings"},
                        {"at": "other", "tab": "text"}):  # fmt: skip
            app = studio(view="sources", **address)
            assert not app.exception and "s3cret" not in str(app.main), address
        app = studio(view="files", at="sources/other.yaml")
        assert "s3cret" not in str(app.main) and "holds a password" in said(app)


class TestSaving:
    def test_a_save_writes_the_line_and_empties_the_draft(self, shop):
        before = (shop / CUSTOMER).read_text()
        app = add_rule(mapping(), "upper")
        app = studio(view="changes", draft=draft_of(app).number)
        assert "collapse_spaces, upper" in said(app), "the difference is shown"
        button(app, "Save").click().run()
        assert not app.exception and not draft_of(app).files
        gone, new = lines_changed(before, (shop / CUSTOMER).read_text())
        assert len(gone) == len(new) == 1
        assert state.drafts().others("") == ()

    def test_the_second_of_two_is_told_and_both_changes_can_be_had(self, shop):
        mary, john = add_rule(mapping(), "upper"), add_rule(mapping("city"), "lower")
        numbers = [draft_of(app).number for app in (mary, john)]
        mary = studio(view="changes", draft=numbers[0])
        button(mary, "Save").click().run()
        saved = (shop / CUSTOMER).read_text()
        john = studio(view="mappings", draft=numbers[1])
        assert any("unsaved edits" in w.value and "changed" in w.value for w in john.warning)
        john = studio(view="changes", draft=numbers[1])
        assert button(john, "Save").disabled
        button(john, "Bring both together").click().run()
        assert (shop / CUSTOMER).read_text() == saved, "nothing is written by that"
        button(john, "Save").click().run()
        both = (shop / CUSTOMER).read_text()
        assert "collapse_spaces, upper]" in both and "empty_to_null, lower]" in both

    def test_where_both_changed_a_line_a_person_sorts_it_out(self, shop):
        mary, john = add_rule(mapping(), "upper"), add_rule(mapping(), "lower")
        numbers = [draft_of(app).number for app in (mary, john)]
        button(studio(view="changes", draft=numbers[0]), "Save").click().run()
        john = studio(view="changes", draft=numbers[1])
        assert button(john, "Bring both together").disabled
        button(john, "Sort it out by hand").click().run()
        marked = text(john)
        assert "<<<<<<< yours" in marked and "upper]" in marked and "lower]" in marked
        john = studio(view="changes", draft=numbers[1])
        assert button(john, "Save").disabled, "such a text is not YAML"

    def test_theirs_may_be_taken(self, shop):
        john = add_rule(mapping(), "lower")
        number = draft_of(john).number
        seen = open_file(shop, CUSTOMER)
        save(shop, state.notes(), [Edit(CUSTOMER, seen.text + "# theirs\n", seen.mark)], "mary")
        john = studio(view="changes", draft=number)
        assert "mary" in said(john)
        button(john, "Take theirs").click().run()
        assert not draft_of(john).files and (shop / CUSTOMER).read_text().endswith("# theirs\n")

    def test_a_save_at_the_last_moment_is_refused_too(self, shop):
        john = add_rule(mapping(), "lower")
        john = studio(view="changes", draft=draft_of(john).number)
        path = shop / CUSTOMER
        path.write_text(path.read_text() + "# by another program\n")
        button(john, "Save").click().run()
        assert path.read_text().endswith("# by another program\n") and draft_of(john).files
        assert any("has been changed" in w.value for w in john.warning)

    def test_edits_that_were_left_are_offered_again(self, shop):
        app = add_rule(mapping(), "upper")
        assert app.query_params["draft"] in (draft_of(app).number, [draft_of(app).number])
        again = studio(view="mappings")
        assert "Unsaved edits from" in said(again)
        again.button(key="go_on").click().run()
        assert "upper]" in text(again)

    def test_others_at_work_on_the_same_file_are_shown(self, shop):
        add_rule(mapping(), "upper")
        other = add_rule(mapping("city"), "lower")
        assert any("also has unsaved edits" in i.value for i in other.info)


class TestPeople:
    @pytest.fixture
    def people(self, shop, password_hash):
        users = f"users:\n  ann: {{role: analyst, password: {password_hash}}}\n"
        users += f"  eva: {{role: engineer, password: {password_hash}}}\n"
        users += f"  max: {{role: engineer, password: {password_hash}}}\n"
        path = shop / "workspace.yaml"
        path.write_text(path.read_text() + users)
        # As if it had been published by a release that did not keep states: the files count.
        pointer = shop / "var/published/current.json"
        told = json.loads(pointer.read_text())
        pointer.write_text(json.dumps({k: v for k, v in told.items() if k != "metadata"}))
        shutil.rmtree(shop / "var/metadata")
        data.open_workspace(shop)
        return shop

    def _as(self, monkeypatch, name):
        monkeypatch.setattr(state, "user", lambda: name)

    def test_only_engineers_see_it(self, people, monkeypatch):
        self._as(monkeypatch, "ann")
        app = studio()
        assert [e.value for e in app.error] == ["The studio is for people with the role engineer."]
        assert len(app.button) == 0
        self._as(monkeypatch, "")
        assert studio().error
        self._as(monkeypatch, "eva")
        assert not studio().error
        assert data.may_edit("eva") and not data.may_edit("ann") and not data.may_edit("nobody")
        assert USER_HEADER

    def test_a_draft_is_its_owners(self, people, monkeypatch):
        self._as(monkeypatch, "eva")
        number = draft_of(add_rule(mapping(), "upper")).number
        self._as(monkeypatch, "max")
        app = mapping(draft=number)
        assert not draft_of(app).files and draft_of(app).number != number
        assert any("somebody else" in w.value for w in app.warning)
        assert state.drafts().find(number) is not None
        app = add_rule(mapping(), "lower")
        assert any(i.value.startswith("eva also has") for i in app.info)

    def test_the_second_is_told_the_name_of_the_first(self, people, monkeypatch):
        self._as(monkeypatch, "max")
        number = draft_of(add_rule(mapping(), "lower")).number
        self._as(monkeypatch, "eva")
        app = add_rule(mapping("city"), "upper")
        button(studio(view="changes", draft=draft_of(app).number), "Save").click().run()
        self._as(monkeypatch, "max")
        app = studio(view="changes", draft=number)
        assert "eva changed mappings/customer" in said(app).replace("\\", "")

    def test_no_password_hash_is_on_any_page(self, people, monkeypatch):
        self._as(monkeypatch, "eva")
        app = studio(view="files", at="workspace.yaml")
        assert "scrypt" not in str(app.main)


class TestApplying:
    def test_a_figure_is_planned_applied_and_asked_for(self, shop):
        app = studio(view="cubes", at="cube:sales", tab="measures")
        app.text_input(
            key=next(t.key for t in app.text_input if t.key.startswith("new|"))
        ).set_value("top_price").run()
        next(
            b for b in app.button if b.key.endswith("|add") and b.key.startswith("new|")
        ).click().run()
        number = draft_of(app).number
        app = studio(view="changes", draft=number)
        assert button(app, "Save and apply").disabled, "a plan is shown first"
        button(app, "Show the plan").click().run()
        assert not app.exception, app.exception
        assert not button(app, "Save and apply").disabled
        app.text_input(key="apply_reason").set_value("Asked for by sales").run()
        button(app, "Save and apply").click().run()
        _wait("apply")
        task = tasks.current(state.root(), "apply")
        assert not task.issues, task.issues
        applied = state_in_force(shop / "var")
        assert applied.reason == "Asked for by sales" and applied.number == task.result["state"]
        found = data.workspace().engine.query(Query("sales", ("top_price",)))
        assert found.table.num_rows == 1, "pages answer by what was applied"
        app = studio(view="changes")
        assert any("Applied as state" in s.value for s in app.success)

    def test_a_plan_that_is_no_longer_true_is_not_applied(self, shop):
        app = add_rule(mapping(), "upper")
        app = studio(view="changes", draft=draft_of(app).number)
        button(app, "Show the plan").click().run()
        path = shop / "mappings/product.yaml"
        path.write_text(path.read_text() + "# edited beside it\nwhere: name is not null\n")
        before = state_in_force(shop / "var")
        button(app, "Save and apply").click().run()
        _wait("apply")
        task = tasks.current(state.root(), "apply")
        assert task.issues and "since the plan was shown" in task.issues[0].what
        assert state_in_force(shop / "var") == before
        app = studio(view="changes")
        assert any("Nothing was applied" in e.value for e in app.error)

    def test_a_scan_is_started_and_shown(self, shop):
        app = studio(view="sources")
        button(app, "Scan this source").click().run()
        _wait("scan")
        app = studio(view="sources")
        assert "Scanned 1 of 1 sources" in said(app)
        app = studio(view="sources", at="shop", part="customers")
        assert any("As scanned" in c.value for c in app.caption) and not app.exception
        self._begun_from_a_draft(shop)

    def _begun_from_a_draft(self, shop):
        (shop / "mappings/product.yaml").unlink()
        app = studio(view="mappings")
        app.selectbox(key="new_mapping_table").select("shop.products").run()
        assert not app.exception
        (choice,) = [r for r in app.radio if r.label == "What it may fill"]
        assert choice.value == "product" and "% sure" in choice.options[0]
        button(app, "Begin with this draft").click().run()
        made = next(t for name, t in draft_of(app).texts.items() if name.startswith("mappings/"))
        assert made.startswith("# Proposed from the scan of 'shop'")
        found = outline({"mappings/x.yaml": made}).find("mapping", "product<shop.products")
        assert found is not None and "product_id" in found.content["columns"]
        assert not app.error


def _wait(kind):
    import time

    until = time.monotonic() + 120
    while time.monotonic() < until:
        task = tasks.current(state.root(), kind)
        if task is not None and not task.running:
            return
        time.sleep(0.1)
    raise AssertionError(f"{kind} has not ended")


def test_before_anything_has_landed_rules_can_be_edited_but_not_tried(empty):
    data.open_workspace(empty)
    app = mapping()
    assert not app.exception and any("have been read yet" in i.value for i in app.info)
    app = add_rule(app, "upper")
    assert "collapse_spaces, upper]" in text(app)
    app = studio(view="sources", at="shop", part="customers")
    assert any("Nothing is known about this table yet" in m.value for m in app.markdown)


def test_a_file_that_is_no_yaml_is_told_everywhere_and_leads_to_its_line(shop):
    (shop / "lookups/segments.yaml").write_text("lookup: [\n")
    app = studio(view="mappings")
    assert any("not valid YAML" in m.value and "line 2" in m.value for m in app.markdown)
    button(app, "Mend it").click().run()
    assert app.query_params["view"] in ("files", ["files"]) and not app.exception
