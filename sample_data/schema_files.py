"""The file drops: sales (CSV and Excel) and data bought outside (CSV and Parquet)."""

from __future__ import annotations

from sample_data.table import define

FILE_TABLES = (
    define(
        "sales.channel",
        "Lookup of channels; channels hang under a group",
        "channel_code",
        """
        channel_code         text(12)                    code
        channel_name         text(60)                    name
        channel_group        text(20)                    OWN, PARTNER, DIGITAL
        is_assisted          bool                        a person sells
    """,
        files="channel.csv",
    ),
    define(
        "sales.store",
        "Own stores and dealers (Excel)",
        "store_code",
        """
        store_code           text(8)                     code
        store_name           text(80)                    name
        store_type           text(12)                    STORE or DEALER
        channel_code         text(12) -> sales.channel   channel
        city                 text(80)                    city, see outside.geography
        region               text(80)                    region
        country_code         char(2)                     country
        opened_on            date                        opened
        closed_on            date?                       closed
        floor_area_m2        int                         floor area
        manager_employee_id  int? -> crm.employee        manager
    """,
        files="store.xlsx",
    ),
    define(
        "sales.product",
        "Devices, accessories and services sold by the piece",
        "product_code",
        """
        product_code         text(12)                    code
        product_name         text(80)                    name
        product_family       text(20)                    PHONE, TABLET, ROUTER, ACCESSORY, SERVICE
        product_line         text(30)                    line within the family
        brand                text(30)                    brand
        is_stocked           bool                        kept in stock
        warranty_months      int                         warranty
        launched_on          date                        on sale from
        withdrawn_on         date?                       on sale until
        list_price           money                       list price now, EUR
        unit_cost            money                       cost now, EUR
    """,
        files="product.csv",
    ),
    define(
        "sales.product_price_history",
        "List prices over time",
        "product_code valid_from",
        """
        product_code         text(12) -> sales.product   product
        valid_from           date                        from
        valid_to             date?                       until; empty for the present one
        list_price           money                       price, EUR
    """,
        files="product_price_history.csv",
    ),
    define(
        "sales.product_cost_history",
        "Costs over time",
        "product_code valid_from",
        """
        product_code         text(12) -> sales.product   product
        valid_from           date                        from
        valid_to             date?                       until; empty for the present one
        unit_cost            money                       cost, EUR
    """,
        files="product_cost_history.csv",
    ),
    define(
        "sales.sales_order",
        "Orders, one drop a month (later one a day)",
        "order_number",
        """
        order_number         text(12)                    number, O and 9 digits
        order_date           date                        day of the order
        ordered_at           timestamp                   moment of the order
        customer_id          int? ~> crm.customer        customer; empty where account_number is set
        account_number       char(9)? ~> billing.billing_account  account, for some web orders
        channel_code         text(12) ~> sales.channel   channel
        store_code           text(8)? -> sales.store     store or dealer
        salesperson_id       int? -> crm.employee        sales person
        campaign_id          int? -> crm.campaign        campaign responded to
        delivery_name        text(120)                   name on the parcel
        delivery_city        text(80)                    city on the parcel
        delivery_country     text(4)                     country on the parcel
        promised_on          date                        delivery promised
        shipped_on           date?                       shipped
        delivered_on         date?                       delivered
        status               text(12)                    DELIVERED, SHIPPED, OPEN, CANCELLED
        currency             char(3)                     currency
        order_amount         money                       sum of the lines' net_amount
        updated_at           timestamp                   last change
    """,
        files="orders/*.csv",
    ),
    define(
        "sales.order_line",
        "Lines of orders, in the drop of their order",
        "order_number line_number",
        """
        order_number         text(12) ~> sales.sales_order  order
        line_number          int                         line
        product_code         text(12) ~> sales.product   product
        quantity             int                         pieces
        unit_price           money                       price of a piece, order's currency
        discount_amount      money                       discount on the line
        net_amount           money                       quantity x price less discount
        tax_amount           money                       tax on it
        unit_cost            money                       cost of a piece, EUR
    """,
        files="order_lines/*.csv",
    ),
    define(
        "sales.sales_return",
        "Pieces sent back, by month of return",
        "return_number",
        """
        return_number        text(12)                    number, R and 9 digits
        order_number         text(12) ~> sales.sales_order  order
        line_number          int                         line of the order
        returned_on          text(20)                    day as typed: ISO or dd/mm/yyyy
        quantity             int                         pieces
        refund_amount        money                       refund, order's currency
        reason               text(20)                    DEFECT, CHANGED_MIND, WRONG_ITEM, LATE
        remark               text(120)?                  free words
    """,
        files="returns/*.csv",
    ),
    define(
        "sales.stock",
        "Stock of stores at the end of each month",
        "snapshot_date store_code product_code",
        """
        snapshot_date        date                        last day of the month
        store_code           text(8) -> sales.store      store
        product_code         text(12) -> sales.product   product
        quantity_on_hand     int                         pieces on hand
        quantity_on_order    int                         pieces on order
        stock_value          money                       value at cost, EUR
    """,
        files="stock/*.csv",
    ),
    define(
        "sales.sales_target",
        "Targets of sales people and stores by month (Excel)",
        "target_month target_for target_key",
        """
        target_month         date                        first day of the month
        target_for           text(12)                    EMPLOYEE or STORE
        target_key           text(12)                    employee_id or store_code
        revenue_target       money                       revenue, EUR
        orders_target        int                         orders
    """,
        files="sales_target.xlsx",
    ),
    define(
        "outside.geography",
        "Cities with their region, country and figures",
        "country_code city",
        """
        country_code         char(2)                     ISO 3166
        country              text(60)                    country
        region               text(80)                    region
        city                 text(80)                    city
        postal_prefix        text(6)                     first characters of its postal codes
        latitude             double                      degrees north
        longitude            double                      degrees east
        population           int                         people
        households           int                         households
        lifestyle_group      text(20)                    METRO, URBAN, SUBURBAN, RURAL
        income_index         decimal(6,1)                100 is the average
    """,
        files="geography.csv",
    ),
    define(
        "outside.exchange_rate",
        "Daily rates",
        "rate_date currency",
        """
        rate_date            date                        day
        currency             char(3)                     ISO 4217
        eur_per_unit         decimal(12,6)               EUR for one unit
    """,
        files="exchange_rate.csv",
    ),
    define(
        "outside.market_size",
        "The market by country, month, service and competitor (Parquet)",
        "month country_code service_line competitor",
        """
        month                date                        first day of the month
        country_code         char(2)                     country
        service_line         text(12)                    MOBILE, FIXED, BROADBAND
        competitor           text(40)                    operator; MERIDIAN is the house
        subscribers          int                         subscribers
        revenue_eur          decimal(16,2)               revenue of the month
        average_price_eur    money                       price of a comparable plan
    """,
        files="market_size.parquet",
    ),
)
