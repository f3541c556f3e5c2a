WITH figures AS (
  SELECT
    CASE
      WHEN GROUPING("product"."category") = 0
      THEN COALESCE("product"."category", '(empty)')
    END AS "product.category",
    CASE
      WHEN GROUPING("product"."size") = 0
      THEN COALESCE("product"."size", '(empty)')
    END AS "product.size",
    MIN("product"."size_rank") AS "_sort_1",
    CASE
      WHEN GROUPING("order_date"."month_name") = 0
      THEN COALESCE("order_date"."month_name", '(empty)')
    END AS "order_date.month_name",
    MIN("order_date"."month_of_year") AS "_sort_2",
    COUNT(DISTINCT "customer"."person_id") FILTER(WHERE
      "fact"."customer_key" <> -1) AS "buyers",
    SUM("fact"."amount") FILTER(WHERE
      (
        "product"."category" = 'Toys'
      )) AS "toy_revenue",
    CAST(GROUPING("product"."category", "product"."size", "order_date"."month_name") AS BIGINT) AS "_grouping"
  FROM "fact_sales" AS "fact"
  JOIN "dim_date" AS "order_date"
    ON "order_date"."date_key" = "fact"."order_date_key"
  JOIN "dim_customer" AS "customer"
    ON "customer"."customer_key" = "fact"."customer_key"
  JOIN "dim_product" AS "product"
    ON "product"."product_key" = "fact"."product_key"
  GROUP BY
    GROUPING SETS (
      ("product"."category", "product"."size", "order_date"."month_name"),
      ("product"."category", "product"."size"),
      ("product"."category", "order_date"."month_name"),
      ("product"."category"),
      ("order_date"."month_name"),
      ()
    )
)
SELECT
  "product.category",
  "product.size",
  "order_date.month_name",
  "buyers",
  "toy_revenue",
  "_grouping"
FROM figures
ORDER BY
  (
    (
      "_grouping" >> 2
    ) & 1
  ) ASC,
  "product.category" = '(empty)' ASC,
  "product.category" ASC,
  (
    (
      "_grouping" >> 1
    ) & 1
  ) ASC,
  "product.size" = '(empty)' ASC,
  "_sort_1" ASC,
  "product.size" ASC,
  (
    (
      "_grouping" >> 0
    ) & 1
  ) ASC,
  "order_date.month_name" = '(empty)' ASC,
  "_sort_2" ASC,
  "order_date.month_name" ASC
