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

-- first load of dim_customer
CREATE OR REPLACE TABLE "warehouse"."dim_customer" AS
SELECT
  CAST(-1 AS BIGINT) AS "customer_key",
  CAST(NULL AS TEXT) AS "id",
  CAST('Unknown' AS TEXT) AS "name",
  CAST('Unknown' AS TEXT) AS "segment",
  CAST(NULL AS DATE) AS "born",
  CAST('Unknown' AS TEXT) AS "boss_name",
  CAST(NULL AS BIGINT) AS "parent_key",
  CAST('1900-01-01 00:00:00' AS TIMESTAMP) AS "valid_from",
  CAST('9999-12-31 00:00:00' AS TIMESTAMP) AS "valid_to",
  TRUE AS "is_current"
UNION ALL
SELECT
  ROW_NUMBER() OVER (ORDER BY "id" ASC) AS "customer_key",
  "id",
  "name",
  "segment",
  "born",
  "boss_name",
  CAST(NULL AS BIGINT) AS "parent_key",
  CAST('1900-01-01 00:00:00' AS TIMESTAMP) AS "valid_from",
  CAST('9999-12-31 00:00:00' AS TIMESTAMP) AS "valid_to",
  TRUE AS "is_current"
FROM incoming_dim_customer;

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
