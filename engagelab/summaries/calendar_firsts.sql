-- How many users began in each period; -1 is before the first one.
-- reads: user_id word bits
WITH users AS (
    SELECT
    /*by*/
    user_id, min(word * 60 + CAST(round(log2(bits & (0 - bits))) AS BIGINT)) AS first
    FROM events
    WHERE user_id IS NOT NULL
    GROUP BY /*by*/ user_id
)
SELECT
    /*by*/
    first, count(*) AS n
FROM users
GROUP BY /*by*/ first
