"""The pieces of the studio by themselves: rules as text, places in texts, drafts, values, secrets."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.studio import rule_text, state, values_html
from dashboards.studio.client import Workbench, WorkbenchError
from dashboards.studio.concealing import DOTS, concealed, holds_secret
from dashboards.studio.diffs import counts, diff_html
from dashboards.studio.drafts import Draft, DraftMoved, Drafts
from dashboards.studio.forms import kind_of, label_of, scalar
from dashboards.studio.outline import outline
from dashboards.studio.spots import Spot
from dashboards.studio.texts import changed_lines
from metadata.model.mapping import ColumnRule
from metadata.model.rule import examples
from metadata.model.rules import CHECKS, CLEANSING
from metadata.workbench import Example, Failure, Side
from metadata.workfiles import WorkFile
from metadata.yaml_tree import parse_documents

ALL = [("clean", rule) for rule in CLEANSING] + [("check", rule) for rule in CHECKS]


class TestRules:
    """However a rule is written, it is read the same and written in its shortest form."""

    @pytest.mark.parametrize(
        ("kind", "raw", "name", "given", "shown"),
        [
            ("clean", "trim", "trim", {}, "trim"),
            ("clean", {"left": 3}, "left", {"length": 3}, "left 3"),
            ("clean", {"left": {"length": 3}}, "left", {"length": 3}, "left 3"),
            ("clean", {"replace": {"find": "a", "with": "b"}}, "replace",
             {"find": "a", "with": "b"}, "replace “a” → “b”"),
            ("check", "between 0 and 1", "between", {"low": "0", "high": "1"}, "between 0 and 1"),
            ("check", {"between": [0, 1]}, "between", {"low": 0, "high": 1}, "between 0 and 1"),
            ("check", {"one_of": ["a", "b"]}, "one_of", {"values": ["a", "b"]}, "one of a, b"),
            ("clean", "no_such_rule", "no_such_rule", {}, "no such rule"),
            ("clean", {"a": 1, "b": 2}, "?", {}, "?"),
            ("clean", 7, "?", {}, "?"),
        ],
    )  # fmt: skip
    def test_it_is_read(self, kind, raw, name, given, shown):
        assert rule_text.rule_name(raw) == name
        assert rule_text.parameters(rule_text.RULES[kind].get(name), raw) == given
        assert rule_text.summary(kind, raw) == shown

    @pytest.mark.parametrize(("kind", "rule"), ALL, ids=lambda each: getattr(each, "rule", each))
    def test_what_is_written_is_accepted_and_read_back(self, kind, rule):
        fields = rule_text.fields_of(rule)
        given = {
            name: _sample(name, field) for name, field in fields.items() if field.is_required()
        }
        if rule_text.problem(rule, given):
            # Its values must fit together, as they do in the rule's own first example.
            given = rule_text.parameters(rule, next(examples(rule)).rule)
        raw = rule_text.written(rule, given)
        assert rule_text.rule_name(raw) == rule.rule
        again = rule_text.parameters(rule, raw)
        assert {k: str(v) for k, v in again.items()} == {k: str(v) for k, v in given.items()}
        parsed = ColumnRule.model_validate({"from": "x", kind: [raw]})
        assert type((parsed.clean or parsed.check)[0]) is rule

    @pytest.mark.parametrize(("kind", "rule"), ALL, ids=lambda each: getattr(each, "rule", each))
    def test_every_parameter_has_a_field(self, kind, rule):
        for field in rule_text.fields_of(rule).values():
            kind_of(field)
        assert rule_text.explanation(rule)

    def test_lists_are_as_short_as_they_may_be(self):
        assert rule_text.listed(None) == [] and rule_text.listed("trim") == ["trim"]
        assert rule_text.unlisted([]) is None and rule_text.unlisted(["trim"]) == "trim"
        assert rule_text.unlisted([{"left": 1}]) == [{"left": 1}]

    def test_a_default_is_not_written(self):
        rule = rule_text.RULES["clean"]["replace"]
        assert rule_text.written(rule, {"find": "x", "with": ""}) == {"replace": "x"}

    def test_what_is_wrong_is_said(self):
        rule = rule_text.RULES["clean"]["replace"]
        assert "missing" in rule_text.problem(rule, {})
        assert rule_text.problem(rule, {"find": "x"}) == ""


def _sample(name, field):
    kind, options = kind_of(field)
    if options:
        return options[0]
    return {"toggle": True, "number": 3, "names": ["a", "b"]}.get(
        kind, "(a)" if name == "pattern" else "DE" if "country" in name else "1"
    )


class TestSpots:
    """A form writes what differs, where it belongs, in the form people would write."""

    @pytest.fixture
    def files(self, monkeypatch):
        texts = {}

        def edit(name, change):
            texts[name] = change(texts.get(name, ""))
            return True

        monkeypatch.setattr(state, "edit", edit)
        return texts

    def test_a_short_form_is_opened_and_closed_again(self, files):
        files["a.yaml"] = "columns:\n  name: first  # kept\n"
        content = {"columns": {"name": "first"}}
        spot = Spot("a.yaml", 0, (), content).at(
            "columns", "name", long=lambda v: v if isinstance(v, dict) else {"from": v},
            short=lambda rule: rule["from"] if list(rule) == ["from"] else rule,
        )  # fmt: skip
        assert spot.content == {"from": "first"}
        spot.set("clean", ["trim"])
        assert files["a.yaml"] == "columns:\n  name: {from: first, clean: [trim]}  # kept\n"
        spot.set("clean", None)
        assert files["a.yaml"] == "columns:\n  name: first  # kept\n"

    def test_of_a_shipped_definition_only_the_difference_is_written(self, files):
        base = {"dimension": "d", "attributes": {"a": {"history": "track"}, "b": {}}}
        spot = Spot("model/d.yaml", None, (), None, base, {"dimension": "d"}).at("attributes", "a")
        assert spot.content == {"history": "track"}
        spot.set("history", "fixed")
        assert _said(files["model/d.yaml"]) == {
            "dimension": "d",
            "attributes": {"a": {"history": "fixed"}},
        }
        own = _said(files["model/d.yaml"])
        again = Spot("model/d.yaml", 0, (), own, base, {"dimension": "d"}).at("attributes", "a")
        assert again.content == {"history": "fixed"}
        again.set("history", "track")
        assert _said(files["model/d.yaml"]) == {"dimension": "d"}

    def test_the_whole_definition_may_be_changed(self, files):
        base = {"dimension": "d", "label": "Old", "attributes": {"a": {}}}
        Spot("m.yaml", None, (), None, base, {"dimension": "d"}).set("label", "New")
        assert _said(files["m.yaml"]) == {"dimension": "d", "label": "New"}

    def test_what_is_shipped_cannot_be_taken_out(self, files):
        from metadata import UserError

        base = {"dimension": "d", "attributes": {"a": {}}}
        spot = Spot("m.yaml", None, (), None, base, {"dimension": "d"}).at("attributes")
        with pytest.raises(UserError, match="shipped model"):
            spot.change(lambda now: {})


def _said(text):
    return next(parse_documents(text, "x")).content


class TestDrafts:
    """A draft outlives its page, belongs to one person, and is never written over unseen."""

    OPENED = WorkFile("mappings/a.yaml", "a: 1\n", "mark1")

    def test_it_is_kept_and_found(self, tmp_path):
        drafts = Drafts(tmp_path)
        begun = drafts.new("mary")
        edited = begun.with_text("mappings/a.yaml", self.OPENED, "a: 2\n")
        drafts.keep(edited, begun)
        found = drafts.find(begun.number)
        assert found == edited and found.files["mappings/a.yaml"].seen == "mark1"
        assert (tmp_path / f"{begun.number}.json").stat().st_mode & 0o077 == 0

    def test_an_edit_that_leads_back_is_none(self, tmp_path):
        drafts = Drafts(tmp_path)
        begun = drafts.new("")
        edited = begun.with_text("mappings/a.yaml", self.OPENED, "a: 2\n")
        drafts.keep(edited, begun)
        back = edited.with_text("mappings/a.yaml", None, "a: 1\n")
        assert not back.files
        drafts.keep(back, edited)
        assert drafts.find(begun.number) is None

    def test_two_windows_of_one_draft_do_not_write_over_each_other(self, tmp_path):
        drafts = Drafts(tmp_path)
        begun = drafts.new("")
        first = begun.with_text("mappings/a.yaml", self.OPENED, "a: 2\n")
        drafts.keep(first, begun)
        here = first.with_text("mappings/a.yaml", None, "a: 3\n")
        drafts.keep(here, first)
        there = first.with_text("mappings/a.yaml", None, "a: 4\n")
        with pytest.raises(DraftMoved):
            drafts.keep(there, first)
        assert drafts.find(begun.number) == here

    def test_old_ones_are_forgotten_and_nonsense_is_not_read(self, tmp_path):
        drafts = Drafts(tmp_path)
        old = Draft("abc", "x", 1, datetime.now(UTC) - timedelta(days=60),
                    drafts.new("x").with_text("a.yaml", None, "a: 1").files)  # fmt: skip
        drafts.keep(old, drafts.new("x"))
        (tmp_path / "broken.json").write_text("{")
        assert drafts.others("other") == () and drafts.find("abc") is None
        assert drafts.find("../../etc/passwd") is None


def test_an_outline_holds_what_is_right_and_what_is_wrong():
    found = outline({
        "mappings/a.yaml": "entity: x\nfrom: s.t\ncolumns: nonsense\n---\nentity: x\nfrom: s.t\n",
        "mappings/b.yaml": "entity: [\n",
        "cubes/sales.yaml": "cube: sales\nlabel: Ours\n",
        "workspace.yaml": "name: A\n",
    })  # fmt: skip
    assert [e.name for e in found.of("mapping")] == ["x<s.t", "x<s.t#2"]
    assert found.find("mapping", "x<s.t#2").line == 5
    assert list(found.broken) == ["mappings/b.yaml"]
    assert found.find("cube", "sales").content["label"] == "Ours"
    assert found.shipped("cube", "sales").content["fact"] == "sales"
    assert found.effective("cube", "sales")["label"] == "Ours"
    assert "revenue" in found.effective("cube", "sales")["measures"]


HARM = '<img src=x onerror="alert(1)">&"'


def _example(raw, **sides):
    side = Side(raw=raw, clean=raw, typed=raw, result=raw)
    return Example(kind="value", rows=1, batch="b", row=1, before=side,
                   after=side.model_copy(update=sides), steps=(raw, HARM), reads={HARM: HARM})  # fmt: skip


def test_no_value_is_markup():
    failure = Failure(column=HARM, rule=HARM, why=HARM)
    shown = values_html.examples_table(
        [_example(HARM, result=HARM, refused=(failure,), remarked=(failure,))],
        [HARM],
        compared=True,
    )
    assert "<img" not in shown and "&lt;img" in shown
    assert "<img" not in diff_html(HARM, f"{HARM}\n{HARM}")
    assert set(re.findall(r"<(\w+)", shown)) <= {
        "div", "table", "thead", "tbody", "tr", "th", "td", "span", "details", "summary", "ol", "li",
        "b", "i",
    }  # fmt: skip


@given(st.text(max_size=300))
def test_any_value_can_be_shown(text):
    shown = values_html.value(text)
    inner = re.sub(r"<(/?(span|i)( [^<>]*)?)>", "", shown)
    assert "<" not in inner and ">" not in inner


def test_white_space_that_matters_is_seen():
    assert values_html.value(" a  b ").count("·") == 4
    assert "·" not in values_html.value("a b")
    assert "no value" in values_html.value(None) and "empty text" in values_html.value("")


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("url: postgresql://reader:s3cr:et@db/crm", "s3cr:et"),
        ("url: mysql://u:p%40ss@h", "p%40ss"),
        ("url: https://x/?token=abc123&y=1", "abc123"),
        ("    password: scrypt$1$2$3", "scrypt"),
    ],
)
def test_secrets_are_not_shown(text, hidden):
    assert holds_secret(text) and hidden not in concealed(text) and DOTS in concealed(text)
    assert hidden not in diff_html(text, "x") and hidden not in diff_html("x", text)


def test_names_of_variables_are_no_secrets():
    for text in (
        "url: postgresql://reader:${CRM_PASSWORD}@db/crm",
        "url: sqlite:///a.db",
        "a: b:c@d",
    ):
        assert not holds_secret(text)


def test_lines_are_counted_and_marked():
    assert counts("a\nb\n", "a\nc\nd\n") == (2, 1)
    assert changed_lines("a\nb\nc", "a\nx\nc\nd") == [2, 4]
    assert changed_lines("a", "a") == []


def test_entries_mean_what_yaml_would_read():
    assert [scalar(s) for s in ("1", "1.5", "01", "1e3", "true", "x", "-2")] == [
        1, 1.5, "01", "1e3", True, "x", -2,
    ]  # fmt: skip
    assert label_of("from_") == "From"


class TestClient:
    """The process behind the page may die, hang, or not start: the page is told, and goes on."""

    @pytest.fixture
    def bench(self, tmp_path, monkeypatch):
        script = tmp_path / "bench.py"
        script.write_text(
            "import json, sys, time\n"
            "print(json.dumps({'ready': True}), flush=True)\n"
            "for line in sys.stdin:\n"
            "    told = json.loads(line)\n"
            "    if 'cancel' in told: continue\n"
            "    method = told['method']\n"
            "    if method == 'die': sys.exit(3)\n"
            "    if method == 'hang': time.sleep(60)\n"
            "    if method == 'noise': print('not json', flush=True)\n"
            "    if method == 'ours':\n"
            "        error = {'issues': [{'what': 'inside'}], 'ours': True}\n"
            "        print(json.dumps({'id': told['id'], 'error': error}), flush=True)\n"
            "        continue\n"
            "    print(json.dumps({'id': told['id'], 'progress': {'done': 1}}), flush=True)\n"
            "    print(json.dumps({'id': told['id'], 'result': told['params']}), flush=True)\n"
        )
        from dashboards.studio import client

        popen = client.subprocess.Popen

        def started(command, **options):
            return popen([command[0], str(script)], **options)

        monkeypatch.setattr(client, "subprocess", SimpleNamespace(
            Popen=started, PIPE=client.subprocess.PIPE,
            TimeoutExpired=client.subprocess.TimeoutExpired))  # fmt: skip
        made = Workbench(tmp_path)
        yield made
        made.close()

    def test_it_answers_and_tells_how_far_it_is(self, bench):
        told = []
        assert bench.ask("echo", {"a": "ä"}, seconds=20, progress=told.append) == {"a": "ä"}
        assert told == [{"done": 1}]
        assert bench.ask("noise", {}, seconds=20) == {}

    def test_it_is_started_anew_after_it_died(self, bench):
        with pytest.raises(WorkbenchError, match="stopped unexpectedly"):
            bench.ask("die", {}, seconds=20)
        assert bench.ask("echo", {"b": 1}, seconds=20) == {"b": 1}

    def test_what_hangs_is_ended_and_the_next_is_answered(self, bench):
        with pytest.raises(WorkbenchError, match="too long"):
            bench.ask("hang", {}, seconds=0.3)
        assert bench.ask("echo", {}, seconds=20) == {}

    def test_a_defect_is_told_without_its_inside(self, bench):
        with pytest.raises(WorkbenchError) as told:
            bench.ask("ours", {}, seconds=20)
        assert "inside" not in str(told.value.issues[0]) and "our side" in told.value.issues[0].why
