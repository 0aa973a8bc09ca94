-- Moves between events: from which event to which, after how long, and where a path ends.
--
-- One row is an event of a user: `k` is its number, `came` that of the one before on the same path, -1 where a path
-- begins. A path ends with the event that is the goal, or before a long pause; `outcome` is 2 at the goal, 1 at an end, 3
-- where the observation stopped too early to tell, and 0 where the path goes on. At one moment events stand in the order
-- of their numbers, of which the goal has the highest. The lines between the marks are an example: to a purchase, with
-- half an hour for a pause. An event that is no state has number 0.
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
moves AS (
    SELECT
    /*by*/
    u0, place, k, t0 - t_before AS took,
    /*moves*/
    CASE WHEN t_before IS NULL OR k_before = 3 OR t0 - t_before > 1800000000 THEN -1 ELSE k_before END AS came,
    CASE WHEN k = 3 THEN 2 WHEN t_after - t0 <= 1800000000 THEN 0
        WHEN t0 <= 1789000000000000 THEN 1 ELSE 3 END AS outcome
    /*end*/
    FROM beside
)
SELECT
    /*by*/
    u0, place, came, k, outcome,
    CASE WHEN came >= 0 THEN CAST(took AS DOUBLE) / 60000000 END AS minutes
FROM moves
