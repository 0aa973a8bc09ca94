-- Paths through a funnel: who came to which step, and how long after the start.
--
-- One row is a user and a step that the user came to, with the minutes from the start to it; step 0 is a user all of whose
-- starts came too late to be observed for the whole time allowed. A row of the log carries in `s` the latest start that
-- leads to it: at each step the running maximum is handed on, so that a user may start again and again, and comes through
-- if any start does. Rows at one moment stand in the order of their steps; two of one step at one moment are one.
-- The lines between the marks are an example: three steps in a week, other events between them allowed. For a strict
-- funnel the place is the rank among all events of the user, so that place less step is the same for steps in a row.
-- reads: u0 t0 e0
WITH steps AS (
    /*steps*/
    SELECT 'visit' AS name, 1 AS k, 63 AS tie
    UNION ALL SELECT 'cart' AS name, 2 AS k, 94 AS tie
    UNION ALL SELECT 'buy' AS name, 3 AS k, 125 AS tie
    /*end*/
),
placed AS (
    SELECT
    /*by*/
    u0, t0, k,
    /*place*/
    tie AS place
    /*end*/
    FROM events LEFT JOIN steps ON steps.name = CAST(events.e0 AS VARCHAR)
    WHERE u0 IS NOT NULL
),
marks AS (
    SELECT
    /*by*/
    u0, t0, k, place
    FROM placed
    WHERE k IS NOT NULL
),
reached_1 AS (
    SELECT u0, t0, k,
    /*rank*/
    t0 * 1024 + place AS r
    /*end*/
    FROM marks
),
/*levels*/
reached_2 AS (
    SELECT u0, t0, k, r, s
    FROM (
        SELECT u0, t0, k, r, max(CASE WHEN k = 1 AND t0 <= 1789000000000000 THEN t0 END)
            OVER (PARTITION BY u0 ORDER BY r ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS s
        FROM reached_1
    ) AS carried
    WHERE k >= 2 AND t0 - s <= 604800000000
),
reached_3 AS (
    SELECT u0, t0, k, r, s
    FROM (
        SELECT u0, t0, k, r, max(CASE WHEN k = 2 THEN s END)
            OVER (PARTITION BY u0 ORDER BY r ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS s
        FROM reached_2
    ) AS carried
    WHERE k >= 3 AND t0 - s <= 604800000000
),
/*end*/
begun AS (
    SELECT
    /*by*/
    u0, min(t0) AS first
    FROM marks
    WHERE k = 1
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
    /*arrivals*/
    UNION ALL
    SELECT u0, 2 AS step, min(t0) - min(s) AS took
    FROM reached_2
    WHERE k = 2
    GROUP BY u0
    UNION ALL
    SELECT u0, 3 AS step, min(t0) - min(s) AS took
    FROM reached_3
    WHERE k = 3
    GROUP BY u0
    /*end*/
)
SELECT
    /*by*/
    arrived.step, CAST(took AS DOUBLE) / 60000000 AS minutes
FROM arrived INNER JOIN users ON arrived.u0 = users.u0
