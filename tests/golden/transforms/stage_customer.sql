-- judge rows of customer
CREATE OR REPLACE TABLE "staging"."judged_customer" AS
WITH raw AS (
  SELECT
    "landed"."_batch",
    "landed"."_row",
    "landed"."_extracted_at",
    "landed"."id" AS "id__raw",
    "landed"."name" AS "name__raw",
    "more"."email" AS "email__raw",
    "landed"."born" AS "born__raw",
    "landed"."seg" AS "segment__raw",
    "landed"."boss" AS "boss__raw",
    COALESCE("landed"."name" <> 'TEST', FALSE) AS "_let_in",
    "landed"."born" AS "_keep_0"
  FROM "staging"."landed_s__customer" AS "landed"
  LEFT JOIN (
    SELECT
      *
    FROM (
      SELECT
        *,
        ROW_NUMBER() OVER (PARTITION BY "customer" ORDER BY "since" DESC, "_batch" DESC, "_row" ASC) AS "_pick"
      FROM "staging"."landed_s__other"
    ) AS ranked
    WHERE
      "_pick" = 1
  ) AS more
    ON (
      "more"."customer" = "landed"."id"
    )
), clean AS (
  SELECT
    *,
    "id__raw" AS "id__clean",
    REGEXP_REPLACE(
      CAST(TRIM(CAST("name__raw" AS TEXT), ' 	
   　﻿') AS TEXT),
      '[\s   　﻿]+',
      ' ',
      'g'
    ) AS "name__clean",
    LOWER(CAST(TRIM(CAST("email__raw" AS TEXT), ' 	
   　﻿') AS TEXT)) AS "email__clean",
    "born__raw" AS "born__clean",
    "segment__raw" AS "segment__clean",
    "boss__raw" AS "boss__clean"
  FROM raw
), typed AS (
  SELECT
    *,
    CAST("id__clean" AS TEXT) AS "id__typed",
    CAST("name__clean" AS TEXT) AS "name__typed",
    CAST("email__clean" AS TEXT) AS "email__typed",
    CAST(CASE
      WHEN ISFINITE(
        COALESCE(
          TRY_STRPTIME(TRIM(CAST("born__clean" AS TEXT)), '%d/%m/%Y'),
          CASE
            WHEN REGEXP_MATCHES(CAST("born__clean" AS TEXT), '(Z|[+-]\d{2}(:?\d{2})?)$')
            AND LENGTH(CAST("born__clean" AS TEXT)) > 10
            THEN CAST(TRY_CAST(CAST("born__clean" AS TEXT) AS TIMESTAMPTZ) AS TIMESTAMP)
            ELSE TRY_CAST(CAST("born__clean" AS TEXT) AS TIMESTAMP)
          END
        )
      )
      THEN COALESCE(
        TRY_STRPTIME(TRIM(CAST("born__clean" AS TEXT)), '%d/%m/%Y'),
        CASE
          WHEN REGEXP_MATCHES(CAST("born__clean" AS TEXT), '(Z|[+-]\d{2}(:?\d{2})?)$')
          AND LENGTH(CAST("born__clean" AS TEXT)) > 10
          THEN CAST(TRY_CAST(CAST("born__clean" AS TEXT) AS TIMESTAMPTZ) AS TIMESTAMP)
          ELSE TRY_CAST(CAST("born__clean" AS TEXT) AS TIMESTAMP)
        END
      )
    END AS DATE) AS "born__typed",
    CAST(CASE CAST("segment__clean" AS TEXT) WHEN 'A' THEN 'Alpha' WHEN 'B' THEN 'Beta' END AS TEXT) AS "segment__typed",
    CAST("boss__clean" AS TEXT) AS "boss__typed"
  FROM clean
)
SELECT
  "id",
  "name",
  "email",
  "born",
  "segment",
  "boss",
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
      ORDER BY "_keep_0" DESC, "_batch" DESC, "_row" DESC
    ) AS "_rank"
  FROM (
    SELECT
      "id__typed" AS "id",
      "name__typed" AS "name",
      CASE
        WHEN NOT REGEXP_FULL_MATCH(
          CAST("email__typed" AS TEXT),
          '^[^@\s,;:<>()\[\]\\\"]+@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*\.[A-Za-z]{2,}$'
        )
        THEN NULL
        ELSE "email__typed"
      END AS "email",
      "born__typed" AS "born",
      CASE
        WHEN (
          NOT "segment__clean" IS NULL AND CAST("segment__clean" AS TEXT) <> ''
        )
        AND "segment__typed" IS NULL
        THEN 'Unknown'
        ELSE "segment__typed"
      END AS "segment",
      "boss__typed" AS "boss",
      CAST(NULL AS TIMESTAMP) AS "_changed_at",
      'customer<s.customer' AS "_mapping",
      's' AS "_source",
      'customer' AS "_table",
      "_batch",
      "_row",
      "_extracted_at",
      "_let_in",
      "_keep_0",
      CONCAT_WS(
        '',
        CASE
          WHEN "id__typed" IS NULL OR CAST("id__typed" AS TEXT) = ''
          THEN 'idrequiredThere is no value.' || COALESCE(TRANSLATE(CAST("id__raw" AS TEXT), '', '  '), '')
        END,
        CASE
          WHEN (
            NOT "born__clean" IS NULL AND CAST("born__clean" AS TEXT) <> ''
          )
          AND "born__typed" IS NULL
          THEN 'borntypeIt is no date.' || COALESCE(TRANSLATE(CAST("born__raw" AS TEXT), '', '  '), '')
        END,
        CASE
          WHEN "born__typed" < CAST('1900-01-01' AS DATE)
          OR "born__typed" > CAST(CURRENT_DATE AS DATE)
          THEN 'bornbetweenIt is not between 1900-01-01 and today.' || COALESCE(TRANSLATE(CAST("born__raw" AS TEXT), '', '  '), '')
        END
      ) AS "_reasons",
      CONCAT_WS(
        '',
        CASE
          WHEN NOT REGEXP_FULL_MATCH(
            CAST("email__typed" AS TEXT),
            '^[^@\s,;:<>()\[\]\\\"]+@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*\.[A-Za-z]{2,}$'
          )
          THEN 'emailemailIt is not an e-mail address.' || COALESCE(TRANSLATE(CAST("email__raw" AS TEXT), '', '  '), '')
        END,
        CASE
          WHEN (
            NOT "segment__clean" IS NULL AND CAST("segment__clean" AS TEXT) <> ''
          )
          AND "segment__typed" IS NULL
          THEN 'segmentlookupThe code is unknown.' || COALESCE(TRANSLATE(CAST("segment__raw" AS TEXT), '', '  '), '')
        END
      ) AS "_warnings"
    FROM typed
  ) AS judged
) AS ranked;

-- staged rows of customer
CREATE OR REPLACE VIEW "staging"."customer" AS
SELECT
  "id",
  "name",
  "email",
  "born",
  "segment",
  "boss",
  "_changed_at"
FROM "staging"."judged_customer"
WHERE
  "_outcome" = 'staged';
