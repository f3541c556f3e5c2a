WITH figures AS (
  SELECT
    CASE
      WHEN GROUPING("customer"."name") = 0
      THEN COALESCE("customer"."name", '(empty)')
    END AS "customer.name",
    CAST(SUM("fact"."quantity") AS BIGINT) AS "pieces",
    CAST(GROUPING("customer"."name") AS BIGINT) AS "_grouping"
  FROM "fact_sales" AS "fact"
  JOIN "dim_customer" AS "customer"
    ON "customer"."customer_key" = "fact"."customer_key"
  GROUP BY
    GROUPING SETS (
      ("customer"."name"),
      ()
    )
), chosen AS (
  SELECT
    "customer.name"
  FROM figures
  WHERE
    "_grouping" = 0
  ORDER BY
    "pieces" DESC,
    "customer.name" ASC
  LIMIT 2
)
SELECT
  "customer.name",
  "pieces",
  "_grouping"
FROM figures
WHERE
  (
    (
      "_grouping" >> 0
    ) & 1
  ) = 1
  OR EXISTS(
    SELECT
      1
    FROM chosen
    WHERE
      "chosen"."customer.name" IS NOT DISTINCT FROM "figures"."customer.name"
  )
QUALIFY
  "_grouping" <> 0
  OR ROW_NUMBER() OVER (
    PARTITION BY "_grouping" = 0
    ORDER BY "_grouping" ASC, "pieces" DESC, "customer.name" = '(empty)' ASC, "customer.name" ASC
  ) <= 5
ORDER BY
  "_grouping" ASC,
  "pieces" DESC,
  "customer.name" = '(empty)' ASC,
  "customer.name" ASC
