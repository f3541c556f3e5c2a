WITH figures AS (
  SELECT
    COALESCE("customer"."country", '(empty)') AS "customer.country",
    SUM("fact"."amount") AS "revenue",
    CAST(SUM("fact"."cost") AS DOUBLE) / NULLIF(SUM("fact"."amount"), 0) AS "cost_share"
  FROM "fact_sales" AS "fact"
  JOIN "dim_date" AS "order_date"
    ON "order_date"."date_key" = "fact"."order_date_key"
  JOIN "dim_customer" AS "customer"
    ON "customer"."customer_key" = "fact"."customer_key"
  WHERE
    "order_date"."year" = 2025 AND "customer"."country" IS DISTINCT FROM 'Germany'
  GROUP BY
    "customer"."country"
)
SELECT
  "customer.country",
  "revenue",
  "cost_share"
FROM figures
ORDER BY
  "customer.country" = '(empty)' ASC,
  "customer.country" ASC
