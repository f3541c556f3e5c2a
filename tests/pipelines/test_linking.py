"""Which records are the same: by rules and by likeness, against brute force and known truth."""

from __future__ import annotations

from itertools import combinations

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metadata import MetadataError, UserError, load_workspace
from metadata.model.matching import Decisions, Matching
from metadata.model.star import Entity
from metadata.repository import ResolvedMatching, Written
from metadata.yaml_tree import parse_documents
from pipelines.dry_run import refused_by_engine
from pipelines.matching import link
from pipelines.matching.apart import Edge, clusters_apart
from transforms.matching import records_query

TEXTS = ("given_name", "surname", "street_number", "address_1", "address_2", "suburb", "postcode", "state")  # fmt: skip


def resolved(columns, decisions=(), **said) -> ResolvedMatching:
    entity = Entity.model_validate(
        {"entity": "person", "key": "id", "columns": {"id": "string", **columns}}
    )
    definition = Matching.model_validate({"matching": "person", **said})
    document = next(iter(parse_documents("matching: person\n", "matching/person.yaml")))
    decided = Decisions.model_validate({"decisions": "person", "records": list(decisions)})
    written = Written(definition, (document,))
    return ResolvedMatching(definition, entity, {}, written, Written(decided, (document,)))


def records_of(how, rows: pa.Table) -> pa.Table:
    with duckdb.connect() as connection:
        connection.execute("ATTACH ':memory:' AS staging")
        connection.register("given", rows)
        connection.execute("CREATE TABLE staging.person AS SELECT * FROM given")
        return connection.sql(records_query(how).sql("duckdb")).to_arrow_table()


def clusters(how, rows) -> dict[str, str]:
    found = link(how, records_of(how, rows), None)
    together = {r["key"]: r["cluster"] for r in found.records.to_pylist()}
    return {key: together.get(key, key) for key in rows["id"].to_pylist()}


def groups(clusters) -> set[frozenset[str]]:
    found: dict[str, set[str]] = {}
    for key, cluster in clusters.items():
        found.setdefault(cluster, set()).add(key)
    return {frozenset(each) for each in found.values()}


def closed(keys, alike) -> set[frozenset[str]]:
    """Groups by brute force: whoever is alike to anybody in a group is in it."""
    found = [{k} for k in keys]
    for one, other in combinations(keys, 2):
        if alike(one, other):
            mine, theirs = (next(g for g in found if k in g) for k in (one, other))
            if mine is not theirs:
                mine |= theirs
                found.remove(theirs)
    return {frozenset(g) for g in found}


class TestRules:
    @settings(max_examples=10, deadline=None)
    @given(
        st.lists(
            st.tuples(*[st.sampled_from([None, "", "a", "A ", "b", "c"])] * 3),
            min_size=1,
            max_size=9,
        )
    )
    def test_groups_are_those_of_brute_force(self, values):
        rows = pa.table({
            "id": [str(n) for n in range(len(values))],
            **{name: pa.array([v[i] for v in values], pa.string()) for i, name in enumerate("xyz")},
        })  # fmt: skip
        how = resolved(dict.fromkeys("xyz", "string"), same=["x", ["y", "lower(z)"]])
        data = {str(n): [(v or "").strip() for v in each] for n, each in enumerate(values)}

        def alike(one, other):
            (a, b, c), (d, e, f) = data[one], data[other]
            return (a == d != "") or (b == e != "" and c.lower() == f.lower() != "")

        assert groups(clusters(how, rows)) == closed(list(data), alike)

    def test_what_is_compared_agrees_as_it_is_compared(self):
        how = resolved({"phone": "string", "name": "string"}, same=[["phone", "name"]],
                       compare={"phone": "phone", "name": "name"}, block=["phone"])  # fmt: skip
        rows = pa.table(
            {
                "id": ["1", "2"],
                "phone": ["+49 30-12", "493012"],
                "name": ["Müller,  Ann", "muller ann"],
            }
        )
        assert groups(clusters(how, rows)) == {frozenset("12")}

    def test_records_that_a_filter_leaves_out_are_the_same_as_nobody(self):
        how = resolved({"x": "string", "kind": "string"}, same=["x"], where="kind = 'Person'")
        rows = pa.table(
            {"id": ["1", "2", "3"], "x": ["a"] * 3, "kind": ["Person", "Person", "Company"]}
        )
        assert groups(clusters(how, rows)) == {frozenset("12"), frozenset("3")}


class TestDecisions:
    ROWS = pa.table({"id": ["1", "2", "3", "4"], "x": ["a", "a", "a", "b"]})

    def test_together_goes_over_rules(self):
        how = resolved({"x": "string"}, [{"together": ["3", "4"]}], same=["x"])
        assert groups(clusters(how, self.ROWS)) == {frozenset("1234")}

    def test_apart_parts_two_and_leaves_the_others_with_one_of_them(self):
        how = resolved({"x": "string"}, [{"apart": ["1", "2"]}], same=["x"])
        found = groups(clusters(how, self.ROWS))
        assert not any({"1", "2"} <= group for group in found)
        assert any("3" in group and len(group) == 2 for group in found)

    def test_whoever_is_left_does_not_fall_apart_with_the_first_of_the_group(self):
        how = resolved({"x": "string"}, [{"apart": ["1", "2"]}, {"apart": ["1", "3"]}], same=["x"])
        assert groups(clusters(how, self.ROWS)) == {frozenset("1"), frozenset("23"), frozenset("4")}

    def test_about_records_that_are_not_there_they_say_nothing(self):
        how = resolved(
            {"x": "string"}, [{"together": ["3", "99"]}, {"apart": ["98", "1"]}], same=["x"]
        )
        assert groups(clusters(how, self.ROWS)) == {frozenset("123"), frozenset("4")}

    @settings(max_examples=200, deadline=None)
    @given(st.data())
    def test_no_two_that_are_apart_share_a_cluster(self, data):
        keys = [str(n) for n in range(7)]
        pair = st.sampled_from(list(combinations(keys, 2)))
        edges = [
            Edge(*p, s)
            for p, s in data.draw(st.lists(st.tuples(pair, st.sampled_from([0.9, 1.0, 2.0]))))
        ]
        apart = data.draw(st.lists(pair, max_size=4))
        found = clusters_apart(edges, apart)
        assert not any(a in found and found.get(a) == found.get(b) for a, b in apart)
        whole = closed(keys, lambda a, b: any({e.left, e.right} == {a, b} for e in edges))
        assert all(any(group <= g for g in whole) for group in groups(found))
        if not apart:
            assert groups({**dict(zip(keys, keys, strict=True)), **found}) == whole


class TestLikeness:
    def test_a_handful_of_records_is_matched_by_what_is_usual(self):
        rows = pa.table({
            "id": ["1", "2", "3"], "name": ["Anna Berger", "Berger, Anna", "Bruno Carl"],
            "email": ["anna@x.org", "anna@y.org", "bruno@x.org"], "city": ["Ulm", "Ulm", "Ulm"],
        })  # fmt: skip
        how = resolved(dict.fromkeys(("name", "email", "city"), "string"), block=["city"],
                       compare={"name": "name", "email": "email"})  # fmt: skip
        assert groups(clusters(how, rows)) == {frozenset("12"), frozenset("3")}

    @pytest.mark.parametrize("count", [0, 1])
    def test_of_nobody_and_of_one_there_are_no_pairs(self, count):
        how = resolved({"name": "string"}, block=["name"], compare={"name": "name"})
        rows = pa.table(
            {
                "id": pa.array(["1"][:count], pa.string()),
                "name": pa.array(["Ann"][:count], pa.string()),
            }
        )
        found = link(how, records_of(how, rows), None)
        assert found.records.num_rows == found.pairs.num_rows == 0
        assert not found.model.settled

    def test_a_block_line_on_which_too_many_agree_is_refused_with_their_number(self, monkeypatch):
        monkeypatch.setattr("pipelines.matching.linking.MOST_PAIRS", 5)
        how = resolved({"x": "string"}, block=["x"], compare={"x": "exact"})
        with pytest.raises(UserError) as caught:
            clusters(how, pa.table({"id": list("abcd"), "x": ["1"] * 4}))
        assert "That makes 6 pairs to compare; 5 are the most." in str(caught.value.issues[0])

    def test_people_of_febrl_are_found_without_their_number(self, real_data):
        """5,000 records of 2,000 people with up to 5 faulty duplicates; F1 over pairs."""
        path = real_data / "febrl" / "febrl3.csv"
        texts = ", ".join(f"nullif(trim({name}), '') AS {name}" for name in TEXTS)
        with duckdb.connect() as connection:
            rows = connection.sql(
                f"SELECT rec_id AS id, {texts}, try_strptime(date_of_birth, '%Y%m%d')::DATE AS born"
                f" FROM read_csv('{path}', all_varchar=true, header=true)"
            ).to_arrow_table()
        likeness = {"as": "jaro_winkler", "term_frequency": True}
        how = resolved(
            {**dict.fromkeys(TEXTS, "string"), "born": "date"},
            block=["born", ["postcode", "surname"], ["given_name", "surname"], ["postcode", "given_name"],
                   "address_1", ["suburb", "street_number"]],
            compare={"given_name": likeness, "surname": likeness, "address_1": likeness, "suburb": "jaro_winkler",
                     "street_number": "levenshtein", "postcode": "postal_code", "born": "date", "state": "exact"},
        )  # fmt: skip
        records = records_of(how, rows)
        found = link(how, records, None)
        again = link(how, records, None)
        assert again.model == found.model and again.records.equals(found.records)
        kept = link(how, records, found.model)
        assert not kept.estimated and kept.records.equals(found.records)
        together = found.records.to_pylist()
        person = {r["key"]: r["key"].split("-")[1] for r in together}
        by_cluster: dict[str, list[str]] = {}
        for r in together:
            by_cluster.setdefault(r["cluster"], []).append(r["key"])
        pairs = [p for members in by_cluster.values() for p in combinations(members, 2)]
        right = sum(person[a] == person[b] for a, b in pairs)
        everybody: dict[str, int] = {}
        for key in rows["id"].to_pylist():
            everybody[key.split("-")[1]] = everybody.get(key.split("-")[1], 0) + 1
        true = sum(n * (n - 1) // 2 for n in everybody.values())
        f1 = 2 * right / (len(pairs) + true)
        assert f1 >= 0.99, f1


def check(path, text, company_files, extra=""):
    company_files.write_company(path, matching=text)
    if extra:
        company_files.write(path, "matching/decided.yaml", extra)
    with pytest.raises(MetadataError) as caught:
        load_workspace(path)
    return [(i.what, i.where.file, i.where.line) for i in caught.value.issues]


HEAD = "matching: customer\nsurvivorship: {default: most_recent}\n"


class TestBadInput:
    @pytest.mark.parametrize(
        ("text", "what", "line"),
        [
            (HEAD + "same: [emial]", "Entity 'customer' has no column 'emial'.", 3),
            (HEAD + "same: [gender]", "'gender' of 'customer' is always empty.", 3),
            (HEAD + "same:\n  - email\n  - [name, sum(name)]", "may not aggregate", 5),
            (HEAD + "same:\n  - email\n  - [name, (select 1)]", "may not read tables", 5),
            (HEAD + "compare: {nam: name}\nblock: [email]", "has no column 'nam'", 3),
            (HEAD + "compare: {birth_date: name}\nblock: [email]", "'birth_date' cannot be compared as name.", 3),
            (HEAD + "compare: {name: date}\nblock: [email]", "'name' cannot be compared as date.", 3),
            (HEAD + "compare: {name: {as: number, within: [1]}}\nblock: [email]", "cannot be compared as number", 3),
            (HEAD + "compare: {name: soundex}\nblock: [email]", "compare.name", 3),
            (HEAD + "compare: {name: name}", "Nothing says which records are compared.", 3),
            (HEAD + "compare: {name: name}\nblock: []", "Nothing says which records are compared.", 3),
            (HEAD + "block: [email]\nsame: [email]", "nothing is compared", 3),
            (HEAD, "needs 'same' or 'compare'", 1),
            (HEAD + "same: [email]\nthresholds: {merge: 0.5, review: 0.9}", "'review' (0.9) above 'merge'", 4),
            (HEAD + "same: [email]\nthresholds: {merge: 1.5}", "thresholds.merge", 4),
            (HEAD + "compare: {name: {as: name, at_least: [0.8, 0.9]}}\nblock: [email]", "to fall step by step", 3),
            (HEAD + "compare: {name: {as: levenshtein, at_most: [2, 1]}}\nblock: [email]", "to rise step by step", 3),
            (HEAD + "compare: {name: {as: email, at_most: [2]}}\nblock: [email]", "cannot have 'at_most' as email", 3),
            (HEAD + "same: [email]\nwhere: kund = 1", "has no column 'kund'", 4),
            ("matching: custmer\nsame: [email]", "There is no entity 'custmer'.", 1),
            ("matching: customer\nsame: [email]", "Not every column says which of its values stays.", 1),
            ("matching: customer\nsame: [email]\nsurvivorship:\n  columns: {name: longest}", "Not every column says", 3),
            ("matching: customer\nsame: [email]\nsurvivorship:\n  default: {take: source, sources: [crn]}",
             "'crn' does not feed the entity 'customer'.", 4),
            ("matching: customer\nsame: [email]\nsurvivorship:\n  default: min\n  columns: {birth_date: longest}",
             "'birth_date' has no length.", 5),
            ("matching: customer\nsame: [email]\nsurvivorship:\n  default: min\n  columns: {nme: longest}",
             "has no column 'nme'", 5),
            ("matching: customer\nsame: [email]\nsurvivorship:\n  default: min\n  columns: {customer_id: min}",
             "'customer_id' is the key of 'customer'.", 5),
            ("matching: customer\nsame: [email]\nsurvivorship:\n  default: {take: most_recent, by: name}",
             "'name' says no time.", 4),
            ("matching: product\nsame: [name]\nsurvivorship: {default: most_recent}",
             "Nothing says which record is the most recent.", 3),
            ("matching: customer\nsame: [email]\nsurvivorship: {default: longest}", "'birth_date' has no length.", 3),
            (HEAD + "same: [email]\nblok: [email]", "Unknown key 'blok'.", 4),
        ],
    )  # fmt: skip
    def test_it_is_refused_at_its_line(self, tmp_path, text, what, line):
        import matched_company

        found = check(tmp_path, text + "\n", matched_company)
        assert any(what in said and at == line for said, _, at in found), found
        assert {file for _, file, _ in found} == {"matching/customer.yaml"}

    @pytest.mark.parametrize(
        ("text", "what", "line"),
        [
            ("decisions: custmer\nrecords: []", "There are decisions about 'custmer'", 1),
            ("decisions: customer\nrecords:\n  - {together: [a]}", "at least two keys", 3),
            ("decisions: customer\nrecords:\n  - {together: [a, a]}", "at least two keys", 3),
            ("decisions: customer\nrecords:\n  - {together: [a, b], apart: [a, c]}", "either 'together' or 'apart'", 3),
            ("decisions: customer\nrecords:\n  - {together: [a, b]}\n  - {together: [b, c]}\n  - {apart: [a, c]}",
             "'a' and 'c' are said to be apart and together.", 5),
        ],
    )  # fmt: skip
    def test_decisions_that_cannot_hold(self, tmp_path, text, what, line):
        import matched_company

        found = check(tmp_path, matched_company.MATCHING, matched_company, extra=text + "\n")
        assert any(
            what in said and (file, at) == ("matching/decided.yaml", line)
            for said, file, at in found
        ), found

    def test_what_the_engine_cannot_compute_is_told_when_it_is_checked(self, tmp_path):
        import matched_company

        text = HEAD + "same:\n  - email\n  - [name, birth_date + name]\n"
        repository = load_workspace(matched_company.write_company(tmp_path, matching=text))
        assert [(i.what, str(i.where)) for i in refused_by_engine(repository)] == [
            ("The expression 'birth_date + name' cannot be computed.", "matching/customer.yaml:5")
        ]

    def test_of_an_entity_that_nobody_maps_it_is_absent(self, tmp_path):
        import matched_company

        matched_company.write_company(tmp_path)
        matched_company.write(
            tmp_path, "matching/contact.yaml", "matching: contact\nsame: [email]\n"
        )
        assert "matching contact" in load_workspace(tmp_path).absent

    def test_a_value_that_a_cast_cannot_take_ends_in_a_message(self):
        how = resolved({"x": "string"}, same=["cast(x as integer)"])
        with pytest.raises(UserError) as caught:
            clusters(how, pa.table({"id": ["1", "2"], "x": ["a", "b"]}))
        (issue,) = caught.value.issues
        assert (
            issue.what == "The records of 'person' cannot be matched." and "Conversion" in issue.why
        )
