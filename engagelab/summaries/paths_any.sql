-- Paths through a funnel whose steps may come in any order: who did how many of them, and how long that took.
--
-- One row is a user and a number of different steps that the user did within the time allowed, with the minutes from the
-- first of them to the last; step 0 is a user all of whose starts came too late to be observed for the whole time. At each
-- moment of a user the steps stand in the order of how lately they were done: the second of them began a path of two.
-- The lines between the marks are an example: three steps in a week.
-- reads: u0 t0 e0
WITH steps AS (
    /*steps*/
    SELECT 'visit' AS name, 1 AS k, 63 AS tie
    UNION ALL SELECT 'cart' AS name, 2 AS k, 94 AS tie
    UNION ALL SELECT 'buy' AS name, 3 AS k, 125 AS tie
    /*end*/
),
kinds AS (
    SELECT k AS kind FROM steps GROUP BY k
),
marks AS (
    SELECT
    /*by*/
    u0, t0, k
    FROM events INNER JOIN steps ON steps.name = CAST(events.e0 AS VARCHAR)
    WHERE u0 IS NOT NULL
),
lately AS (
    SELECT u0, t0, kind,
        max(CASE WHEN k = kind THEN t0 END) OVER (PARTITION BY u0, kind ORDER BY t0
            RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS done,
        max(
        /*start*/
        CASE WHEN t0 <= 1789000000000000 THEN t0 END
        /*end*/
        ) OVER (PARTITION BY u0, kind ORDER BY t0
            RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS s
    FROM marks CROSS JOIN kinds
),
moments AS (
    SELECT u0, t0, kind, done, s
    FROM lately
    WHERE done IS NOT NULL AND s IS NOT NULL
    GROUP BY u0, t0, kind, done, s
),
reached AS (
    SELECT u0, t0, CASE WHEN done < s THEN done ELSE s END AS s,
        row_number() OVER (PARTITION BY u0, t0 ORDER BY done DESC, kind) AS step
    FROM moments
),
begun AS (
    SELECT
    /*by*/
    u0, min(t0) AS first
    FROM marks
    GROUP BY /*by*/ u0
),
ordered AS (
    SELECT
    /*by*/
    u0, first, row_number() OVER (PARTITION BY u0 ORDER BY first, /*order*/ u0 /*end*/) AS place
    FROM begun
),
users AS (
    SELECT
    /*by*/
    u0,
    /*observed*/
    CASE WHEN first <= 1789000000000000 THEN 1 ELSE 0 END AS step
    /*end*/
    FROM ordered
    WHERE place = 1
),
arrived AS (
    SELECT u0, step, CAST(0 AS BIGINT) AS took
    FROM users
    UNION ALL
    SELECT u0, step, min(t0) - min(s) AS took
    FROM reached
    WHERE step >= 2 AND t0 - s <= /*within*/ 604800000000 /*end*/
    GROUP BY u0, step
)
SELECT
    /*by*/
    arrived.step, CAST(took AS DOUBLE) / 60000000 AS minutes
FROM arrived INNER JOIN users ON arrived.u0 = users.u0
