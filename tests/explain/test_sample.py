"""The sample company, loaded and loaded again a month later: its dirt is found where it was strewn."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from explained_company import Company, load

import sample_data

pytestmark = pytest.mark.slow
FIGURES = (
    ("sales", "margin_rate"), ("billing", "arpu"), ("service", "longest_wait"),
    ("stock", "on_hand"), ("usage", "users"), ("cases", "service_level"),
)  # fmt: skip


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Company:
    """A small sample company whose CRM is a SQLite file, with a month that came later."""
    root = tmp_path_factory.mktemp("sample") / "company"
    (root / "data").mkdir(parents=True)
    url = f"sqlite:///{root}/data/crm.sqlite"
    sample_data.generate(root, scale=0.05, crm_url=url)
    shutil.copytree(Path(sample_data.__file__).parent / "workspace", root, dirs_exist_ok=True)
    crm = root / "sources" / "crm.yaml"
    crm.write_text(re.sub(r"(?m)^url: .*$", f"url: {url}", crm.read_text()))
    load(root)
    sample_data.play(root, days=31, crm_url=url)
    load(root)
    return Company(root)


def ledger(sample, table, column, kind):
    """Keys of the rows into which a kind of dirt was strewn."""
    found = sample_data.ledger(sample.root).to_pylist()
    return {
        row["key"]
        for row in found
        if (f"{row['source']}.{row['table']}", row["column"], row["kind"]) == (table, column, kind)
    }


@pytest.mark.parametrize(("cube", "measure"), FIGURES)
def test_figures_hold_down_to_the_landing_zone(sample, cube, measure):
    found = sample.explain(cube, measure, limit=3)
    assert found.holds, found.checks
    assert found.issues == ()
    assert found.left_out is not None


def test_lines_that_were_spoilt_are_those_that_were_refused(sample):
    found = sample.explain("sales", "quantity", limit=150)
    spoilt = ledger(sample, "sales.order_line", "quantity", "impossible_value")
    refused = [row for row in found.left_out.rows if row.outcome == "quarantined"]
    keys = {"|".join(found.sources[row.row].landed.key.values()) for row in refused}
    assert {re.sub(r"\W", "|", key) for key in spoilt} == keys
    assert spoilt
    assert {refusal.rule for row in refused for refusal in found.sources[row.row].refusals} == {
        "at_least"
    }


def test_lines_that_were_told_twice_are_those_that_were_merged(sample):
    found = sample.explain("sales", "lines", limit=150)
    twice = ledger(sample, "sales.order_line", "*", "repeated_row")
    merged = next(total for total in found.left_out.totals if total.outcome == "merged")
    assert merged.rows == found.left_out.merged_into_cell == len(twice) > 0
    assert merged.would_be == found.value + len(twice)


def test_usage_of_accounts_that_nobody_knows_is_explained_on_the_unknown_member(sample):
    orphans = ledger(sample, "billing.usage_record", "account_number", "orphan")
    found = sample.explain(
        "usage", "events", where="billing_account.billing_account_id is null", limit=150
    )
    told = {member.why_unknown for row in found.facts.shown for member in row.members
            if member.role == "billing_account"}  # fmt: skip
    assert told == {"no_member"}
    assert len(orphans) == found.facts.counted > 0


def test_a_customer_who_changed_is_told_in_the_version_of_the_day(sample):
    """Customers are read by what has changed: the newer batch holds only some of them."""
    found = sample.explain("sales", "lines", where="customer.segment is not null", limit=150)
    closed = [
        (found.sources[member.row], member)
        for row in found.facts.shown
        for member in row.members
        if member.role == "customer" and member.is_current is False and member.row
    ]
    assert len({member.natural_key for _, member in closed}) > 5, "a month has changed many"
    assert {source.outcome for source, _ in closed} == {"superseded"}
    for source, member in closed:
        assert source.landed.key == {"customer_id": member.natural_key}
        segment = next(value for value in source.values if value.column == "segment")
        assert segment.value == member.attributes["segment"]
        assert source.came["updated_at"] < member.valid_to.isoformat(sep=" ")
