-- Counts: of each group and value, how many; with running totals, cut to what is asked for.
--
-- One row is a group and a value. `upto` is the weight of all rows up to this value and `total` that of the group, so a
-- quantile is where upto / total passes it. Without weights every weight is 1. Equal values are one row, so ties
-- cannot be split. Rows without a value come last, so that a group of none but these has its rank, too. The lines
-- between the marks are an example that counts x0 and keeps all; a quantile keeps the values near it.
-- reads: x0
WITH known AS (
    SELECT
    /*by*/
    /*value*/
    x0 AS value,
    1 AS weight
    /*end*/
    FROM events
),
counted AS (
    SELECT
    /*by*/
    value,
    count(*) AS n,
    sum(weight) AS weight,
    sum(weight * weight) AS weight2
    FROM known
    GROUP BY /*by*/ value
),
running AS (
    SELECT
    /*by*/
    value, n, weight,
    sum(n) OVER (PARTITION BY /*by*/ 1) AS n_known,
    sum(weight) OVER (PARTITION BY /*by*/ 1 ORDER BY value) AS upto,
    sum(weight) OVER (PARTITION BY /*by*/ 1) AS total,
    sum(weight2) OVER (PARTITION BY /*by*/ 1) AS total2
    FROM counted
    WHERE value IS NOT NULL
)
SELECT
    /*by*/
    value, n, weight, n_known, upto, total, total2
FROM running
WHERE
    /*keep*/
    1 = 1
    /*end*/
UNION ALL
SELECT
    /*by*/
    value, n, weight, 0 AS n_known, 0 AS upto, 0 AS total, 0 AS total2
FROM counted
WHERE value IS NULL
