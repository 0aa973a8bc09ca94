-- How many users of each cohort, those whose first period is the same, were active in each period.
--
-- The first period is found from the lowest bit set; users who were there before the first period are in no cohort.
-- Two periods are counted in one sum: bits_7 is the number of users active in period 60 word + 7, plus 2^30 times
-- that of period 60 word + 37.
-- reads: user_id word bits
WITH began AS (
    SELECT
    /*by*/
    user_id, min(word * 60 + CAST(round(log2(bits & (0 - bits))) AS BIGINT)) AS first
    FROM events
    WHERE user_id IS NOT NULL
    GROUP BY /*by*/ user_id
),
joined AS (
    SELECT
    /*began_by*/ /*end*/
    began.first, events.word, events.bits
    FROM began JOIN events
    ON began.user_id = events.user_id /*same*/ /*end*/
    WHERE began.first >= 0 AND events.word >= 0
)
SELECT
    /*by*/
    first, word,
    /*sums*/
    sum(bits & 1073741825) AS bits_0, sum((bits >> 1) & 1073741825) AS bits_1
    /*end*/
FROM joined
GROUP BY /*by*/ first, word
