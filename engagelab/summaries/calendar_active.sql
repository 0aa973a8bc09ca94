-- How many users were active in the trailing windows that end with each period.
--
-- Each word is seen beside those before it (before_1, before_2 ...). Its bits are spread over the window, s2 over two
-- periods, s4 over four, and so on; of the words before, all bits up to the highest one set are shifted in. Two periods
-- are counted in one sum: c0_7 is the number of users whose first window holds period 60 word + 7, plus 2^30 times
-- the number of those whose first window holds period 60 word + 37. The example has windows of one and three periods.
-- reads: user_id word bits
WITH
/*steps*/
step_0 AS (
    SELECT
    /*by*/
    user_id, word, bits
    FROM events
    WHERE word >= 0 AND user_id IS NOT NULL
),
near_1 AS (
    SELECT
    /*by*/
    coalesce(own.user_id, earlier.user_id) AS user_id, coalesce(own.word, earlier.word + 1) AS word,
    coalesce(own.bits, 0) AS s1, coalesce(earlier.bits, 0) AS before_1
    FROM step_0 AS own FULL JOIN (
        SELECT
        /*by*/
        user_id, word, bits FROM step_0 WHERE word <= 1) AS earlier
    ON own.user_id = earlier.user_id AND own.word = earlier.word + 1
),
step_1 AS (
    SELECT
    /*by*/
    word, s1, s1 | ((s1 & 576460752303423487) << 1) AS s2, before_1 | (before_1 >> 1) AS before_1
    FROM near_1
),
/*end*/
reached AS (
    SELECT
    /*by*/
    word,
    /*reached*/
    s1 AS a0, s2 | ((s2 & 576460752303423487) << 1) | (before_1 >> 58) AS a1
    /*end*/
    FROM /*last_step*/ step_1 /*end*/
)
SELECT
    /*by*/
    word,
    /*sums*/
    sum(a0 & 1073741825) AS c0_0, sum((a0 >> 1) & 1073741825) AS c0_1,
    sum(a1 & 1073741825) AS c1_0, sum((a1 >> 1) & 1073741825) AS c1_1
    /*end*/
FROM reached
GROUP BY /*by*/ word
