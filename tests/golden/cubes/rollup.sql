WITH figures AS (
  SELECT
    CASE
      WHEN GROUPING("rollup"."order_date__month") = 0
      THEN COALESCE("rollup"."order_date__month", '(empty)')
    END AS "order_date.month",
    SUM("rollup"."revenue") AS "revenue",
    CAST(COALESCE(SUM("rollup"."lines"), 0) AS BIGINT) AS "lines",
    CAST(GROUPING("rollup"."order_date__month") AS BIGINT) AS "_grouping"
  FROM "rollup_sales_by_month_country" AS "rollup"
  GROUP BY
    GROUPING SETS (
      ("rollup"."order_date__month"),
      ()
    )
)
SELECT
  "order_date.month",
  "revenue",
  "lines",
  "_grouping"
FROM figures
ORDER BY
  (
    (
      "_grouping" >> 0
    ) & 1
  ) ASC,
  "order_date.month" = '(empty)' ASC,
  "order_date.month" ASC
