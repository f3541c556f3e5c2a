WITH figures AS (
  SELECT
    CASE
      WHEN GROUPING("product"."name") = 0
      THEN COALESCE("product"."name", '(empty)')
    END AS "product.name",
    CASE
      WHEN GROUPING("order_date"."month") = 0
      THEN COALESCE("order_date"."month", '(empty)')
    END AS "order_date.month",
    COUNT(*) AS "lines",
    COUNT(DISTINCT "customer"."person_id") FILTER(WHERE
      "fact"."customer_key" <> -1) AS "buyers",
    CAST(GROUPING("product"."name", "order_date"."month") AS BIGINT) AS "_grouping"
  FROM "fact_sales" AS "fact"
  JOIN "dim_date" AS "order_date"
    ON "order_date"."date_key" = "fact"."order_date_key"
  JOIN "dim_customer" AS "customer"
    ON "customer"."customer_key" = "fact"."customer_key"
  JOIN "dim_product" AS "product"
    ON "product"."product_key" = "fact"."product_key"
  GROUP BY
    GROUPING SETS (
      ("product"."name", "order_date"."month"),
      ("product"."name")
    )
), chosen AS (
  SELECT
    "product.name"
  FROM figures
  WHERE
    "_grouping" = 1
  ORDER BY
    "buyers" DESC,
    "product.name" ASC
  LIMIT 2
)
SELECT
  "product.name",
  "order_date.month",
  "lines"
FROM figures
WHERE
  EXISTS(
    SELECT
      1
    FROM chosen
    WHERE
      "chosen"."product.name" IS NOT DISTINCT FROM "figures"."product.name"
  )
  AND "_grouping" = 0
ORDER BY
  "product.name" = '(empty)' ASC,
  "product.name" ASC,
  "order_date.month" = '(empty)' ASC,
  "order_date.month" ASC
LIMIT 20
