WITH figures AS (
  SELECT
    CASE WHEN GROUPING("store"."name") = 0 THEN COALESCE("store"."name", '(empty)') END AS "store.name",
    CASE WHEN GROUPING("day"."month") = 0 THEN COALESCE("day"."month", '(empty)') END AS "day.month",
    CAST(CASE GROUPING("day"."month")
      WHEN 0
      THEN SUM("fact"."pieces") FILTER(WHERE
        "_day_days"."last_1")
      WHEN 1
      THEN SUM("fact"."pieces") FILTER(WHERE
        "_day_days"."last_2")
    END AS BIGINT) AS "pieces",
    CAST(CASE GROUPING("day"."month")
      WHEN 0
      THEN SUM("fact"."pieces") FILTER(WHERE
        "_day_days"."first_3")
      WHEN 1
      THEN SUM("fact"."pieces") FILTER(WHERE
        "_day_days"."first_4")
    END AS BIGINT) AS "opening",
    CAST(GROUPING("store"."name", "day"."month") AS BIGINT) AS "_grouping"
  FROM "fact_stock" AS "fact"
  JOIN "dim_date" AS "day"
    ON "day"."date_key" = "fact"."day_key"
  JOIN "dim_product" AS "product"
    ON "product"."product_key" = "fact"."product_key"
  JOIN "dim_store" AS "store"
    ON "store"."store_key" = "fact"."store_key"
  LEFT JOIN (
    SELECT
      "fact"."day_key" AS "day",
      "fact"."day_key" = MAX("fact"."day_key") OVER (PARTITION BY "day"."month") AS "last_1",
      "fact"."day_key" = MAX("fact"."day_key") OVER () AS "last_2",
      "fact"."day_key" = MIN("fact"."day_key") OVER (PARTITION BY "day"."month") AS "first_3",
      "fact"."day_key" = MIN("fact"."day_key") OVER () AS "first_4"
    FROM (
      SELECT DISTINCT
        "fact"."day_key" AS "day_key"
      FROM "fact_stock" AS "fact"
      WHERE
        "fact"."day_key" <> -1
    ) AS "fact"
    JOIN "dim_date" AS "day"
      ON "day"."date_key" = "fact"."day_key"
    WHERE
      "day"."year" = 2025
  ) AS "_day_days"
    ON "_day_days"."day" = "fact"."day_key"
  WHERE
    "day"."year" = 2025 AND "product"."name" LIKE 'P%'
  GROUP BY
    GROUPING SETS (
      ("store"."name", "day"."month"),
      ("store"."name"),
      ("day"."month"),
      ()
    )
)
SELECT
  "store.name",
  "day.month",
  "pieces",
  "opening",
  "_grouping"
FROM figures
ORDER BY
  (
    (
      "_grouping" >> 1
    ) & 1
  ) ASC,
  "store.name" = '(empty)' ASC,
  "store.name" ASC,
  (
    (
      "_grouping" >> 0
    ) & 1
  ) ASC,
  "day.month" = '(empty)' ASC,
  "day.month" ASC
