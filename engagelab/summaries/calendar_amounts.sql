-- What each cohort was worth in each period: the sum over its users, and their variance.
--
-- `periods` says which period adds to which; the example adds nothing up, so each adds to itself. Added up over time, a
-- period adds to all later ones.
-- reads: user_id word bits value
WITH placed AS (
    SELECT
    /*by*/
    user_id, word * 60 + CAST(round(log2(bits)) AS BIGINT) AS place, coalesce(value, 0) AS value
    FROM events
    WHERE user_id IS NOT NULL
),
began AS (
    SELECT
    /*by*/
    user_id, place, value, min(place) OVER (PARTITION BY /*by*/ user_id) AS first
    FROM placed
),
periods AS (
    SELECT place FROM (VALUES
    /*places*/
    (0), (1), (2)
    /*end*/
    ) AS listed (place)
),
users AS (
    SELECT
    /*by*/
    began.first, periods.place, began.user_id, sum(began.value) AS value
    FROM began JOIN periods ON /*reach*/ periods.place = began.place /*end*/
    WHERE began.first >= 0
    GROUP BY /*by*/ began.first, periods.place, began.user_id
)
SELECT
    /*by*/
    first, place, count(*) AS n, sum(value) AS value, var_pop(value) AS spread
FROM users
GROUP BY /*by*/ first, place
