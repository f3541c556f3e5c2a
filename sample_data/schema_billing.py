"""The billing database: accounts, usage, invoices, payments and what goes wrong with them."""

from __future__ import annotations

from sample_data.table import define

BILLING_TABLES = (
    define(
        "billing.billing_account",
        "Accounts, with their own copy of who the customer is",
        "account_number",
        """
        account_number       char(9)                     A and 8 digits
        customer_ref         text(12)? ~> crm.customer   customer_id of the CRM, as text
        customer_name        text(120)                   name as billing knows it
        email                text(120)?                  e-mail as billing knows it
        phone                text(40)?                   phone as billing knows it
        street               text(120)                   street and house number
        postal_code          text(12)?                   postal code
        city                 text(80)                    city
        country_code         char(2)                     ISO 3166
        currency             char(3)                     currency of invoices
        payment_method       text(16)                    DIRECT_DEBIT, CARD, TRANSFER
        invoice_delivery     text(8)                     EMAIL, PAPER
        billing_day          int                         day of the month, 1 to 28
        status               text(12)                    ACTIVE, CLOSED
        opened_on            date                        opened
        closed_on            date?                       closed
        updated_at           timestamp                   last change
    """,
    ),
    define(
        "billing.usage_record",
        "Usage by account, month and service",
        "usage_id",
        """
        usage_id             bigint                      number of the record
        account_number       char(9) ~> billing.billing_account  account
        usage_month          date                        first day of the month
        service              text(12)                    VOICE, SMS, DATA, ROAMING, BROADBAND
        quantity             decimal(14,3)               minutes, messages or megabytes
        unit                 text(4)                     MIN, MSG, MB
        events               int                         calls, messages or sessions
        dropped_events       int                         those that broke off
        amount               money                       charged beyond the plan, in currency
        currency             char(3)                     currency
        updated_at           timestamp                   last change
    """,
    ),
    define(
        "billing.invoice",
        "Monthly invoices",
        "invoice_id",
        """
        invoice_id           bigint                      number of the invoice
        account_number       char(9) -> billing.billing_account  account
        period_month         date                        first day of the month billed
        issued_on            date                        issued
        due_on               date                        due
        net_amount           money                       sum of the lines, net
        tax_amount           money                       sum of the lines' tax
        total_amount         money                       net and tax
        currency             char(3)                     currency
        status               text(12)                    OPEN, PAID, OVERDUE, WRITTEN_OFF
        paid_on              date?                       paid in full on
        updated_at           timestamp                   last change
    """,
    ),
    define(
        "billing.invoice_line",
        "Lines of invoices",
        "invoice_id line_number",
        """
        invoice_id           bigint ~> billing.invoice   invoice
        line_number          int                         line
        line_type            text(12)                    FEE, USAGE, DISCOUNT
        contract_id          int? -> crm.contract        contract; empty for usage
        plan_code            text(12)?                   plan billed, see crm.service_plan
        service_line         text(12)                    MOBILE, FIXED, BROADBAND
        net_amount           money                       net, in the invoice's currency
        tax_percent          decimal(5,2)                rate of tax
        tax_amount           money                       tax
        updated_at           timestamp                   last change
    """,
    ),
    define(
        "billing.payment",
        "Payments received",
        "payment_id",
        """
        payment_id           bigint                      number of the payment
        account_number       char(9) -> billing.billing_account  account
        invoice_id           bigint ~> billing.invoice   invoice paid
        paid_on              date                        value date
        amount               money                       amount
        currency             char(3)                     currency
        method               text(16)                    DIRECT_DEBIT, CARD, TRANSFER
        status               text(12)                    BOOKED, RETURNED
        updated_at           timestamp                   last change
    """,
    ),
    define(
        "billing.credit_limit",
        "Credit limits over time",
        "credit_limit_id",
        """
        credit_limit_id      int                         number
        account_number       char(9) -> billing.billing_account  account
        valid_from           date                        from
        valid_to             date?                       until; empty for the present one
        limit_amount         money                       limit, in currency
        currency             char(3)                     currency
        reason               text(20)                    OPENING, REVIEW, LATE_PAYMENT
        updated_at           timestamp                   last change
    """,
    ),
    define(
        "billing.dispute",
        "Disputed invoices",
        "dispute_id",
        """
        dispute_id           int                         number
        invoice_id           bigint -> billing.invoice   invoice
        account_number       char(9) -> billing.billing_account  account
        opened_on            date                        opened
        closed_on            date?                       closed
        reason               text(20)                    code_value list dispute_reason
        disputed_amount      money                       amount disputed
        credited_amount      money                       amount credited
        status               text(12)                    OPEN, CREDITED, REJECTED
        updated_at           timestamp                   last change
    """,
    ),
    define(
        "billing.dunning_step",
        "Reminders for overdue invoices",
        "dunning_step_id",
        """
        dunning_step_id      int                         number
        invoice_id           bigint -> billing.invoice   invoice
        account_number       char(9) -> billing.billing_account  account
        level                int                         1 reminder to 4 collection
        sent_on              date                        sent
        amount_due           money                       amount due
        fee                  money                       fee charged
        updated_at           timestamp                   last change
    """,
    ),
    define(
        "billing.guarantee",
        "Deposits and bank guarantees",
        "guarantee_id",
        """
        guarantee_id         int                         number
        account_number       char(9) -> billing.billing_account  account
        guarantee_type       text(12)                    DEPOSIT, BANK
        amount               money                       amount
        currency             char(3)                     currency
        received_on          date                        received
        released_on          date?                       released
        updated_at           timestamp                   last change
    """,
    ),
)
