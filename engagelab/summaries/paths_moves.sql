-- Moves between events: from which event to which, after how long, and where a path ends.
--
-- One row is an event of a user: `k` is its number, `came` that of the one before on the same path, -1 where a path
-- begins, -2 where the one before came too late, or too early, to be asked where it leads. A path ends with the event that
-- is the goal, or before a long pause; `outcome` is 2 at the goal, 1 at an end, 0 where the path goes on, and 3 where
-- observation stopped within the pause, whatever was still seen: those who go on soon are seen early. A path has no known
-- outcome where one of its events has 3, nor where it begins too late. At one moment events stand in the order of their
-- numbers, of which the goal has the highest. The lines between the marks are an example: to a purchase, with half an hour
-- for a pause, observed from 2026 on. An event that is no state has number 0.
-- reads: u0 t0 e0
WITH states AS (
    /*states*/
    SELECT 'visit' AS name, 1 AS k
    UNION ALL SELECT 'cart' AS name, 2 AS k
    UNION ALL SELECT 'buy' AS name, 3 AS k
    /*end*/
),
visits AS (
    SELECT
    /*by*/
    u0, t0, COALESCE(k, 0) AS k
    FROM events LEFT JOIN states ON states.name = CAST(events.e0 AS VARCHAR)
    WHERE u0 IS NOT NULL
),
beside AS (
    SELECT
    /*by*/
    u0, t0, k,
    row_number() OVER (PARTITION BY /*by*/ u0 ORDER BY t0, k) AS place,
    lag(k) OVER (PARTITION BY /*by*/ u0 ORDER BY t0, k) AS k_before,
    lag(t0) OVER (PARTITION BY /*by*/ u0 ORDER BY t0, k) AS t_before,
    lead(t0) OVER (PARTITION BY /*by*/ u0 ORDER BY t0, k) AS t_after
    FROM visits
),
walked AS (
    SELECT
    /*by*/
    u0, t0, place, k, t_before, t_after,
    /*past*/
    CASE WHEN t_before IS NULL OR k_before = 3 OR t0 - t_before > 1800000000 THEN -1 ELSE k_before END AS past
    /*end*/
    FROM beside
)
SELECT
    /*by*/
    u0, place, k,
    /*moves*/
    CASE WHEN past >= 0 AND (t_before > 1789000000000000 OR t_before < 1767225600000000) THEN -2 ELSE past END AS came,
    CASE WHEN k = 3 AND (past >= 0 OR t0 <= 1789000000000000) THEN 2 WHEN t0 > 1789000000000000 THEN 3
        WHEN t_after - t0 <= 1800000000 THEN 0 ELSE 1 END AS outcome,
    /*end*/
    CASE WHEN past >= 0 THEN CAST(t0 - t_before AS DOUBLE) / 60000000 END AS minutes
FROM walked
/*window*/
WHERE t0 >= 1767225600000000
/*end*/
