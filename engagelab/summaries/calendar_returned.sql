-- How many users came back at an age: so many periods after their first one.
--
-- `low` is the lowest bit of a user's first word. Moved up by an age it says where in a later word that age lies, so that
-- bits can be cut to those at or after it. A user counts for an age only if that was observed: n_0 counts them, c_0
-- those of them who came back, and n_users all who began. The example asks for the age of one period, observed up to
-- period 118.
-- reads: user_id word bits
WITH firsts AS (
    SELECT
    /*by*/
    user_id, min(word * 60 + CAST(round(log2(bits & (0 - bits))) AS BIGINT)) AS first
    FROM events
    WHERE user_id IS NOT NULL /*first*/ /*end*/
    GROUP BY /*by*/ user_id
),
began AS (
    SELECT
    /*by*/
    user_id, first, (first + 60) // 60 - 1 AS word, CAST(1 AS BIGINT) << ((first + 60) % 60) AS low
    FROM firsts
),
counted AS (
    SELECT
    /*by*/
    count(CASE WHEN first >= 0 THEN 1 END) AS n_users, count(CASE WHEN first < 0 THEN 1 END) AS n_before,
    /*counts*/
    count(CASE WHEN first >= 0 AND first <= 117 THEN 1 END) AS n_0, 0 AS c_0
    /*end*/
    FROM began
    GROUP BY /*by*/ ()
    UNION ALL
    SELECT
    /*began_by*/ /*end*/
    0 AS n_users, 0 AS n_before,
    /*came*/
    0 AS n_0, count(CASE WHEN began.first >= 0 AND began.first <= 117 AND later.word = began.word
        AND later.bits & ((began.low & 576460752303423487) << 1) <> 0 THEN 1 END) AS c_0
    /*end*/
    FROM began JOIN events AS later
    ON began.user_id = later.user_id /*same*/ /*end*/
    WHERE later.word >= began.word /*again*/ /*end*/
    GROUP BY /*began_groups*/ /*end*/ ()
)
SELECT
    /*by*/
    /*sums*/
    sum(n_users) AS n_users, sum(n_before) AS n_before, sum(n_0) AS n_0, sum(c_0) AS c_0
    /*end*/
FROM counted
GROUP BY /*by*/ ()
