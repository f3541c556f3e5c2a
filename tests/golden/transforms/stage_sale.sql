-- judge rows of sale
CREATE OR REPLACE TABLE "staging"."judged_sale" AS
WITH raw AS (
  SELECT
    "landed"."_batch",
    "landed"."_row",
    "landed"."_extracted_at",
    "landed"."id" AS "id__raw",
    "landed"."day" AS "day__raw",
    "landed"."customer" AS "customer_id__raw",
    CASE
      WHEN "landed"."kind" = 'X'
      THEN FALSE
      ELSE NOT (
        "landed"."amount"
      ) IS NULL
      AND (
        TRY_CAST("landed"."amount" AS DECIMAL(18, 2))
      ) IS NULL
    END AS "amount__misfit",
    CASE
      WHEN "landed"."kind" = 'X'
      THEN 0
      ELSE TRY_CAST("landed"."amount" AS DECIMAL(18, 2))
    END AS "amount__raw",
    "landed"."cur" AS "cur__raw",
    COALESCE(TRUE, FALSE) AS "_let_in"
  FROM "staging"."landed_s__sale" AS "landed"
), clean AS (
  SELECT
    *,
    "id__raw" AS "id__clean",
    "day__raw" AS "day__clean",
    "customer_id__raw" AS "customer_id__clean",
    "amount__raw" AS "amount__clean",
    "cur__raw" AS "cur__clean"
  FROM raw
), typed AS (
  SELECT
    *,
    CAST("id__clean" AS TEXT) AS "id__typed",
    CAST(CASE
      WHEN ISFINITE(
        CASE
          WHEN REGEXP_MATCHES(CAST("day__clean" AS TEXT), '(Z|[+-]\d{2}(:?\d{2})?)$')
          AND LENGTH(CAST("day__clean" AS TEXT)) > 10
          THEN CAST(TRY_CAST(CAST("day__clean" AS TEXT) AS TIMESTAMPTZ) AS TIMESTAMP)
          ELSE TRY_CAST(CAST("day__clean" AS TEXT) AS TIMESTAMP)
        END
      )
      THEN CASE
        WHEN REGEXP_MATCHES(CAST("day__clean" AS TEXT), '(Z|[+-]\d{2}(:?\d{2})?)$')
        AND LENGTH(CAST("day__clean" AS TEXT)) > 10
        THEN CAST(TRY_CAST(CAST("day__clean" AS TEXT) AS TIMESTAMPTZ) AS TIMESTAMP)
        ELSE TRY_CAST(CAST("day__clean" AS TEXT) AS TIMESTAMP)
      END
    END AS DATE) AS "day__typed",
    CAST("customer_id__clean" AS TEXT) AS "customer_id__typed",
    TRY_CAST("amount__clean" AS DECIMAL(18, 2)) AS "amount__typed",
    CAST("cur__clean" AS TEXT) AS "cur__typed"
  FROM clean
)
SELECT
  "id",
  "day",
  "customer_id",
  "amount",
  "cur",
  "_changed_at",
  "_mapping",
  "_source",
  "_table",
  "_batch",
  "_row",
  "_extracted_at",
  CASE
    WHEN NOT "_let_in"
    THEN 'filtered'
    WHEN "_reasons" <> ''
    THEN 'quarantined'
    WHEN "_rank" = 1
    THEN 'staged'
    ELSE 'merged'
  END AS "_outcome",
  "_reasons",
  "_warnings"
FROM (
  SELECT
    *,
    ROW_NUMBER() OVER (
      PARTITION BY "id", "_let_in" AND "_reasons" = ''
      ORDER BY "_batch" DESC, "_row" DESC
    ) AS "_rank"
  FROM (
    SELECT
      "id__typed" AS "id",
      "day__typed" AS "day",
      "customer_id__typed" AS "customer_id",
      "amount__typed" AS "amount",
      "cur__typed" AS "cur",
      CAST(NULL AS TIMESTAMP) AS "_changed_at",
      'sale<s.sale' AS "_mapping",
      's' AS "_source",
      'sale' AS "_table",
      "_batch",
      "_row",
      "_extracted_at",
      "_let_in",
      CONCAT_WS(
        '',
        CASE
          WHEN "id__typed" IS NULL OR CAST("id__typed" AS TEXT) = ''
          THEN 'idrequiredThere is no value.' || COALESCE(TRANSLATE(CAST("id__raw" AS TEXT), '', '  '), '')
        END,
        CASE
          WHEN (
            NOT "day__clean" IS NULL AND CAST("day__clean" AS TEXT) <> ''
          )
          AND "day__typed" IS NULL
          THEN 'daytypeIt is no date.' || COALESCE(TRANSLATE(CAST("day__raw" AS TEXT), '', '  '), '')
        END,
        CASE
          WHEN "amount__misfit"
          THEN 'amounttypeA value in the expression has the wrong type.' || COALESCE(TRANSLATE(CAST("amount__raw" AS TEXT), '', '  '), '')
        END,
        CASE
          WHEN (
            NOT "amount__clean" IS NULL AND CAST("amount__clean" AS TEXT) <> ''
          )
          AND "amount__typed" IS NULL
          THEN 'amounttypeIt is no decimal(18,2).' || COALESCE(TRANSLATE(CAST("amount__raw" AS TEXT), '', '  '), '')
        END
      ) AS "_reasons",
      '' AS "_warnings"
    FROM typed
  ) AS judged
) AS ranked;

-- staged rows of sale
CREATE OR REPLACE VIEW "staging"."sale" AS
SELECT
  "id",
  "day",
  "customer_id",
  "amount",
  "cur",
  "_changed_at"
FROM "staging"."judged_sale"
WHERE
  "_outcome" = 'staged';
