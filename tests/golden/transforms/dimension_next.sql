-- read staged customer
CREATE OR REPLACE TEMPORARY TABLE incoming_dim_customer AS
SELECT
  "root"."id" AS "id",
  CAST("root"."name" AS TEXT) AS "name",
  CAST("root"."segment" AS TEXT) AS "segment",
  CAST("root"."born" AS DATE) AS "born",
  CAST("root__boss"."name" AS TEXT) AS "boss_name",
  "root"."boss" AS "_parent",
  "root"."_changed_at" AS "_changed_at"
FROM "staging"."customer" AS "root"
LEFT JOIN "staging"."customer" AS "root__boss"
  ON "root__boss"."id" = "root"."boss";

-- add born
ALTER TABLE "warehouse"."dim_customer"
ADD COLUMN "born" DATE;

-- fill born
UPDATE "warehouse"."dim_customer" SET "born" = "incoming"."born"
FROM incoming_dim_customer AS incoming
WHERE
  "dim_customer"."id" = "incoming"."id" AND TRUE;

-- add boss_name
ALTER TABLE "warehouse"."dim_customer"
ADD COLUMN "boss_name" TEXT;

-- fill boss_name
UPDATE "warehouse"."dim_customer" SET "boss_name" = "incoming"."boss_name"
FROM incoming_dim_customer AS incoming
WHERE
  "dim_customer"."id" = "incoming"."id" AND TRUE;

-- name the unknown member's boss_name
UPDATE "warehouse"."dim_customer" SET "boss_name" = 'Unknown'
WHERE
  "customer_key" = -1;

-- add parent_key
ALTER TABLE "warehouse"."dim_customer"
ADD COLUMN "parent_key" BIGINT;

-- overwrite changed attributes of dim_customer
UPDATE "warehouse"."dim_customer" SET "name" = "incoming"."name", "boss_name" = "incoming"."boss_name"
FROM incoming_dim_customer AS incoming
WHERE
  "dim_customer"."id" = "incoming"."id"
  AND (
    "dim_customer"."name" IS DISTINCT FROM "incoming"."name"
    OR "dim_customer"."boss_name" IS DISTINCT FROM "incoming"."boss_name"
  );

-- amend versions of dim_customer that begin now
UPDATE "warehouse"."dim_customer" SET "segment" = "incoming"."segment"
FROM incoming_dim_customer AS incoming
WHERE
  "dim_customer"."id" = "incoming"."id"
  AND (
    (
      "dim_customer"."is_current"
      AND (
        "dim_customer"."segment" IS DISTINCT FROM "incoming"."segment"
      )
    )
    AND NOT (
      CASE
        WHEN "incoming"."_changed_at" > "dim_customer"."valid_from"
        AND "incoming"."_changed_at" <= CAST('2025-01-01 00:00:00.000000' AS TIMESTAMP)
        THEN "incoming"."_changed_at"
        ELSE CAST('2025-01-01 00:00:00.000000' AS TIMESTAMP)
      END > "dim_customer"."valid_from"
    )
  );

-- close changed versions of dim_customer
UPDATE "warehouse"."dim_customer" SET "valid_to" = CASE
  WHEN "incoming"."_changed_at" > "dim_customer"."valid_from"
  AND "incoming"."_changed_at" <= CAST('2025-01-01 00:00:00.000000' AS TIMESTAMP)
  THEN "incoming"."_changed_at"
  ELSE CAST('2025-01-01 00:00:00.000000' AS TIMESTAMP)
END, "is_current" = FALSE
FROM incoming_dim_customer AS incoming
WHERE
  "dim_customer"."id" = "incoming"."id"
  AND (
    "dim_customer"."is_current"
    AND (
      "dim_customer"."segment" IS DISTINCT FROM "incoming"."segment"
    )
  );

-- new members and versions of dim_customer
INSERT INTO "warehouse"."dim_customer" (
  "customer_key",
  "id",
  "name",
  "segment",
  "born",
  "boss_name",
  "parent_key",
  "valid_from",
  "valid_to",
  "is_current"
)
SELECT
  GREATEST(
    (
      (
        SELECT
          MAX("customer_key")
        FROM "warehouse"."dim_customer"
      )
    ),
    0
  ) + ROW_NUMBER() OVER (ORDER BY "incoming"."id" ASC) AS "customer_key",
  "incoming"."id",
  "incoming"."name",
  "incoming"."segment",
  CASE WHEN NOT "last"."id" IS NULL THEN "last"."born" ELSE "incoming"."born" END AS "born",
  "incoming"."boss_name",
  CAST(NULL AS BIGINT) AS "parent_key",
  COALESCE("last"."valid_to", CAST('1900-01-01 00:00:00' AS TIMESTAMP)) AS "valid_from",
  CAST('9999-12-31 00:00:00' AS TIMESTAMP) AS "valid_to",
  TRUE AS "is_current"
FROM incoming_dim_customer AS incoming
LEFT JOIN (
  SELECT
    "id",
    MAX("valid_to") AS "valid_to",
    BOOL_OR(CAST("is_current" AS BOOLEAN)) AS "in_force",
    ANY_VALUE("born") AS "born"
  FROM "warehouse"."dim_customer"
  GROUP BY
    "id"
) AS last
  ON "last"."id" = "incoming"."id"
WHERE
  NOT COALESCE("last"."in_force", FALSE);

-- parents of dim_customer
UPDATE "warehouse"."dim_customer" SET "parent_key" = "parents"."above_key"
FROM (
  SELECT
    "incoming"."id" AS "child",
    "above"."customer_key" AS "above_key"
  FROM incoming_dim_customer AS incoming
  LEFT JOIN "warehouse"."dim_customer" AS "above"
    ON "above"."id" = "incoming"."_parent"
    AND "above"."is_current"
    AND "above"."id" <> "incoming"."id"
) AS parents
WHERE
  "dim_customer"."id" = "parents"."child"
  AND "dim_customer"."is_current"
  AND "dim_customer"."parent_key" IS DISTINCT FROM "parents"."above_key";

-- parents of dim_customer that have a new version
UPDATE "warehouse"."dim_customer" SET "parent_key" = "versions"."now_key"
FROM (
  SELECT
    "before"."customer_key" AS "before_key",
    "now"."customer_key" AS "now_key"
  FROM "warehouse"."dim_customer" AS "before"
  JOIN "warehouse"."dim_customer" AS "now"
    ON "now"."id" = "before"."id" AND "now"."is_current"
  WHERE
    NOT "before"."is_current"
) AS versions
WHERE
  "dim_customer"."parent_key" = "versions"."before_key"
  AND "dim_customer"."is_current"
  AND "dim_customer"."parent_key" IS DISTINCT FROM "versions"."now_key";

-- closure of dim_customer
CREATE OR REPLACE TABLE "warehouse"."closure_customer" AS
WITH RECURSIVE tree(ancestor_key, descendant_key, depth, path) AS (
  SELECT
    "now"."customer_key" AS "ancestor_key",
    "version"."customer_key" AS "descendant_key",
    CAST(0 AS BIGINT) AS "depth",
    ["now"."customer_key"] AS "path"
  FROM "warehouse"."dim_customer" AS "version"
  JOIN "warehouse"."dim_customer" AS "now"
    ON "now"."id" IS NOT DISTINCT FROM "version"."id" AND "now"."is_current"
  UNION ALL
  SELECT
    "member"."parent_key",
    "below"."descendant_key",
    "below"."depth" + 1,
    LIST_APPEND("below"."path", "member"."parent_key")
  FROM tree AS below
  JOIN "warehouse"."dim_customer" AS "member"
    ON "member"."customer_key" = "below"."ancestor_key"
  WHERE
    NOT "member"."parent_key" IS NULL
    AND NOT LIST_CONTAINS("below"."path", "member"."parent_key")
)
SELECT
  "ancestor_key",
  "descendant_key",
  "depth"
FROM tree;

-- forget what was read
DROP TABLE IF EXISTS incoming_dim_customer;
