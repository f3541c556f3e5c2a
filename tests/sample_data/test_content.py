"""What is true of the clean rows: references, sums, time, and the signals put into them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from sample_data.block import blocks
from sample_data.company import BLOCK, UNTIL, found_company
from sample_data.rows import Numbers
from sample_data.schema import TABLES


@pytest.fixture(scope="module")
def company():
    return found_company(0.6, 7, UNTIL)


@pytest.fixture(scope="module")
def clean(company):
    return next(iter(blocks(company, Numbers()))).tables


def cents(column: pa.ChunkedArray) -> np.ndarray:
    return np.round(column.cast(pa.float64()).to_numpy() * 100).astype(np.int64)


def shared(company) -> dict[str, pa.Table]:
    from sample_data.catalogue import lookup_tables
    from sample_data.ordering import price_histories

    return (
        lookup_tables(company.calendar)
        | price_histories(company)
        | {
            "crm.employee": company.staff.table,
            "crm.campaign": company.campaigns.table,
            "sales.store": company.stores.table(company.staff),
        }
    )


def test_rows_have_the_types_of_the_schema(clean):
    for name, table in clean.items():
        assert table.schema.equals(TABLES[name].arrow_schema), name


def test_keys_are_unique_and_required_columns_filled(clean):
    for name, table in clean.items():
        described = TABLES[name]
        keys = table.select(described.primary_key).group_by(described.primary_key).aggregate([])
        assert keys.num_rows == table.num_rows, name
        for column in described.columns:
            assert column.nullable or table[column.name].null_count == 0, (name, column.name)


def test_every_reference_leads_to_a_row(clean, company):
    every = clean | shared(company)
    for name, table in every.items():
        for column, target in TABLES[name].foreign_keys.items():
            parent = every[target][TABLES[target].primary_key[0]]
            values = table[column].drop_null().cast(parent.type)
            missing = pc.sum(pc.invert(pc.is_in(values, parent.combine_chunks()))).as_py()
            assert not missing, f"{name}.{column}: {missing} rows refer to no {target}"


def test_nothing_is_written_after_the_end(clean, company):
    last = np.datetime64(UNTIL) + 1
    for name, table in clean.items():
        if "updated_at" in table.column_names and table.num_rows:
            assert table["updated_at"].to_numpy().max() < last, name


def test_staff_acts_only_while_employed(clean, company):
    staff = company.staff.table
    number = staff["employee_id"].to_numpy()
    hired = dict(zip(number, staff["hire_date"].to_numpy(), strict=True))
    left = dict(zip(number, staff["leave_date"].to_numpy(), strict=True))
    served = clean["crm.interaction"].filter(pc.is_valid(clean["crm.interaction"]["agent_id"]))
    for agent, at in zip(
        served["agent_id"].to_pylist(), served["started_at"].to_numpy(), strict=True
    ):
        day = at.astype("datetime64[D]")
        assert hired[agent] <= day
        assert np.isnat(left[agent]) or day <= left[agent]


class TestMoney:
    """Totals are the sums of their lines, to the cent."""

    def test_invoices(self, clean):
        lines = (
            clean["billing.invoice_line"]
            .group_by("invoice_id")
            .aggregate([("net_amount", "sum"), ("tax_amount", "sum")])
            .sort_by("invoice_id")
        )
        invoices = clean["billing.invoice"].sort_by("invoice_id")
        assert lines["invoice_id"].equals(invoices["invoice_id"])
        assert (cents(lines["net_amount_sum"]) == cents(invoices["net_amount"])).all()
        total = cents(lines["net_amount_sum"]) + cents(lines["tax_amount_sum"])
        assert (total == cents(invoices["total_amount"])).all()

    @pytest.mark.parametrize(
        ("head", "line", "key", "total", "part"),
        [
            ("sales.sales_order", "sales.order_line", "order_number", "order_amount", "net_amount"),
            ("crm.quote", "crm.quote_line", "quote_id", "total_amount", "amount"),
        ],
    )
    def test_orders_and_quotes(self, clean, head, line, key, total, part):
        lines = clean[line].group_by(key).aggregate([(part, "sum")]).sort_by(key)
        heads = clean[head].sort_by(key)
        assert (cents(lines[f"{part}_sum"]) == cents(heads[total])).all()

    def test_payments_match_paid_invoices(self, clean):
        booked = clean["billing.payment"].filter(
            pc.equal(clean["billing.payment"]["status"], "BOOKED")
        )
        paid = clean["billing.invoice"].filter(pc.equal(clean["billing.invoice"]["status"], "PAID"))
        assert cents(booked["amount"]).sum() == cents(paid["total_amount"]).sum()

    def test_industry_shares_add_up_to_one(self, clean):
        shares = (
            clean["crm.customer_industry"]
            .group_by(["customer_id", "tree"])
            .aggregate([("share", "sum")])
        )
        assert set(shares["share_sum"].cast(pa.float64()).to_pylist()) == {1.0}


class TestSignals:
    """What an analyst or a model is to find."""

    def test_december_is_busier_than_february(self, clean):
        month = pc.month(clean["sales.sales_order"]["order_date"]).to_numpy()
        assert (month == 12).sum() > 1.4 * (month == 2).sum()

    def test_the_company_grows(self, clean):
        year = pc.year(clean["sales.sales_order"]["order_date"]).to_numpy()
        assert (year == 2025).sum() > 1.2 * (year == 2023).sum()

    def test_a_fifth_of_the_customers_brings_most_of_the_revenue(self, clean):
        orders = clean["sales.sales_order"]
        revenue = orders.group_by("customer_id").aggregate([("order_amount", "sum")])
        amounts = np.sort(cents(revenue["order_amount_sum"]))[::-1]
        assert 0.6 < amounts[: len(amounts) // 5].sum() / amounts.sum() < 0.97

    def test_bad_contacts_drive_people_away(self, clean):
        people = clean["crm.customer"].filter(pc.equal(clean["crm.customer"]["customer_type"], "P"))
        since = people["since_date"].to_numpy() < np.datetime64("2024-01-01")
        served = clean["crm.interaction"]
        bad = served.filter(pc.is_in(served["outcome"], pa.array(["ABANDONED", "TRANSFERRED"])))
        ended = dict(
            zip(people["customer_id"].to_pylist(), people["ended_on"].to_numpy(), strict=True)
        )
        soon = [
            np.timedelta64(0) <= (ended[c] - at.astype("datetime64[D]")) < np.timedelta64(90)
            for c, at in zip(
                bad["customer_id"].to_pylist(), bad["started_at"].to_numpy(), strict=True
            )
            if c in ended
        ]
        # Of all customers, in any ninety days, far fewer leave.
        gone = pc.is_valid(people["ended_on"]).to_numpy()
        usual = gone[since].mean() / 12
        assert np.mean(soon) > 1.3 * usual

    def test_price_rises_drive_people_away(self, clean):
        ended = clean["crm.contract"]["end_date"].drop_null()
        month = pc.month(ended).to_numpy()
        after_rise = np.isin(month, (4, 5)).mean()
        assert after_rise > 2 / 12

    def test_low_scores_follow_bad_contacts(self, clean):
        survey = clean["crm.satisfaction_survey"].filter(
            pc.equal(clean["crm.satisfaction_survey"]["survey_type"], "CSAT")
        )
        outcome = dict(
            zip(
                clean["crm.interaction"]["interaction_id"].to_pylist(),
                clean["crm.interaction"]["outcome"].to_pylist(),
                strict=True,
            )
        )
        answered = [
            (outcome[i], s)
            for i, s in zip(
                survey["interaction_id"].to_pylist(), survey["score"].to_pylist(), strict=True
            )
            if s is not None
        ]
        bad = np.mean([s for o, s in answered if o in ("ABANDONED", "TRANSFERRED")])
        good = np.mean([s for o, s in answered if o == "RESOLVED"])
        assert bad < good - 0.6


class TestBlocks:
    def test_sizes_are_bounded_and_add_up(self):
        sizes = [size for _, size in found_company(3.4, 1, UNTIL).blocks()]
        assert max(sizes) <= BLOCK
        assert sum(sizes) == 6_800

    def test_numbers_go_on_from_block_to_block(self, monkeypatch):
        monkeypatch.setattr("sample_data.company.BLOCK", 60)
        company = found_company(0.05, 1, UNTIL)
        made = [block.tables for block in blocks(company, Numbers())]
        assert len(made) == 2
        for name in made[0]:
            key = TABLES[name].primary_key
            both = pa.concat_tables([tables[name].select(key) for tables in made])
            assert both.group_by(key).aggregate([]).num_rows == both.num_rows, name
        assert max(tables["crm.customer"].num_rows for tables in made) <= 60

    def test_scale_must_be_positive(self):
        with pytest.raises(ValueError, match="scale"):
            found_company(0, 1, UNTIL)
