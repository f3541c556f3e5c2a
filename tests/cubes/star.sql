-- The star that the tests ask, as the pipeline would have built it.

create table dim_date as
select
    strftime(day, '%Y%m%d')::bigint as date_key, day::date as date, year(day) as year,
    strftime(day, '%Y-%m') as month, month(day) as month_of_year, monthname(day) as month_name,
    isodow(day) > 5 as is_weekend
from range(timestamp '2024-12-01', timestamp '2026-01-01', interval 1 day) days(day)
union all
select -1, null, null, 'Unknown', null, 'Unknown', null;

-- Anna moved from Berlin to Munich: two versions of one person. Nobody knows where Cleo lives.
create table dim_customer (
    customer_key bigint, person_id varchar, name varchar, country varchar, city varchar,
    since date, score bigint, vip boolean,
    valid_from timestamp, valid_to timestamp, is_current boolean
);
insert into dim_customer values
    (-1, null, 'Unknown', 'Unknown', 'Unknown', null, null, null, '1900-01-01', '9999-12-31', true),
    (1, 'C1', 'Anna', 'Germany', 'Berlin', '2020-05-01', 7, true, '1900-01-01', '2025-02-01', false),
    (2, 'C1', 'Anna', 'Germany', 'Munich', '2020-05-01', 7, true, '2025-02-01', '9999-12-31', true),
    (3, 'C2', 'Bert', 'France', 'Paris', '2021-06-02', 3, false, '1900-01-01', '9999-12-31', true),
    (4, 'C3', 'Cleo', null, null, null, null, null, '1900-01-01', '9999-12-31', true),
    (5, 'C4', 'Dora', 'Germany', 'Berlin', '2022-07-03', 5, false, '1900-01-01', '9999-12-31', true);

create table dim_product (
    product_key bigint, article_id varchar, name varchar, category varchar, size varchar,
    size_rank bigint, valid_from timestamp, valid_to timestamp, is_current boolean
);
insert into dim_product values
    (-1, null, 'Unknown', 'Unknown', 'Unknown', null, '1900-01-01', '9999-12-31', true),
    (1, 'P1', 'Pen', 'Office', 'small', 1, '1900-01-01', '9999-12-31', true),
    (2, 'P2', 'Lamp', 'Office', 'large', 3, '1900-01-01', '9999-12-31', true),
    (3, 'P3', 'Ball', 'Toys', 'medium', 2, '1900-01-01', '9999-12-31', true);

create table dim_store (
    store_key bigint, outlet_id varchar, name varchar,
    valid_from timestamp, valid_to timestamp, is_current boolean
);
insert into dim_store values
    (-1, null, 'Unknown', '1900-01-01', '9999-12-31', true),
    (1, 'S1', 'North', '1900-01-01', '9999-12-31', true),
    (2, 'S2', 'South', '1900-01-01', '9999-12-31', true);

create table fact_sales (
    sale_id varchar, order_date_key bigint, paid_date_key bigint, customer_key bigint,
    product_key bigint, receipt varchar, kind varchar, quantity bigint,
    amount decimal(18,2), cost decimal(18,2)
);
insert into fact_sales values
    ('1', 20250110, 20250112,  1, 1, 'R1', 'sale',    2,  10.00,  4.00),
    ('2', 20250110, 20250112,  1, 3, 'R1', 'sale',    1,  20.00, 15.00),
    ('3', 20250215, 20250215,  2, 1, 'R2', 'sale',    4,  20.00,  8.00),
    ('4', 20250110, 20250301,  3, 3, 'R3', 'sale',    3,  60.00, 45.00),
    ('5', 20250220,       -1,  3, 2, 'R4', 'sale',    1, 100.50, 70.00),
    ('6', 20250115, 20250115,  4, 1, 'R5', 'sale',    1,   5.00,  2.00),
    ('7', 20250305, 20250305, -1, 1, 'R6', 'sale',    1,   5.00,  2.00),
    ('8', 20250225, 20250225,  2, 1, 'R7', 'return', -1,  -5.00, -2.00),
    ('9',       -1, 20250401,  3, 3, 'R8', 'sale',    1,  20.00, 15.00);

-- Counted on 31 January and 27 February; South closed after January.
create table fact_stock (
    shelf_id varchar, day_key bigint, product_key bigint, store_key bigint, pieces bigint,
    worth decimal(18,2)
);
insert into fact_stock values
    ('1', 20250115, 1, 1, 10,  20.00), ('2', 20250115, 2, 1, 1,  70.00),
    ('3', 20250115, 1, 2, 30,  60.00),
    ('4', 20250131, 1, 1,  8,  16.00), ('5', 20250131, 2, 1, 2, 140.00),
    ('6', 20250131, 1, 2, 25,  50.00),
    ('7', 20250227, 1, 1, 12,  24.00), ('8', 20250227, 2, 1, 1,  70.00);

create table rollup_sales_by_month_country as
select
    d.month as order_date__month, c.country as customer__country,
    sum(amount) as revenue, sum(cost) as cost, count(*) as lines
from fact_sales f
join dim_date d on f.order_date_key = d.date_key
join dim_customer c on f.customer_key = c.customer_key
group by all;

create table rollup_sales_by_month as
select d.month as order_date__month, sum(amount) as revenue, sum(cost) as cost
from fact_sales f join dim_date d on f.order_date_key = d.date_key
group by all;

-- Lacks the column by which month names are sorted, so it cannot answer in their order.
create table rollup_sales_by_name as
select d.month_name as order_date__month_name, sum(amount) as revenue
from fact_sales f join dim_date d on f.order_date_key = d.date_key
group by all;
