-- load fact_sales
CREATE OR REPLACE TABLE "warehouse"."fact_sales" AS
SELECT
  "root"."id" AS "id",
  CAST(COALESCE("role_day"."date_key", -1) AS BIGINT) AS "day_key",
  CAST(COALESCE("role_customer"."customer_key", -1) AS BIGINT) AS "customer_key",
  CAST("root__customer_id"."boss" AS TEXT) AS "boss",
  CAST(CAST("root"."amount" AS DECIMAL(18, 2)) * CAST(CASE
    WHEN "root"."cur" IS NULL OR "root"."cur" = 'EUR'
    THEN CAST(1 AS DECIMAL(18, 8))
    ELSE "rates"."rate"
  END AS DECIMAL(18, 8)) AS DECIMAL(18, 2)) AS "amount",
  CAST("root"."amount" AS DECIMAL(18, 2)) AS "amount_original"
FROM "staging"."sale" AS "root"
LEFT JOIN "staging"."customer" AS "root__customer_id"
  ON "root__customer_id"."id" = "root"."customer_id"
LEFT JOIN "warehouse"."dim_date" AS "role_day"
  ON "role_day"."date" = CAST("root"."day" AS DATE)
LEFT JOIN "warehouse"."dim_customer" AS "role_customer"
  ON "role_customer"."id" = "root"."customer_id"
  AND GREATEST(
    LEAST(
      COALESCE(
        CAST("root"."day" AS TIMESTAMP) + INTERVAL '86399' SECOND,
        CAST('1900-01-01 00:00:00' AS TIMESTAMP)
      ),
      CAST('9999-12-30 00:00:00' AS TIMESTAMP)
    ),
    CAST('1900-01-01 00:00:00' AS TIMESTAMP)
  ) >= "role_customer"."valid_from"
  AND GREATEST(
    LEAST(
      COALESCE(
        CAST("root"."day" AS TIMESTAMP) + INTERVAL '86399' SECOND,
        CAST('1900-01-01 00:00:00' AS TIMESTAMP)
      ),
      CAST('9999-12-30 00:00:00' AS TIMESTAMP)
    ),
    CAST('1900-01-01 00:00:00' AS TIMESTAMP)
  ) < "role_customer"."valid_to"
LEFT JOIN (
  SELECT
    "currency_code",
    "rate",
    CAST(UNNEST(GENERATE_SERIES("rate_date", "until" - INTERVAL '1' DAY, INTERVAL '1' DAY)) AS DATE) AS "day"
  FROM (
    SELECT
      "currency_code",
      "rate",
      "rate_date",
      CAST(COALESCE(
        LEAD("rate_date") OVER (PARTITION BY "currency_code" ORDER BY "rate_date" ASC),
        GREATEST(CAST('2026-01-01' AS DATE), "rate_date" + INTERVAL '1' DAY)
      ) AS DATE) AS "until"
    FROM "staging"."exchange_rate"
  ) AS periods
) AS rates
  ON "rates"."currency_code" = "root"."cur"
  AND "rates"."day" = CASE
    WHEN CAST("root"."day" AS DATE) > CAST('2025-12-31' AS DATE)
    THEN CAST('2025-12-31' AS DATE)
    ELSE CAST("root"."day" AS DATE)
  END
WHERE
  "root"."amount" <> 0
ORDER BY
  "day_key" ASC;
