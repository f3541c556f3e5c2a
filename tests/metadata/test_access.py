"""Access policies are checked when they are read: what cannot hold is refused at its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from metadata import MetadataError, load_workspace
from metadata.changes import changes
from metadata.errors import UserError
from metadata.loader import workspace_texts
from metadata.seen import seen_by
from metadata.viewers import AccessRules

STAR = Path(__file__).resolve().parents[1] / "cubes" / "workspace"
PEOPLE = """roles:
  regional: Sees some countries.
users:
  ann: {password: "scrypt$16384$8$1$c2FsdA==$a2V5", role: regional, attributes: {countries: [Germany, 7], since: 2021-01-01}}
  bob: {password: "scrypt$16384$8$1$c2FsdA==$a2V5", role: [analyst, regional]}
"""


def load(policy: str = "", people: str = PEOPLE):
    texts = workspace_texts(STAR)
    texts["workspace.yaml"] += people
    if policy:
        texts["access/p.yaml"] = policy
    return load_workspace(STAR, shipped=False, texts=texts)


def issues(policy: str = "", people: str = PEOPLE):
    try:
        load(policy, people)
    except MetadataError as error:
        return error.issues
    return ()


REFUSED = {
    "an unknown role": ("roles: reginal\nrows: customer.vip", 2, "no role 'reginal'"),
    "an unknown user": ("users: [ann, joe]\nrows: customer.vip", 2, "no user 'joe'"),
    "an unknown spared role": (
        "everybody: true\nrows: customer.vip\nexcept: boss", 4, "no role 'boss'"),
    "nobody": ("rows: customer.vip", 1, "is for nobody"),
    "everybody and somebody": ("everybody: true\nroles: regional\nrows: customer.vip", 1, "nobody"),
    "spared by name": ("roles: regional\nexcept: analyst\nrows: customer.vip", 1, "'except'"),
    "nothing taken away": ("roles: regional\ndescription: Nothing", 1, "takes nothing away"),
    "allowed and hidden": (
        "roles: regional\ncubes: {allow: sales, hide: stock}", 3, "either 'allow' or 'hide'"),
    "an unknown key": ("roles: regional\nrow: customer.vip", 3, "Unknown key 'row'"),
    "an unknown cube": ("roles: regional\ncubes: {hide: sale}", 3, "no cube 'sale'"),
    "an unknown measure": ("roles: regional\nmeasures:\n  hide: sales.revenu", 4, "no measure"),
    "a measure without a cube": ("roles: regional\nmeasures: {hide: revenue}", 3, "not a measure"),
    "a measure of no cube": ("roles: regional\nmeasures: {hide: sale.cost}", 3, "no cube 'sale'"),
    "an unknown level": ("roles: regional\nlevels: {hide: customer.nam}", 3, "no level 'nam'"),
    "an unknown role of a cube": (
        "roles: regional\nlevels: {hide: sales.buyer.name}", 3, "no dimension 'buyer'"),
    "an unknown level of a role": (
        "roles: regional\nlevels: {hide: sales.customer.nam}", 3, "no level 'nam'"),
    "an unknown dimension": ("roles: regional\nlevels: {hide: client.name}", 3, "no dimension"),
    "all of nothing": ("roles: regional\nlevels: {hide: client.*}", 3, "no dimension 'client'"),
    "no level at all": ("roles: regional\nlevels: {hide: name}", 3, "not a level"),
    "a filter that is none": (
        "roles: regional\nrows:\n  - customer.vip\n  - customer.country in (", 5, "cannot be used"),
    "a filter that calls a function": (
        "roles: regional\nrows: lower(customer.country) = 'x'", 3, "cannot be used"),
    "a filter by an unknown level": ("roles: regional\nrows: customer.nam = 'x'", 3, "no level"),
    "a filter by an unknown dimension": ("roles: regional\nrows: client.nam = 'x'", 3, "dimension"),
    "a filter by what nothing fills": ("roles: regional\nrows: customer.phone = 'x'", 3, "is empty"),
    "a filter of an unknown cube": (
        "roles: regional\nrows: {cube: sale, where: customer.vip}", 3, "no cube 'sale'"),
    "a filter of a cube by a dimension it lacks": (
        "roles: regional\nrows: {cube: stock, where: customer.vip}", 3, "no level 'customer.vip'"),
    "a filter that only some cubes can keep": (
        "roles: regional\nrows: customer.vip or product.name = 'Pen'", 3, "cannot hold in the cube"),
    "a value of another type": ("roles: regional\nrows: customer.score = 'much'", 3, "not a whole"),
    "an attribute that nobody has": (
        "roles: regional\nrows: customer.country in {user.country}", 3, "No user has an attribute"),
    "a user's value of another type": (
        "roles: regional\nrows: customer.score in {user.countries}", 3, "fit the user 'ann'"),
    "several values where one is meant": (
        "roles: regional\nrows: customer.country > {user.countries}", 3, "fit the user 'ann'"),
    "no mask": ("roles: regional\nmasks: {customer.name: {}}", 3, "exactly one"),
    "two masks": ("roles: regional\nmasks: {customer.name: {show: x, first: 1}}", 3, "exactly one"),
    "a mask of an unknown level": ("roles: regional\nmasks:\n  customer.nam: '-'", 4, "no level"),
    "a mask of a fact's own label": ("roles: regional\nmasks: {sales.kind: '-'}", 3, "be masked"),
    "steps of a text": ("roles: regional\nmasks: {customer.name: {step: 5}}", 3, "cannot mask"),
    "letters of a number": ("roles: regional\nmasks: {customer.score: {first: 1}}", 3, "cannot mask"),
    "periods of a text": (
        "roles: regional\nmasks: {customer.name: {period: year}}", 3, "cannot mask"),
    "a mask above others": (
        "roles: regional\nmasks: {customer.country: '-'}", 3, "'places' goes on below it"),
    "a group of one": ("roles: regional\nminimum: 1", 3, "greater than or equal to 2"),
    "groups of an unknown dimension": (
        "roles: regional\nminimum: {least: 5, of: client}", 3, "no dimension 'client'"),
    "cells of an unknown level": (
        "roles: regional\nminimum: {least: 5, by: client.name}", 3, "no dimension 'client'"),
    "full totals of nothing left out": (
        "roles: regional\ntotals: full\nmasks: {customer.name: '-'}", 1, "goes with 'rows'"),
    "full totals that tell of few": (
        "roles: regional\ntotals: full\nminimum: 5\nrows: customer.vip", 1, "have one of the two"),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_cannot_hold_is_refused_at_its_line(name):
    policy, line, words = REFUSED[name]
    found = issues(f"access: p\n{policy}\n")
    assert found, "it was accepted"
    told = [i for i in found if words in str(i)]
    assert told, found
    assert (told[0].where.file, told[0].where.line) == ("access/p.yaml", line)


ACCEPTED = (
    "rows: customer.country in {user.countries}",
    "rows: {cube: sales, where: 'kind = ''sale'' and not order_date.year < 2020'}",
    "rows: ['date.date >= {user.since}', customer.vip]",
    "rows: customer.country = {user.countries}",
    "rows: customer.country in ('France', {user.countries})",
    "levels: {allow: [customer.*, sales.order_date.month, sales.kind]}",
    "masks: {customer.city: '-', customer.score: {step: 0.5}, customer.since: {period: month}}",
    "minimum: {least: 5, of: store, by: [date.month, sales.kind]}",
    # What the workspace does not load is no mistake.
    "levels: {hide: [campaign.name, sales.campaign.name]}",
    "measures: {hide: sales.tax}",
    "masks: {customer.phone: '-'}",
)


@pytest.mark.parametrize("policy", ACCEPTED)
def test_what_can_hold_is_accepted(policy):
    assert issues(f"access: p\nroles: regional\n{policy}\n") == ()


@pytest.mark.parametrize(
    ("people", "line", "words"),
    [
        (
            "users:\n  ann: {password: 'scrypt$16384$8$1$c2FsdA==$a2V5', role: regional}\n",
            5,
            "no role 'regional'",
        ),
        ("roles: {analyst: Again}\n", 4, "is there already"),
        (
            "users:\n  ann: {password: 'scrypt$16384$8$1$c2FsdA==$a2V5', role: []}\n",
            5,
            "at least 1",
        ),
        (
            "users:\n  ann: {password: 'scrypt$16384$8$1$c2FsdA==$a2V5', attributes: {Region: North}}\n",
            5,
            "not a name",
        ),
        (
            "users:\n  ann: {password: 'scrypt$16384$8$1$c2FsdA==$a2V5', attributes: {region: {a: 1}}}\n",
            5,
            "region",
        ),
    ],
)
def test_people_are_checked(people, line, words):
    found = issues(people=people)
    assert found and words in str(found[0])
    assert (found[0].where.file, found[0].where.line) == ("workspace.yaml", line)


def test_a_changed_policy_is_told_by_its_parts():
    before = load("access: p\nroles: regional\nrows: customer.vip\nmasks: {customer.name: '-'}")
    after = load("access: p\nroles: regional\nrows: not customer.vip\nmasks: {customer.city: '-'}")
    told = {(c.kind, c.name, c.action) for c in changes(before, after)}
    assert told == {
        ("access", "p", "changed"), ("mask", "p.customer.city", "renamed"),
    }  # fmt: skip


class TestRulesOfAnotherState:
    """Readers may have been pointed back at a version that knows nothing of a newer policy."""

    def rules(self, policy):
        return AccessRules.of(load(policy))

    def test_a_policy_holds_in_a_version_that_was_built_without_it(self):
        rules = self.rules("access: p\nroles: regional\nmeasures: {hide: sales.cost}\n")
        seen = seen_by(load(), rules, rules.viewer("ann"))
        assert "cost" not in seen.cubes["sales"].measures
        assert seen_by(load(), rules, AccessRules.of(load()).viewer("bob")).seen_as

    def test_one_that_cannot_be_kept_there_shows_nothing(self):
        texts = workspace_texts(STAR)
        texts["workspace.yaml"] += PEOPLE
        texts["model/more.yaml"] = "dimension: outlet\nentity: outlet\nattributes: {name: }\n"
        texts["access/p.yaml"] = "access: p\nroles: regional\nrows: outlet.name = 'North'\n"
        rules = AccessRules.of(load_workspace(STAR, shipped=False, texts=texts))
        with pytest.raises(UserError, match="Nothing can be shown"):
            seen_by(load(), rules, rules.viewer("ann"))
