"""The CRM database, first half: who the customers are, what they hold, and who serves them."""

from __future__ import annotations

from sample_data.table import define

CUSTOMER_TABLES = (
    define(
        "crm.employee",
        "Staff as a tree of managers: sales people, agents, technicians",
        "employee_id",
        """
        employee_id          int                         number of the employee
        manager_id           int? -> crm.employee        the employee's manager; empty for the head
        first_name           text(60)                    first name
        last_name            text(60)                    last name
        email                text(120)                   work e-mail
        job_title            text(60)                    job title
        department           text(40)                    Sales, Service, Field, Marketing, ...
        team                 text(60)?                   team inside the department
        country_code         char(2)                     country the employee works in
        hire_date            date                        first day
        leave_date           date?                       last day; empty while employed
        monthly_salary       money                       salary in EUR
        updated_at           timestamp                   last change
    """,
    ),
    define(
        "crm.segment_code",
        "Lookup of customer segments",
        "segment_code",
        """
        segment_code         text(8)                     code as used in customer.segment_code
        name                 text(60)                    name of the segment
        customer_type        char(1)                     P people, C companies
        description          text(200)                   who belongs to it
        updated_at           timestamp                   last change
    """,
    ),
    define(
        "crm.code_value",
        "Lookup of every other code list",
        "code_list code",
        """
        code_list            text(40)                    list, e.g. credit_class, cancel_reason
        code                 text(20)                    code
        name                 text(80)                    its meaning
        sort_order           int                         order within the list
        updated_at           timestamp                   last change
    """,
    ),
    define(
        "crm.household",
        "Households that people share",
        "household_id",
        """
        household_id         int                         number of the household
        name                 text(80)                    family name
        size                 int                         persons
        children_count       int                         children among them
        dwelling_type        text(20)                    FLAT, TERRACE, HOUSE
        lifestyle_group      text(20)                    lifestyle group, see outside.geography
        updated_at           timestamp                   last change
    """,
    ),
    define(
        "crm.customer",
        "People and companies that buy or bought",
        "customer_id",
        """
        customer_id          int                         number of the customer in all systems
        customer_type        char(1)                     P person, C company
        title                text(20)?                   Mr, Ms, Dr; people only
        first_name           text(60)?                   people only
        last_name            text(60)?                   people only
        company_name         text(120)?                  companies only
        legal_form           text(20)?                   GmbH, Ltd, SA, ...; companies only
        tax_number           text(20)?                   VAT number; companies only
        birth_date           date?                       people only
        gender               text(4)?                    F, M, X; people only
        marital_status       text(12)?                   SINGLE, MARRIED, DIVORCED, WIDOWED
        income_band          text(4)?                    A (lowest) to E; people only
        email                text(120)?                  e-mail
        phone                text(40)?                   fixed line, international form
        mobile_phone         text(40)?                   mobile, international form
        preferred_language   char(2)                     ISO 639-1
        preferred_medium     text(12)                    medium code the customer prefers
        marketing_consent    bool                        may be addressed by campaigns
        country_code         text(4)                     home country, ISO 3166
        segment_code         text(8)? ~> crm.segment_code  segment
        credit_class         text(4)?                    A (best) to E
        household_id         int? -> crm.household       household; people only
        parent_customer_id   int? -> crm.customer        parent company; companies only
        employees_count      int?                        staff; companies only
        annual_turnover      decimal(16,2)?              turnover in EUR; companies only
        account_manager_id   int? -> crm.employee        sales person in charge; companies mostly
        acquisition_channel  text(12)? ~> sales.channel  channel that won the customer
        acquisition_campaign_id  int? -> crm.campaign    campaign that won the customer
        since_date           date                        customer since
        ended_on             date?                       day the last contract ended
        status               text(12)                    ACTIVE, CHURNED, TEST
        is_deleted           bool                        softly deleted
        created_at           timestamp                   row written
        updated_at           timestamp                   last change
    """,
    ),
    define(
        "crm.contact",
        "People at customer companies",
        "contact_id",
        """
        contact_id           int                         number of the contact
        customer_id          int -> crm.customer         the company
        first_name           text(60)                    first name
        last_name            text(60)                    last name
        job_title            text(60)?                   position
        role                 text(20)                    DECIDER, BUYER, USER, TECHNICAL
        email                text(120)?                  e-mail
        phone                text(40)?                   phone
        is_primary           bool                        the first to talk to
        updated_at           timestamp                   last change
    """,
    ),
    define(
        "crm.address",
        "Addresses of customers, typed",
        "address_id",
        """
        address_id           int                         number of the address
        customer_id          int -> crm.customer         whose address
        address_type         text(12)                    HOME, BILLING, DELIVERY, OFFICE
        street               text(120)                   street and house number
        postal_code          text(12)?                   postal code
        city                 text(80)                    city
        region               text(80)                    region, see outside.geography
        country_code         text(4)                     ISO 3166 code
        valid_from           date                        valid from
        updated_at           timestamp                   last change
    """,
    ),
    define(
        "crm.industry",
        "Industry classifications: NACE, SIC and the house's own tree",
        "tree code",
        """
        tree                 text(12)                    NACE, SIC or HOUSE
        code                 text(12)                    code of the node
        parent_code          text(12)?                   code of the parent in the same tree
        name                 text(80)                    name
        level                int                         1 at the top
        updated_at           timestamp                   last change
    """,
    ),
    define(
        "crm.customer_industry",
        "Industries of a company; shares of a tree add up to 1",
        "customer_id tree code",
        """
        customer_id          int -> crm.customer         the company
        tree                 text(12)                    classification, see industry.tree
        code                 text(12)                    leaf of that tree
        share                decimal(5,4)                share of the company's business
        updated_at           timestamp                   last change
    """,
    ),
    define(
        "crm.service_plan",
        "Plans that contracts are made of",
        "plan_code",
        """
        plan_code            text(12)                    code of the plan
        name                 text(60)                    name
        service_line         text(12)                    MOBILE, FIXED, BROADBAND
        customer_type        char(1)                     P people, C companies
        monthly_fee          money                       list price in EUR
        included_data_gb     int?                        data included
        bandwidth_mbps       int?                        bandwidth; broadband only
        commitment_months    int                         0, 12 or 24
        launched_on          date                        on sale from
        withdrawn_on         date?                       on sale until
        updated_at           timestamp                   last change
    """,
    ),
    define(
        "crm.contract",
        "Contracts for plans",
        "contract_id",
        """
        contract_id          int                         number of the contract
        customer_id          int -> crm.customer         holder
        account_number       char(9) -> billing.billing_account  account it is billed to
        plan_code            text(12) -> crm.service_plan  plan now
        service_line         text(12)                    MOBILE, FIXED, BROADBAND
        start_date           date                        first day
        commitment_end       date?                       day the commitment ends
        end_date             date?                       last day; empty while it runs
        status               text(12)                    ACTIVE, CANCELLED
        monthly_fee          money                       fee now, in currency
        discount_percent     decimal(5,2)                discount on the fee
        currency             char(3)                     currency of the country
        bandwidth_mbps       int?                        bandwidth; broadband only
        auto_renew           bool                        renews itself
        channel_code         text(12) ~> sales.channel   channel it was sold through
        sold_by_employee_id  int? -> crm.employee        sales person
        cancel_reason        text(20)?                   code_value list cancel_reason
        competitor           text(40)?                   where the customer went, if told
        updated_at           timestamp                   last change
    """,
    ),
    define(
        "crm.contract_change",
        "Price rises, up- and downgrades, renewals",
        "change_id",
        """
        change_id            int                         number of the change
        contract_id          int -> crm.contract         contract
        change_type          text(16)                    PRICE_RISE, UPGRADE, DOWNGRADE, RENEWAL
        changed_on           date                        day it took effect
        old_plan_code        text(12)                    plan before
        new_plan_code        text(12)                    plan after
        old_monthly_fee      money                       fee before
        new_monthly_fee      money                       fee after
        updated_at           timestamp                   last change
    """,
    ),
    define(
        "crm.installed_product",
        "Devices at customers",
        "installed_product_id",
        """
        installed_product_id  int                        number of the installed product
        customer_id          int -> crm.customer         owner
        contract_id          int -> crm.contract         contract it came with
        product_code         text(12) ~> sales.product   product
        serial_number        text(24)                    serial number
        installed_on         date                        day of installation
        warranty_start       date                        warranty from
        warranty_end         date                        warranty until
        status               text(12)                    IN_USE, RETURNED, REPLACED
        updated_at           timestamp                   last change
    """,
    ),
    define(
        "crm.network_quality",
        "Monthly network quality by region and service",
        "country_code region month service_line",
        """
        country_code         char(2)                     country
        region               text(80)                    region, see outside.geography
        month                date                        first day of the month
        service_line         text(12)                    MOBILE, FIXED, BROADBAND
        availability_percent  decimal(6,3)               share of time in service
        drop_rate_percent    decimal(6,3)                dropped calls or sessions
        outage_minutes       int                         minutes without service
        updated_at           timestamp                   last change
    """,
    ),
)
