-- What each period's value is made of: new, from users who stayed (more, or less), from users who came back; and lost.
--
-- A row of the table is a user and a period. `before` is the value of a user's last period before, and `again` the
-- next one. What a user paid who does not come in the next period is lost in that one.
-- reads: user_id word bits value
WITH placed AS (
    SELECT
    /*by*/
    user_id, word * 60 + CAST(round(log2(bits)) AS BIGINT) AS place, coalesce(value, 0) AS value
    FROM events
    WHERE user_id IS NOT NULL
),
seen AS (
    SELECT
    /*by*/
    place, value,
    lag(place) OVER (PARTITION BY /*by*/ user_id ORDER BY place) AS earlier,
    lag(value) OVER (PARTITION BY /*by*/ user_id ORDER BY place) AS before,
    lead(place) OVER (PARTITION BY /*by*/ user_id ORDER BY place) AS again
    FROM placed
),
moved AS (
    SELECT
    /*by*/
    place, value AS total,
    CASE WHEN earlier IS NULL THEN value ELSE 0 END AS fresh,
    CASE WHEN earlier < place - 1 THEN value ELSE 0 END AS resurrected,
    CASE WHEN earlier = place - 1 AND value > before THEN value - before ELSE 0 END AS expansion,
    CASE WHEN earlier = place - 1 AND value < before THEN before - value ELSE 0 END AS contraction,
    0 AS churned
    FROM seen
    UNION ALL
    SELECT
    /*by*/
    place + 1 AS place, 0 AS total, 0 AS fresh, 0 AS resurrected, 0 AS expansion, 0 AS contraction, value AS churned
    FROM seen
    WHERE again IS NULL OR again > place + 1
)
SELECT
    /*by*/
    place, sum(total) AS total, sum(fresh) AS fresh, sum(resurrected) AS resurrected, sum(expansion) AS expansion,
    sum(contraction) AS contraction, sum(churned) AS churned
FROM moved
GROUP BY /*by*/ place
