"""The CRM database, second half: marketing, selling and serving, as events."""

from __future__ import annotations

from sample_data.table import define

SERVICE_TABLES = (
    define(
        "crm.campaign",
        "Marketing campaigns; waves hang under their parent",
        "campaign_id",
        """
        campaign_id          int                         number of the campaign
        parent_campaign_id   int? -> crm.campaign        programme it belongs to
        name                 text(100)                   name
        campaign_type        text(16)                    PROGRAMME, ACQUIRE, CROSS_SELL, RETAIN
        medium               text(12)                    medium code
        segment_code         text(8)? -> crm.segment_code  segment aimed at; empty for all
        product_family       text(20)?                   what it promotes
        start_date           date                        first day
        end_date             date                        last day
        budget               money                       budget in EUR
        actual_cost          money                       cost in EUR
        expected_response_percent  decimal(5,2)          response planned
        owner_employee_id    int -> crm.employee         in charge
        status               text(12)                    PLANNED, RUNNING, DONE
        updated_at           timestamp                   last change
    """,
    ),
    define(
        "crm.campaign_target",
        "Customers addressed, with a control group",
        "campaign_target_id",
        """
        campaign_target_id   int                         number of the target
        campaign_id          int -> crm.campaign         campaign
        customer_id          int -> crm.customer         customer
        target_group         char(1)                     T treated, C control (not contacted)
        sent_at              timestamp?                  contacted at; empty for control
        medium               text(12)                    medium code
        contact_cost         money                       cost of the contact in EUR
        updated_at           timestamp                   last change
    """,
    ),
    define(
        "crm.campaign_response",
        "What the addressed customers did",
        "response_id",
        """
        response_id          int                         number of the response
        campaign_target_id   int -> crm.campaign_target  target
        campaign_id          int ~> crm.campaign         campaign
        customer_id          int -> crm.customer         customer
        responded_at         timestamp                   when
        response_type        text(12)                    OPEN, CLICK, INTEREST, PURCHASE, OPT_OUT
        updated_at           timestamp                   last change
    """,
    ),
    define(
        "crm.lead",
        "Leads before and after they became customers",
        "lead_id",
        """
        lead_id              int                         number of the lead
        campaign_id          int? -> crm.campaign        campaign that brought it
        customer_id          int? -> crm.customer        customer, once known
        full_name            text(120)                   name as given
        company_name         text(120)?                  company as given
        email                text(120)?                  e-mail as given
        phone                text(40)?                   phone as given
        country_code         text(4)                     country
        lead_source          text(16)                    WEB, FAIR, REFERRAL, CAMPAIGN, CALL
        captured_on          text(20)                    day as typed: ISO or dd/mm/yyyy
        rating               text(8)                     HOT, WARM, COLD
        status               text(12)                    NEW, WORKING, CONVERTED, LOST
        owner_employee_id    int -> crm.employee         sales person
        updated_at           timestamp                   last change
    """,
    ),
    define(
        "crm.opportunity",
        "Sales opportunities and their stage now",
        "opportunity_id",
        """
        opportunity_id       int                         number of the opportunity
        customer_id          int -> crm.customer         customer
        lead_id              int? -> crm.lead            lead it came from
        campaign_id          int? -> crm.campaign        campaign that brought it
        owner_employee_id    int -> crm.employee         sales person
        name                 text(100)                   name
        product_family       text(20)                    what is to be sold
        stage                text(16)                    stage now, QUALIFY to WON or LOST
        amount               money                       value, in currency
        currency             char(3)                     currency
        probability_percent  decimal(5,2)                chance of winning
        opened_on            date                        opened
        expected_close_on    date                        expected to close
        closed_on            date?                       won or lost on
        loss_reason          text(20)?                   code_value list loss_reason
        competitor           text(40)?                   rival in the deal
        updated_at           timestamp                   last change
    """,
    ),
    define(
        "crm.opportunity_stage_change",
        "Steps of the pipeline",
        "stage_change_id",
        """
        stage_change_id      int                         number of the change
        opportunity_id       int -> crm.opportunity      opportunity
        from_stage           text(16)?                   stage before; empty at the start
        to_stage             text(16)                    stage after
        changed_at           timestamp                   when
        amount               money                       value at that time
        employee_id          int -> crm.employee         who moved it
        updated_at           timestamp                   last change
    """,
    ),
    define(
        "crm.quote",
        "Quotes for opportunities",
        "quote_id",
        """
        quote_id             int                         number of the quote
        opportunity_id       int -> crm.opportunity      opportunity
        customer_id          int -> crm.customer         customer
        quoted_on            date                        day
        valid_until          date                        valid until
        total_amount         money                       sum of the lines
        currency             char(3)                     currency
        status               text(12)                    SENT, ACCEPTED, DECLINED, EXPIRED
        updated_at           timestamp                   last change
    """,
    ),
    define(
        "crm.quote_line",
        "Lines of quotes",
        "quote_id line_number",
        """
        quote_id             int -> crm.quote            quote
        line_number          int                         line
        product_code         text(12) ~> sales.product   product
        quantity             int                         pieces
        unit_price           money                       price of a piece
        discount_percent     decimal(5,2)                discount
        amount               money                       quantity x price less discount
        updated_at           timestamp                   last change
    """,
    ),
    define(
        "crm.interaction",
        "Every contact with a customer, whatever the medium",
        "interaction_id",
        """
        interaction_id       int                         number of the interaction
        customer_id          int? ~> crm.customer        customer; empty when not recognised
        contact_id           int? -> crm.contact         contact at a company
        campaign_id          int? -> crm.campaign        campaign, for outbound contacts
        medium               text(12)                    code_value list medium
        direction            text(4)                     IN or OUT
        reason               text(20)                    code_value list interaction_reason
        queue_name           text(20)?                   queue it waited in
        started_at           timestamp                   start
        queue_seconds        int                         time waiting
        duration_seconds     int                         time of talk or handling
        agent_id             int? -> crm.employee        agent; empty for IVR and abandoned
        outcome              text(16)                    code_value list outcome
        is_first_contact     bool                        first about this matter
        cost                 money                       cost in EUR
        updated_at           timestamp                   last change
    """,
    ),
    define(
        "crm.service_case",
        "Service cases: complaints, faults, questions",
        "case_id",
        """
        case_id              int                         number of the case
        customer_id          int -> crm.customer         customer
        contract_id          int? -> crm.contract        contract concerned
        interaction_id       int? -> crm.interaction     interaction that opened it
        case_type            text(12)                    COMPLAINT, FAULT, QUESTION, REQUEST
        reason               text(20)                    code_value list interaction_reason
        priority             text(8)                     LOW, NORMAL, HIGH
        status               text(12)                    NEW, ASSIGNED, WAITING, RESOLVED, CLOSED
        opened_at            timestamp                   opened
        first_response_at    timestamp?                  first answer
        resolved_at          timestamp?                  resolved
        closed_at            timestamp?                  closed
        sla_hours            int                         hours promised
        is_escalated         bool                        was escalated
        owner_employee_id    int -> crm.employee         agent in charge
        updated_at           timestamp                   last change
    """,
    ),
    define(
        "crm.case_status_change",
        "Steps of service cases",
        "status_change_id",
        """
        status_change_id     int                         number of the change
        case_id              int -> crm.service_case     case
        from_status          text(12)?                   status before; empty at the start
        to_status            text(12)                    status after
        changed_at           timestamp                   when
        employee_id          int -> crm.employee         who changed it
        updated_at           timestamp                   last change
    """,
    ),
    define(
        "crm.repair",
        "Repairs of installed products",
        "repair_id",
        """
        repair_id            int                         number of the repair
        case_id              int -> crm.service_case     case
        customer_id          int -> crm.customer         customer
        installed_product_id  int -> crm.installed_product  device
        received_on          date                        came in
        returned_on          date?                       went back
        fault_code           text(20)                    code_value list fault
        is_warranty          bool                        under warranty
        parts_cost           money                       parts in EUR
        labour_cost          money                       labour in EUR
        technician_id        int -> crm.employee         technician
        status               text(12)                    OPEN, DONE, SCRAPPED
        updated_at           timestamp                   last change
    """,
    ),
    define(
        "crm.satisfaction_survey",
        "Answers to surveys after interactions and cases",
        "survey_id",
        """
        survey_id            int                         number of the survey
        customer_id          int -> crm.customer         customer
        interaction_id       int? -> crm.interaction     interaction asked about
        case_id              int? -> crm.service_case    case asked about
        survey_type          text(8)                     CSAT (1-5), NPS (0-10)
        sent_at              timestamp                   sent
        answered_at          timestamp?                  answered; empty when not
        score                int?                        score
        comment              text(200)?                  free words
        updated_at           timestamp                   last change
    """,
    ),
)
