"""Rules that look around: at other columns of the row, at other rows, at other entities."""

from __future__ import annotations

import pytest

from metadata import MetadataError
from transforms import quarantine_entity
from transforms.staging import judged_rows

MODEL = """\
entity: thing
key: id
columns:
  id: string
  name: string
  country: string
  phone: string
  mobile: string
  zip: string
  parent: string
  owner: string
  born: date
---
entity: owner
key: id
columns: {id: string, kind: string}
"""


@pytest.fixture
def staged(lab):
    def _staged(columns, rows, more="", owners=(), files=None):
        mapping = f"entity: thing\nfrom: s.customer\n{more}columns:\n  id: id\n"
        mapping += "".join(f"  {line}\n" for line in columns)
        mapping += "---\nentity: owner\nfrom: s.other\ncolumns:\n  id: id\n  kind: {from: kind, check: {one_of: [good]}}\n"
        found = lab({"model/m.yaml": MODEL, "mappings/m.yaml": mapping, **(files or {})})
        keys = dict.fromkeys(key for row in rows for key in row)
        full = [dict.fromkeys(keys) | row for row in rows]
        found.land("customer", [{"id": str(n), **row} for n, row in enumerate(full)])
        found.land(
            "other", [{"id": i, "kind": k} for i, k in owners] or [{"id": "none", "kind": "bad"}]
        )
        found.stage("owner")
        found.stage("thing")
        return found

    return _staged


def fates(lab):
    return dict(lab.rows("SELECT id, _outcome FROM staging.judged_thing"))


def reasons(lab):
    lab.run(quarantine_entity(lab.repository, "thing", lab.landed))
    return lab.rows('SELECT "column", rule, value FROM staging.quarantine_thing ORDER BY 1, 2, 3')


class TestColumnsOfTheRow:
    def test_a_number_is_written_by_the_country_that_rules_make_of_the_row(self, staged):
        lab = staged(
            [
                "country: {from: land, clean: [trim, country_code]}",
                "phone: {from: tel, clean: {phone: {country_column: country}}}",
            ],
            [
                {"land": " Deutschland ", "tel": "030 123456"},
                {"land": "uk", "tel": "020 7946 0018"},
                {"land": None, "tel": "030 123456"},
            ],
        )
        rows = lab.rows("SELECT country, phone FROM staging.thing ORDER BY id")
        assert rows == [("DE", "+4930123456"), ("GB", "+442079460018"), (None, "030 123456")]

    def test_the_country_may_come_from_lookups_of_either_kind(self, staged):
        tel = "phone: {from: tel, clean: {phone: {country_column: country}}}"
        rows = [{"land": "1", "tel": "030 123456"}]
        written = staged(["country: {from: land, lookup: {'1': DE}}", tel], rows)
        assert written.rows("SELECT phone FROM staging.thing") == [("+4930123456",)]

    def test_the_country_may_come_from_a_table(self, staged):
        lookup = {"lookups/l.yaml": "lookup: lands\nfrom: s.other\nkey: id\nvalue: kind\n"}
        lab = staged(
            ["country: {from: land, lookup: lands}", "phone: {from: tel, clean: {phone: {country_column: country}}}"],
            [{"land": "1", "tel": "030 123456"}, {"land": "9", "tel": "030 123456"}],
            owners=[("1", "DE")], files=lookup,
        )  # fmt: skip
        assert fates(lab) == {"0": "staged", "1": "quarantined"}
        assert lab.rows("SELECT phone FROM staging.thing") == [("+4930123456",)]

    def test_rules_follow_one_another_across_columns(self, staged):
        lab = staged(
            ["mobile: {from: m, clean: {phone: DE}}", "phone: {from: tel, clean: [{default_from: mobile}, {replace: {find: '+', with: '00'}}]}",
             "name: {from: n, clean: {default_from: phone}}"],
            [{"m": "0151 1", "tel": None, "n": None}, {"m": None, "tel": "5", "n": "x"}],
        )  # fmt: skip
        assert lab.rows("SELECT name FROM staging.thing ORDER BY id") == [("00491511",), ("x",)]

    @pytest.mark.parametrize(
        ("columns", "line", "words"),
        [
            (
                [
                    "phone: {from: a, clean: {default_from: mobile}}",
                    "mobile: {from: b, clean: {default_from: phone}}",
                ],
                5,
                "wait for one another",
            ),
            (["phone: {from: a, clean: {default_from: phone}}"], 5, "with itself"),
            (["phone: {from: a, clean: {default_from: mobil}}"], 5, "Did you mean 'mobile'"),
            (
                ["phone: {from: a, clean: {phone: {country_column: country}}}"],
                5,
                "does not fill 'country'",
            ),
            (
                ["born: born", "phone: {from: a, clean: {phone: {country_column: born}}}"],
                6,
                "no country's code",
            ),
            (["born: {from: b, check: {not_before: name}}", "name: n"], 5, "of another kind"),
            (["name: {from: n, check: {unique: {within: [nme]}}}"], 5, "Did you mean 'name'"),
            (["owner: {from: o, check: {references: ownr}}"], 5, "Did you mean 'owner'"),
        ],
    )
    def test_what_cannot_be_looked_at_is_refused(self, staged, columns, line, words):
        with pytest.raises(MetadataError) as caught:
            staged(columns, [{}])
        issue = caught.value.issues[0]
        assert words in str(issue)
        assert (issue.where.file, issue.where.line) == ("mappings/m.yaml", line)


class TestUnique:
    def test_every_row_that_shares_a_value_fails(self, staged):
        rows = [{"n": "a"}, {"n": "A "}, {"n": "b"}, {"n": None}, {"n": None}, {"n": ""}]
        lab = staged(["name: {from: n, clean: [trim, lower], check: unique}"], rows)
        assert fates(lab) == {
            "0": "quarantined",
            "1": "quarantined",
            "2": "staged",
            "3": "staged",
            "4": "staged",
            "5": "staged",
        }
        assert reasons(lab) == [("name", "unique", "A "), ("name", "unique", "a")]

    def test_rows_of_one_key_and_rows_that_are_filtered_do_not_count(self, staged):
        rows = [
            {"n": "a", "id": "1"},
            {"n": "a", "id": "1"},
            {"n": "b", "id": "2"},
            {"n": "b", "id": "3", "name": "TEST"},
        ]
        lab = staged(["name: {from: n, check: unique}"], rows, more="where: name is null\n")
        assert list(lab.rows("SELECT id FROM staging.thing ORDER BY 1")) == [
            ("1",),
            ("2",),
        ]

    def test_within_other_columns(self, staged):
        rows = [
            {"n": "a", "c": "DE"},
            {"n": "a", "c": "FR"},
            {"n": "b", "c": None},
            {"n": "b", "c": None},
        ]
        lab = staged(["name: {from: n, check: {unique: country}}", "country: c"], rows)
        assert fates(lab) == {"0": "staged", "1": "staged", "2": "quarantined", "3": "quarantined"}

    def test_the_value_may_go_instead_of_the_row(self, staged):
        lab = staged(
            ["name: {from: n, check: unique, otherwise: 'null'}"],
            [{"n": "a"}, {"n": "a"}, {"n": "b"}],
        )
        assert lab.rows("SELECT name FROM staging.thing ORDER BY id") == [(None,), (None,), ("b",)]


class TestReferences:
    def test_a_key_must_be_staged_there(self, staged):
        rows = [{"o": "1"}, {"o": "2"}, {"o": "3"}, {"o": None}]
        lab = staged(
            ["owner: {from: o, check: {references: owner}}"],
            rows,
            owners=[("1", "good"), ("2", "bad")],
        )
        assert fates(lab) == {"0": "staged", "1": "quarantined", "2": "quarantined", "3": "staged"}

    def test_of_the_entity_itself_every_row_that_is_let_in_counts(self, staged):
        rows = [
            {"p": None},
            {"p": "0"},
            {"p": "2"},
            {"p": "9"},
            {"p": "5"},
            {"p": None, "name": "TEST"},
        ]
        lab = staged(
            [
                "parent: {from: p, check: [{references: thing}, {differs_from: id}], otherwise: 'null'}"
            ],
            rows,
            more="where: name is null\n",
        )
        assert lab.rows("SELECT id, parent FROM staging.thing ORDER BY id") == [
            ("0", None), ("1", "0"), ("2", None), ("3", None), ("4", None)
        ]  # fmt: skip

    def test_without_other_rows_such_checks_let_everything_pass(self, staged):
        lab = staged(["owner: {from: o, check: {references: owner}}"], [{"o": "9"}])
        repository = lab.repository
        alone = judged_rows(
            repository, repository.mappings_of("thing"), repository.entity("thing"), lab.landed
        )
        assert lab.rows(f"SELECT _outcome FROM ({alone.sql('duckdb')})") == [("staged",)]

    def test_entities_may_not_wait_for_one_another(self, lab):
        files = {
            "model/m.yaml": "entity: a\nkey: id\ncolumns: {id: string, b: string}\n---\nentity: b\nkey: id\ncolumns: {id: string, a: string}\n",
            "mappings/m.yaml": "entity: a\nfrom: s.customer\ncolumns:\n  id: id\n  b: {from: b, check: {references: b}}\n---\n"
            "entity: b\nfrom: s.other\ncolumns:\n  id: id\n  a: {from: a, check: {references: a}}\n",
        }
        with pytest.raises(MetadataError, match="wait for one another"):
            lab(files).repository  # noqa: B018

    def test_an_entity_that_nobody_fills_is_refused(self, lab):
        files = {
            "model/m.yaml": "entity: a\nkey: id\ncolumns: {id: string, b: string}\n---\nentity: b\nkey: id\ncolumns: {id: string}\n",
            "mappings/m.yaml": "entity: a\nfrom: s.customer\ncolumns: {id: id, b: {from: b, check: {references: b}}}\n",
        }
        with pytest.raises(MetadataError, match="No mapping fills"):
            lab(files).repository  # noqa: B018


class TestDeduplicate:
    ROWS = (
        {"n": "Müller", "z": "10115"}, {"n": "MULLER ", "z": "10115"}, {"n": "Müller", "z": "20095"},
        {"n": None, "z": "10115"}, {"n": "", "z": "10115"}, {"n": "mü-ller", "z": "10115"},
    )  # fmt: skip

    def declared(self, ignoring):
        return f"deduplicate: {{by: [name, zip], ignoring: [{ignoring}]}}\nkeep: [id]\n"

    def test_rows_that_are_the_same_are_merged_into_the_one_that_is_kept(self, staged):
        lab = staged(
            ["name: n", "zip: z"],
            self.ROWS,
            more=self.declared("case, accents, spaces, punctuation"),
        )
        assert fates(lab) == {
            "0": "staged",
            "1": "merged",
            "2": "staged",
            "3": "staged",
            "4": "staged",
            "5": "merged",
        }

    def test_what_is_not_ignored_keeps_rows_apart(self, staged):
        lab = staged(["name: n", "zip: z"], self.ROWS, more=self.declared("case, spaces"))
        assert set(fates(lab).values()) == {"staged"}

    def test_a_refused_row_does_not_push_out_a_good_one(self, staged):
        columns = ["name: {from: n, check: {none_of: [Müller]}}", "zip: z"]
        lab = staged(columns, self.ROWS, more=self.declared("case, accents, spaces, punctuation"))
        assert fates(lab)["0"] == "quarantined"
        assert fates(lab)["1"] == "staged"

    def test_columns_must_be_filled(self, staged):
        with pytest.raises(MetadataError, match="does not fill 'zip'"):
            staged(["name: n"], self.ROWS, more=self.declared("case"))
