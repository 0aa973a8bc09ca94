-- In how many periods of a window each user was active, and how many users there were of each number.
--
-- `held` keeps the bits of the window; they are counted one by one. The example is a window of two periods in word 0.
-- reads: user_id word bits
WITH held AS (
    SELECT
    /*by*/
    user_id,
    /*held*/
    CASE word WHEN 0 THEN bits & 3 ELSE 0 END AS bits
    /*end*/
    FROM events
    WHERE user_id IS NOT NULL
),
users AS (
    SELECT
    /*by*/
    user_id,
    /*days*/
    sum((bits & 1) + ((bits >> 1) & 1)) AS days
    /*end*/
    FROM held
    WHERE bits <> 0
    GROUP BY /*by*/ user_id
)
SELECT
    /*by*/
    CAST(days AS BIGINT) AS days, count(*) AS n
FROM users
GROUP BY /*by*/ days
